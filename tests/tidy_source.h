// Reads C++ as far as the house rules need it: which lines are code, what a file includes, where functions begin and
// end. It is no parser: it knows comments, literals, preprocessor lines and brackets, and takes a braced block after a
// parameter list for a function. Where that cannot work it says so (balanced) instead of guessing.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::tidy {

struct Include {
  std::size_t line;  // counted from 1
  std::string name;  // without its quotes or brackets
  bool quoted;       // "name", not <name>
};

struct Function {
  std::size_t first_line;  // of its head, counted from 1
  std::size_t last_line;   // of its closing brace
  std::string head;        // on one line, for messages
};

struct Functions {
  std::vector<Function> functions;  // outermost ones; a lambda or a local class counts with what it stands in
  bool balanced = true;             // every bracket has its partner
};

std::vector<std::string> split_lines(std::string_view text);

// The text with the same lines, but comments, the insides of literals and preprocessor lines blanked.
std::string code_only(std::string_view text);

std::vector<Include> find_includes(std::string_view text);

Functions find_functions(std::string_view text);

}  // namespace fanfare::tidy
