#include "fanfare/coding/primed_encoder.h"

#include "fanfare/base/check.h"
#include "fanfare/coding/compressor.h"

namespace fanfare {

void RecentPlain::append(std::string_view plain) {
  if (bytes_.capacity() < kBytesMax) bytes_.reserve(kBytesMax);  // once: it never grows beyond
  if (plain.size() >= kBytesMax) {
    bytes_ = plain.substr(plain.size() - kBytesMax);
    return;
  }
  const std::size_t room = kBytesMax - plain.size();
  if (bytes_.size() > room) bytes_.erase(0, bytes_.size() - room);
  bytes_.append(plain);
}

void RecentPlain::forget() {
  bytes_.clear();
}

std::size_t RecentPlain::memory_bytes() const {
  return bytes_.capacity() < kBytesMax ? 0 : bytes_.capacity() + 1;
}

PrimedEncoder::PrimedEncoder() : compressor_(make_deflate_compressor(Effort::kGroup)) {}

PrimedEncoder::~PrimedEncoder() = default;

void PrimedEncoder::encode(const RecentPlain& recent, std::string_view plain, std::string& out) {
  FANFARE_CHECK(!plain.empty());
  if (!recent.view().empty()) compressor_->prime(recent.view());
  compressor_->compress(plain, PieceEnd::kResetPoint, out);
}

std::size_t PrimedEncoder::memory_bytes() const {
  return sizeof(*this) + compressor_->memory_bytes();
}

}  // namespace fanfare
