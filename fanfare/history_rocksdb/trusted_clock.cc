#include "fanfare/history_rocksdb/trusted_clock.h"

#include <utility>

namespace fanfare {

TrustedClock::TrustedClock(UnixClock unix_ms, std::function<std::uint64_t()> steady_ms)
    : unix_ms_(std::move(unix_ms)),
      steady_ms_(std::move(steady_ms)),
      agreed_unix_ms_(unix_ms_()),
      agreed_steady_ms_(steady_ms_()) {}

std::uint64_t TrustedClock::unix_ms() {
  std::lock_guard lock(mutex_);
  const std::uint64_t told = unix_ms_();
  const std::uint64_t steady = steady_ms_();
  const std::uint64_t expected = agreed_unix_ms_ + (steady - agreed_steady_ms_);
  if (told > expected + kJumpMs) {
    if (ahead_since_steady_ms_ == 0) ahead_since_steady_ms_ = steady;
    if (steady - ahead_since_steady_ms_ < kBelievedAfterMs) return expected;
  }
  ahead_since_steady_ms_ = 0;
  agreed_unix_ms_ = told;
  agreed_steady_ms_ = steady;
  return told;
}

}  // namespace fanfare
