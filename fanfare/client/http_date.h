// The dates of HTTP header fields (RFC 9110 section 5.6.7). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fanfare::client {

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994" as ms since 1970;
// nothing for anything else and for dates before 1970. The day of the week is not compared with the date. Two digits
// of a year mean the one of that ending that is at most 50 years after now_unix_ms.
std::optional<std::uint64_t> parse_http_date_ms(std::string_view text, std::uint64_t now_unix_ms);

}  // namespace fanfare::client
