#include "fanfare/client/retry_delay.h"

#include <algorithm>
#include <limits>

namespace fanfare::client {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::uint64_t doubled(std::uint64_t value, std::uint64_t times) {
  for (; times > 0 && value < kMost; --times) value = value > kMost / 2 ? kMost : value * 2;
  return value;
}

}  // namespace

std::uint64_t SeededRandom::next() {
  std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
  return mixed ^ mixed >> 31;
}

std::uint64_t SeededRandom::up_to(std::uint64_t max) {
  if (max == kMost) return next();
  // What is beyond the last whole multiple of the range would make small numbers more frequent.
  const std::uint64_t range = max + 1;
  const std::uint64_t beyond = (kMost % range + 1) % range;
  std::uint64_t bits = next();
  while (bits > kMost - beyond) bits = next();
  return bits % range;
}

std::uint64_t RetryDelay::longest_ms(std::uint64_t reconnection_time_ms, std::uint64_t failures_before) const {
  const std::uint64_t longest = policy_.growth == Growth::kNone
                                    ? reconnection_time_ms
                                    : doubled(std::max<std::uint64_t>(reconnection_time_ms, 1), failures_before);
  return policy_.delay_ms_max == 0 ? longest : std::min(longest, policy_.delay_ms_max);
}

std::uint64_t RetryDelay::choose_ms(std::uint64_t reconnection_time_ms, std::uint64_t failures_before) {
  const std::uint64_t longest = longest_ms(reconnection_time_ms, failures_before);
  return policy_.jitter == Jitter::kFull ? random_.up_to(longest) : longest;
}

}  // namespace fanfare::client
