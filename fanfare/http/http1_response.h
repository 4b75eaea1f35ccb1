// What the session writes: the status line and header section of responses (RFC 9112 sections 4 to 6), always of
// HTTP/1.1. It reads no clock: a Date comes among the given headers, or not at all.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "fanfare/http/message.h"

namespace fanfare::http {

// The Connection field of a response, beside "Upgrade" where it has an Upgrade field (RFC 9110 section 7.8).
enum class ConnectionOption : std::uint8_t {
  kNone,       // HTTP/1.1 stays open by itself
  kKeepAlive,  // said to HTTP/1.0 clients that asked for it
  kClose,
};

// The fields that say how the message ends.
struct ResponseFraming {
  ConnectionOption connection = ConnectionOption::kNone;
  std::optional<std::size_t> content_length;
  bool chunked = false;
};

// Appends the head, its empty line too. The given fields must not be those that the framing writes, and no name or
// value may forge a line: both are checked, for only a bug would let a peer's bytes come so far.
void append_response_head(std::string& out, int status, const Headers& headers, const ResponseFraming& framing);

// Whether a response of this status has a body, when the request was not HEAD (RFC 9110 section 6.4.1).
bool allows_body(int status);

}  // namespace fanfare::http
