// An update as one line of JSON: what `fanfare log dump` prints, and what `fanfare publish --json-lines` and the hub
// read of publishers (application/x-ndjson, one update per line).
//
//   {"id":…,"time":…,"topics":[…],"type":…,"retry":…,"private":true,"data":…}
//
// What is not set is left out. Instead of "topics":["a"] a publisher may write "topic":"a".
// What it is not: it knows neither limits nor what a hub allows. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/history/update.h"

namespace fanfare {

// With its line feed. Fails if the update holds bytes that are not UTF-8, which JSON cannot say.
Result<std::string> update_line(const LoggedUpdate& logged);

// What members with other names are: errors, as they may be misspelt ones, or of no interest.
enum class OtherMembers { kRefused, kIgnored };

// line: without its line feed. A topic must be there; what else is missing is empty. The time is not looked at: a log
// has its own. No member may stand twice. Nested values pass down to 1,024 deep, and numbers up to 64 bits. Linear in
// the line.
Result<Update> read_update_line(std::string_view line, OtherMembers others);

}  // namespace fanfare
