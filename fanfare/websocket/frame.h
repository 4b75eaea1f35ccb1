// The head of a frame (RFC 6455 section 5.2), read as clients must send it and written as servers do. Private to this
// room and its tests.
//
//      1 byte      1 byte        0, 2 or 8 bytes            4 bytes     length bytes
//   | F 1 2 3 op | M length7 | length, if length7 is      | mask, if | payload, each byte XOR
//   |            |           | 126 or 127; most           | M: from  | mask[i % 4]
//   |            |           | significant byte first     | clients  |
//
// F: last of its message; 1: RSV1, compressed (RFC 7692 section 6); 2, 3: reserved. The shortest form of a length is
// the only one that is right. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/websocket/close_code.h"

namespace fanfare::websocket {

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

constexpr bool is_control(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 0x8;
}

inline constexpr std::uint8_t kFinal = 0x80;
inline constexpr std::uint8_t kCompressed = 0x40;
inline constexpr std::size_t kControlPayloadMax = 125;
inline constexpr std::size_t kClientHeadBytesMax = 14;
inline constexpr std::size_t kServerHeadBytesMax = 10;

using Mask = std::array<char, 4>;

struct FrameHead {
  Opcode opcode = Opcode::kContinuation;
  bool is_final = false;
  bool is_compressed = false;
  std::size_t bytes = 0;  // of the head itself
  std::uint64_t length = 0;
  Mask mask = {};
};

// What ends a connection. The reason is a literal that fits into a Close frame.
struct Violation {
  CloseCode code;
  std::string_view reason;
};

// What of a frame is right depends on the frames before it.
struct FrameContext {
  bool is_in_message;  // fragments have come, the last one has not
  bool may_compress;   // permessage-deflate is agreed
};

// Reads a client's frame head from the left. Nothing: bytes are missing. Of these first bytes, what cannot be right is
// refused with the first byte that shows it, however many have come.
std::expected<std::optional<FrameHead>, Violation> parse_frame_head(std::string_view bytes, FrameContext context);

// Appends the head of a server's frame, which has no mask. bits: kFinal, kCompressed.
void append_frame_head(std::string& out, Opcode opcode, std::uint8_t bits, std::size_t length);

// Writes bytes XOR mask to `out`, which has room for as many. at: where in the payload they begin.
void unmask(std::string_view bytes, Mask mask, std::uint64_t at, char* out);

}  // namespace fanfare::websocket
