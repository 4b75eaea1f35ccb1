// UTF-8 checks for what peers send as topics, ids and types. Pure; any thread.
#pragma once

#include <string_view>

namespace fanfare {

bool is_valid_utf8(std::string_view bytes);

}  // namespace fanfare
