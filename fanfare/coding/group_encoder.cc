#include "fanfare/coding/group_encoder.h"

#include "fanfare/base/check.h"
#include "fanfare/coding/compressor.h"

namespace fanfare {

GroupEncoder::GroupEncoder(Coding coding) : coding_(coding), compressor_(make_compressor(coding, Effort::kGroup)) {}

GroupEncoder::~GroupEncoder() = default;

void GroupEncoder::encode(std::string_view plain, PieceEnd end, std::string& out) {
  FANFARE_CHECK(!plain.empty());
  compressor_->compress(plain, end, out);
  since_reset_ = end == PieceEnd::kResetPoint ? 0 : since_reset_ + plain.size();
}

void GroupEncoder::reset(std::string& out) {
  out.append(group_exit(frame()));
  compressor_->reset();
  since_reset_ = 0;
}

ZstdFrame GroupEncoder::frame() const {
  return coding_ == Coding::kZstd && since_reset_ > 0 ? ZstdFrame::kOpen : ZstdFrame::kClosed;
}

std::size_t GroupEncoder::memory_bytes() const {
  return sizeof(*this) + compressor_->memory_bytes();
}

}  // namespace fanfare
