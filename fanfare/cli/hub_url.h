// The URLs that commands take and show. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::cli {

inline constexpr std::string_view kDefaultHub = "http://127.0.0.1:8080/.well-known/mercure";

// Whether the text begins with http:// or https:// (in any case): a URL rather than a topic.
bool is_http_url(std::string_view text);

// The hub's whole URL from what a user writes: "localhost:8080" and "http://localhost:8080/" get the scheme and the
// path /.well-known/mercure that they lack. Fails for another scheme, spaces and control characters.
Result<std::string> hub_url(std::string_view text);

// The URL that subscribes to these topic selectors.
std::string subscribe_url(std::string_view hub, std::span<const std::string> topics);

// The URL without what may be secret or long: user name, password, query and fragment.
std::string shown_url(std::string_view url);

}  // namespace fanfare::cli
