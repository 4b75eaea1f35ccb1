// Time of day, as an argument: what needs it takes a UnixClock, so that tests can turn it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace fanfare {

// Milliseconds since 1970 (Unix time). May be called on any thread.
using UnixClock = std::function<std::uint64_t()>;

inline std::uint64_t system_unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

// Milliseconds that only ever run on, from some beginning.
inline std::uint64_t steady_clock_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace fanfare
