// The syntax of a Caddyfile's lines, as the reference hub's directives are written: words, quotes, blocks, comments.
// What it is not: it knows no directive; reference_hub.h does. https://caddyserver.com/docs/caddyfile/concepts
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare::cli {

struct Directive {
  std::size_t line = 0;            // from 1, where it begins
  std::vector<std::string> words;  // its name and its arguments, without quotes
  bool has_block = false;          // { … }, which is skipped
};

// A directive is a line, or, where the text has none of these, what stands between "\n" written with a backslash. Fails
// for a quote or a block that is not closed.
Result<std::vector<Directive>> parse_directives(std::string_view text);

}  // namespace fanfare::cli
