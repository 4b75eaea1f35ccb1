// The opening handshake, judged: may this request have its WebSocket (RFC 6455 section 4.2 for HTTP/1.1, RFC 8441
// section 5 for HTTP/2), and what is the answer. No I/O.
// What it does not look at: Origin (the server checks it before it asks here: browsers let every page open a
// WebSocket), tokens, the path, and Sec-WebSocket-Protocol, whose offers are ignored because none is spoken. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/http/message.h"
#include "fanfare/http/syntax.h"
#include "fanfare/websocket/deflate_offer.h"

namespace fanfare::websocket {

// Whether a client that offers compression gets it.
enum class Compression : std::uint8_t { kDeclined, kAccepted };

struct Handshake {
  // 101 with Upgrade, Sec-WebSocket-Accept and Sec-WebSocket-Extensions; over HTTP/2 200 with the last one alone.
  // Connection: Upgrade, which belongs to a 101, is the HTTP session's to write, as that field always is.
  http::ResponseHead response;
  std::optional<DeflateTerms> deflate;  // for the Session; nothing: messages are not compressed
};

// Whether the request is meant as a handshake, right or wrong: its Upgrade lists websocket, or it is an extended
// CONNECT.
bool asks_for_websocket(const http::RequestHead& request);

std::expected<Handshake, http::Refusal> judge_handshake(const http::RequestHead& request,
                                                        Compression compression = Compression::kAccepted);

// The response that refuses: a problem whose detail is the reason; with 426 also the version and the protocol that
// would be right, with 405 the method.
http::Response refusal_response(const http::Refusal& refusal);

// The proof that the server has understood: base64 of the SHA-1 of the client's key and a fixed GUID.
std::string accept_of(std::string_view key);

}  // namespace fanfare::websocket
