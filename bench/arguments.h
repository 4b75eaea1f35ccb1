// The arguments of a benchmark that is a program of its own: --name VALUE, each with a default. And the number of files
// that it may open. One thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace fanfare::bench {

struct Argument {
  std::string_view name;                           // "--updates"
  std::string_view placeholder;                    // "N", for the usage
  std::variant<std::size_t*, std::string*> value;  // a number above 0, or a path, which is made absolute
};

// False, with the usage on standard error, if an argument is wrong.
bool read_arguments(std::string_view program, std::span<const Argument> known, int count, char** arguments);

// As many as this process may have: the number.
std::size_t raise_file_limit();

}  // namespace fanfare::bench
