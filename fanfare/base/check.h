// Assertions that stay in release builds: for what only a bug can cause. A failed one prints the place and aborts.
// Stateless; any thread.
#pragma once

namespace fanfare {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace fanfare

#define FANFARE_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::fanfare::check_failed(#condition, __FILE__, __LINE__))
