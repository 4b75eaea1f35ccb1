#include "fanfare/base/allowance.h"

#include <algorithm>

namespace fanfare {

bool Allowance::take(std::size_t count, std::size_t per_s, std::size_t burst_s, std::uint64_t now_ms) {
  if (per_s == 0) return true;
  const std::uint64_t full = std::uint64_t{per_s} * burst_s * 1'000;
  spent_ -= std::min(spent_, (now_ms - filled_ms_) * per_s);
  filled_ms_ = now_ms;
  spent_ += std::uint64_t{count} * 1'000;
  return spent_ <= full;
}

}  // namespace fanfare
