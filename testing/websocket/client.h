// The client's side of WebSocket as bytes, for tests and fuzzers: frames that are masked, well formed or not, and what
// a server's frames hold. It shares no code with the room that it tests (RFC 6455 section 5.2, RFC 7692 section 7.2).
// Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fanfare::websocket_testing {

// The first byte of a frame is a sum of these.
inline constexpr unsigned kFin = 0x80;
inline constexpr unsigned kRsv1 = 0x40;
inline constexpr unsigned kRsv2 = 0x20;
inline constexpr unsigned kRsv3 = 0x10;
inline constexpr unsigned kContinuation = 0x0;
inline constexpr unsigned kText = 0x1;
inline constexpr unsigned kBinary = 0x2;
inline constexpr unsigned kClose = 0x8;
inline constexpr unsigned kPing = 0x9;
inline constexpr unsigned kPong = 0xa;

using Mask = std::array<unsigned char, 4>;
inline constexpr Mask kMask = {0x37, 0xfa, 0x21, 0x3d};

// How the length is written: the shortest way, or in so many bytes after the second one.
enum class LengthForm : std::uint8_t { kShortest, kTwoBytes, kEightBytes };

// A masked frame.
std::string client_frame(unsigned first_byte, std::string_view payload, Mask mask = kMask,
                         LengthForm form = LengthForm::kShortest);
// The head alone of a frame that announces so many bytes.
std::string client_frame_head(unsigned first_byte, std::uint64_t length, Mask mask = kMask,
                              LengthForm form = LengthForm::kShortest);

// The payload of a Close frame.
std::string close_payload(unsigned code, std::string_view reason = {});

// The payload of a compressed message (RSV1), without context, and the text of one; nothing if it is no deflate.
std::string deflated(std::string_view text, int window_bits = 15);
std::optional<std::string> inflated(std::string_view payload);

struct ServerFrame {
  unsigned first_byte;
  std::string payload;

  bool operator==(const ServerFrame&) const = default;
};

// Cuts the next frame off; nothing if it is not complete. Asserts that it has no mask and the shortest length.
std::optional<ServerFrame> take_server_frame(std::string_view& bytes);

}  // namespace fanfare::websocket_testing
