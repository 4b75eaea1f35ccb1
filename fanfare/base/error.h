// Errors as values. What a peer or a user can cause is a Result; what only a bug can cause is FANFARE_CHECK (check.h).
// Stateless; any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace fanfare {

// One sentence that says what was wrong and, where it helps, what would be right. Shown to people as it is.
struct Error {
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

}  // namespace fanfare
