// The house rules that a machine can check, each a function from one file to what is wrong with it. The tables that
// they go by (which room may include which, where heavy headers may stand) are in tidy_rules.cc: the map of the house.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fanfare::tidy {

inline constexpr std::size_t kFileLinesMax = 600;
inline constexpr std::size_t kFunctionLinesMax = 70;
inline constexpr std::size_t kOpeningCommentLinesMax = 15;

struct SourceFile {
  std::string path;  // from the top of the repository: "fanfare/hub/hub.cc"
  std::string text;
};

// Each returns one message a person can act on per fault, "path:line: what is wrong".
using Faults = std::vector<std::string>;

// A room includes only rooms below it; production code includes no fakes.
Faults check_rooms(const SourceFile& file);
// A room without I/O includes no socket, clock, thread or log.
Faults check_purity(const SourceFile& file);
// Headers that cost seconds stand in .cc files only.
Faults check_heavy_headers(const SourceFile& file);
// File and function lengths.
Faults check_lengths(const SourceFile& file);
// A header opens with a comment, and an opening comment is short.
Faults check_opening(const SourceFile& file);
// Nothing is left to be done.
Faults check_leftovers(const SourceFile& file);

// A room's CMakeLists.txt links only rooms that it may include.
Faults check_cmake_rooms(const SourceFile& cmake_lists);

// All of the above that concern C++ files.
Faults check_source(const SourceFile& file);

}  // namespace fanfare::tidy
