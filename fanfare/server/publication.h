// What the body of a publish request says: one update as a form (draft-dunglas-mercure-07 section 5), or a batch as
// lines of JSON (application/x-ndjson, an addition of ours); and the rules that every update keeps.
// What it is not: it knows no tokens. Pure; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/history/update.h"

namespace fanfare {

// The status of the answer, and a sentence that says what was wrong and what would be right.
struct Rejection {
  int status;
  std::string reason;
};

// Fields that are not an update's are ignored; of one that stands twice, the first counts.
std::expected<Update, Rejection> read_form(std::string_view form, const Limits& limits);

// One or more updates, each a line (history/update_line.h; members that are not an update's are ignored). The last line
// may end with a line feed; an empty one is refused. The reason names the first line that is none: "line 3: …".
std::expected<std::vector<Update>, Rejection> read_lines(std::string_view body, const Limits& limits);

// Whether a hub may take it: sizes, characters, ids that mean something else, topics that are the hub's own.
std::expected<void, Rejection> check_update(const Update& update, const Limits& limits);

// The reason with the line that it is of, counted from 1.
Rejection in_line(std::size_t line, Rejection rejection);

}  // namespace fanfare
