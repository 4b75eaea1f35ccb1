// Why a WebSocket ends: the codes of RFC 6455 section 7.4, and those that IANA has registered since.
// Values; any thread.
#pragma once

#include <cstdint>

namespace fanfare::websocket {

// Those of 3000 to 4999, which belong to applications, are sent and received as well.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kNone = 1005,  // the peer has given no code; never on the wire
  kInvalidData = 1007,
  kPolicyViolation = 1008,
  kTooBig = 1009,
  kExtensionMissing = 1010,
  kInternalError = 1011,
  kServiceRestart = 1012,
  kTryAgainLater = 1013,
  kBadGateway = 1014,
};

// Whether the code may stand in a Close frame.
constexpr bool is_on_the_wire(CloseCode close) {
  const auto code = static_cast<std::uint16_t>(close);
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace fanfare::websocket
