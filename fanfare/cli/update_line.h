// An update as one line of JSON: what `fanfare log dump` prints and `fanfare publish --json-lines` reads.
//
//   {"id":…,"time":…,"topics":[…],"type":…,"retry":…,"private":true,"data":…}
//
// What is not set is left out. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/cli/publish_form.h"
#include "fanfare/history/update.h"

namespace fanfare::cli {

// With its line feed. Fails if the update holds bytes that are not UTF-8, which JSON cannot say.
Result<std::string> update_line(const LoggedUpdate& logged);

struct LinedUpdate {
  UpdateFields fields;
  std::string data;
};

// line: without its line feed. topics and data must be there; time is not looked at: the hub has its own; any other
// name is an error, as it may be a misspelt one.
Result<LinedUpdate> read_update_line(std::string_view line);

}  // namespace fanfare::cli
