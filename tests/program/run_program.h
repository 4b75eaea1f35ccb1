// The program run to its end, as from a shell, and what it said. For tests; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/live/child_process.h"

namespace fanfare::live {

using Words = std::vector<std::string>;

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

struct Ran {
  std::optional<int> code;
  std::string out;
  std::string err;
};

inline Ran finish(ChildProcess& child) {
  const auto code = child.wait();
  return {code, child.out(), child.err()};
}

inline Ran run(Words arguments, const Words& environment = {}) {
  arguments.insert(arguments.begin(), kProgram);
  ChildProcess child({.command = std::move(arguments), .environment = environment});
  return finish(child);
}

}  // namespace fanfare::live
