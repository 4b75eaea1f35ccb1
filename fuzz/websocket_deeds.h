// What a WebSocket client may send, well formed or not, as an input says; and what a server may send back. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fuzz/input.h"
#include "testing/websocket/client.h"

namespace fanfare::fuzz {

class WebSocketDeeds {
 public:
  static constexpr std::uint8_t kKinds = 10;

  explicit WebSocketDeeds(Input& input) : input_(input) {}

  // The bytes of one of the kinds.
  std::string bytes(std::uint8_t kind) {
    using namespace websocket_testing;
    const Mask mask = {kind, 0x5a, 7, 0};
    if (kind < 4) {
      const std::uint8_t first = input_.byte();
      return client_frame(first, input_.take(input_.byte()), mask);
    }
    if (kind < 6) return client_frame((kind == 4 ? kFin : 0u) | kRsv1 | kText, deflated(repeated()), mask);
    const std::uint8_t byte = input_.byte();
    if (kind == 6) return client_frame(kText | (byte & kFin), repeated(), mask);
    if (kind == 7) return client_frame(kContinuation | (byte & kFin), input_.take(input_.byte()), mask);
    if (kind == 9) return std::string(input_.take(byte % 32));
    const std::uint64_t length = std::uint64_t{input_.byte()} << input_.byte() % 64;
    return client_frame_head(byte, length, mask, static_cast<LengthForm>(input_.byte() % 3));
  }

 private:
  std::string repeated() {
    const std::string_view word = input_.take(input_.byte() % 16);
    std::string text;
    for (int times = input_.byte() * 8; times > 0; --times) text += word;
    return text;
  }

  Input& input_;
};

// Asserts that a server's frames come in a legal order: whole messages of text, and control frames of 125 bytes at most
// between them; nothing after a Close.
class WebSocketOrder {
 public:
  bool is_closed() const { return is_closed_; }
  void see(const websocket_testing::ServerFrame& frame) {
    using namespace websocket_testing;
    FANFARE_CHECK(!is_closed_ && (frame.first_byte & kFin) != 0);
    const unsigned opcode = frame.first_byte & 0xf;
    const bool is_control = opcode == kClose || opcode == kPing || opcode == kPong;
    FANFARE_CHECK(is_control || opcode == kText);
    if (is_control) FANFARE_CHECK(frame.first_byte == (kFin | opcode) && frame.payload.size() <= 125);
    is_closed_ = opcode == kClose;
  }

 private:
  bool is_closed_ = false;
};

}  // namespace fanfare::fuzz
