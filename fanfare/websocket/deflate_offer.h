// Compression as clients offer it, and what of it is accepted (permessage-deflate, RFC 7692 section 7.1; the syntax of
// Sec-WebSocket-Extensions: RFC 6455 section 9.1). No other extension is spoken here.
// What is agreed is always that no message refers to another: the server's are compressed once for all who want them,
// and to inflate the client's needs no memory between them.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "fanfare/http/message.h"
#include "fanfare/http/syntax.h"

namespace fanfare::websocket {

inline constexpr std::uint8_t kWindowBitsMax = 15;

// The terms on which an offer is accepted.
struct DeflateTerms {
  // The client has bounded the server's window, by 15 bits, and has to be told that this is kept.
  bool names_server_window = false;
  // The client's messages refer back by at most 2 to the power of so many bytes, 8 to 15.
  std::uint8_t client_window_bits = kWindowBitsMax;

  bool operator==(const DeflateTerms&) const = default;
};

// The first offer in the request's fields whose terms can be kept; nothing if there is none. An offer is passed over if
// it bounds the server's window by less than 15 bits (messages are made once, for everybody's window), or has
// parameters that RFC 7692 does not know, gives twice, or with another value. Fields that break the syntax fail the
// handshake, as RFC 6455 wants it: 400.
std::expected<std::optional<DeflateTerms>, http::Refusal> choose_deflate(const http::Headers& request);

// The value of Sec-WebSocket-Extensions that accepts.
std::string acceptance_of(const DeflateTerms& terms);

}  // namespace fanfare::websocket
