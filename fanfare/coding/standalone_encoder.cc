#include "fanfare/coding/standalone_encoder.h"

#include "fanfare/base/check.h"
#include "fanfare/coding/compressor.h"

namespace fanfare {

StandaloneEncoder::StandaloneEncoder(Coding coding) : compressor_(make_compressor(coding, Effort::kStandalone)) {}

StandaloneEncoder::~StandaloneEncoder() = default;

void StandaloneEncoder::encode(std::string_view plain, std::string& out) {
  FANFARE_CHECK(!plain.empty());
  compressor_->compress(plain, PieceEnd::kResetPoint, out);
}

std::size_t StandaloneEncoder::memory_bytes() const {
  return sizeof(*this) + compressor_->memory_bytes();
}

}  // namespace fanfare
