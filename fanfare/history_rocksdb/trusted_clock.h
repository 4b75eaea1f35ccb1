// The time of day as far as it can be trusted: what stamps updates and decides which are too old. A clock that jumps
// forward is not believed until it has stood by it, so that a moment's error does not empty the log; one that goes back
// is believed at once, for that only keeps more.
// Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "fanfare/base/clock.h"

namespace fanfare {

class TrustedClock {
 public:
  // A jump is more than this beyond the time that has passed; it is believed after so long.
  static constexpr std::uint64_t kJumpMs = 60'000;
  static constexpr std::uint64_t kBelievedAfterMs = 10 * 60'000;

  // steady_ms: a clock that only ever runs on. Both are called on whatever thread asks.
  TrustedClock(UnixClock unix_ms, std::function<std::uint64_t()> steady_ms);

  std::uint64_t unix_ms();

 private:
  const UnixClock unix_ms_;
  const std::function<std::uint64_t()> steady_ms_;
  std::mutex mutex_;
  // When the clocks were last compared and found to agree.
  std::uint64_t agreed_unix_ms_;
  std::uint64_t agreed_steady_ms_;
  std::uint64_t ahead_since_steady_ms_ = 0;  // 0: the clocks agree
};

}  // namespace fanfare
