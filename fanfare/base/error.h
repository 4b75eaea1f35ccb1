// Errors as values. What a peer or a user can cause is a Result; what only a bug can cause is FANFARE_CHECK (check.h).
// Stateless; any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace fanfare {

// What callers decide by; most errors only have a message.
enum class ErrorKind {
  kOther,
  kOverloaded,  // later it may work
  kNoSpace,     // a disk is full
};

// One sentence that says what was wrong and, where it helps, what would be right. Shown to people as it is.
struct Error {
  std::string message;
  ErrorKind kind = ErrorKind::kOther;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message, ErrorKind kind = ErrorKind::kOther) {
  return std::unexpected(Error{std::move(message), kind});
}

}  // namespace fanfare
