// Text as a JSON string that is also safe to show on a terminal. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace fanfare {

// Appends UTF-8 in quotes. Control characters, DEL and C1 included, are escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace fanfare
