// The head of a response as an event source judges it. Borrowed text; pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fanfare::client {

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// Of the final response: redirects have been followed, 1xx are none. Valid as long as its driver says.
struct ResponseHead {
  int status = 0;
  std::span<const HeaderField> fields;
  std::string_view origin;  // ASCII serialisation of the final URL's ("https://example.com:8443")

  // The time of day at which it came, in ms since 1970: a Retry-After that is a date is counted from the response's
  // Date or, without one, from here.
  std::uint64_t unix_ms = 0;

  // How the body begins if the status is not 200 and the driver has read some of it, for judge_response: what is wrong
  // often stands there.
  std::string_view body_start;

  // The first field of this name, in any case, without the spaces around its value.
  std::optional<std::string_view> field(std::string_view name) const;
};

// Whether Content-Type says text/event-stream, in any case and with any parameters: the last value that is a MIME type
// counts (WHATWG Fetch, "extract a MIME type").
bool is_event_stream(const ResponseHead& head);

// How long Retry-After asks to wait: "120" seconds, or a date of any of HTTP's three forms (RFC 9110 sections 10.2.3
// and 5.6.7); 0 if that is over. Nothing if there is none, or it is neither.
std::optional<std::uint64_t> retry_after_ms(const ResponseHead& head);

}  // namespace fanfare::client
