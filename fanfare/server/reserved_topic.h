// Topics that are the hub's own: those that, as references to a URL (WHATWG URL section 4.4), lead from the hub's URL
// to its path or to what is below it, on any host. There stand the hub's own updates about subscriptions. What it is
// not: a URL parser. It finds the path of a reference and nothing else. Pure; any thread.
#pragma once

#include <string_view>

namespace fanfare {

// topic: without control characters.
bool is_reserved_topic(std::string_view topic);

}  // namespace fanfare
