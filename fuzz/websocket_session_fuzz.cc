// The input is a list of deeds: frames that a client sends, well formed or not, bytes that are no frames, and what the
// server does meanwhile. However the client's bytes are cut, the visitor sees the same messages in a legal order (the
// recorder asserts it), what the session sends is whole control frames with nothing after a Close, and its memory is
// bounded. The first bytes choose the limits and whether compression is agreed on.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/base/utf8.h"
#include "fanfare/websocket/session_recorder.h"
#include "testing/websocket/client.h"

namespace {

using namespace fanfare::websocket;
using namespace fanfare::websocket_testing;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}
  bool is_empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::string_view take(std::size_t size) {
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view bytes_;
};

class Play {
 public:
  // seed 0: bytes are not cut.
  Play(Input input, std::uint8_t seed) : input_(input), seed_(seed), bench_(terms(), limits()) {
    for (int deeds = 0; deeds < 300 && !input_.is_empty(); ++deeds) act();
    bench_.send();
    output_is_legal();
    FANFARE_CHECK(bench_.session.memory_bytes() < 50'000);
    FANFARE_CHECK(bench_.session.wants_close() == bench_.recorder.is_over);
    FANFARE_CHECK(bench_.session.is_open() == !(has_closed_ || bench_.recorder.is_over));
  }

  bool operator==(const Play& other) const {
    return bench_.recorder.events == other.bench_.recorder.events && bench_.sent == other.bench_.sent;
  }

 private:
  std::optional<DeflateTerms> terms() {
    const std::uint8_t bits = input_.byte();
    if (bits % 4 == 0) return std::nullopt;
    return DeflateTerms{.client_window_bits = static_cast<std::uint8_t>(8 + (bits >> 2) % 8)};
  }
  fanfare::Limits limits() {
    fanfare::Limits limits;
    const std::uint8_t bits = input_.byte();
    if ((bits & 1) != 0) limits.websocket_message_bytes_max = bits >> 2;
    if ((bits & 2) != 0) limits.websocket_control_frames_per_s = 2;
    return limits;
  }

  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t piece = bytes.size();
      if (seed_ != 0) {
        seed_ = static_cast<std::uint8_t>(seed_ * 5 + 1) | 1;
        piece = std::min<std::size_t>(piece, 1 + (seed_ >> 4));
      }
      bench_.feed(bytes.substr(0, piece));
      bytes.remove_prefix(piece);
    }
  }

  void act() {
    const std::uint8_t deed = input_.byte() % 13;
    const Mask mask = {deed, 0x5a, 7, 0};
    if (deed < 4) {
      const std::uint8_t first = input_.byte();
      feed(client_frame(first, input_.take(input_.byte()), mask));
    } else if (deed < 6) {
      const unsigned bits = deed == 4 ? kFin : 0;
      feed(client_frame(bits | kRsv1 | kText, deflated(repeated()), mask));
    } else if (deed == 6) {
      feed(client_frame(kText | (input_.byte() & kFin), repeated(), mask));
    } else if (deed == 7) {
      feed(client_frame(kContinuation | (input_.byte() & kFin), input_.take(input_.byte()), mask));
    } else if (deed == 8) {
      feed(client_frame_head(input_.byte(), std::uint64_t{input_.byte()} << input_.byte() % 64, mask,
                             static_cast<LengthForm>(input_.byte() % 3)));
    } else if (deed == 9) {
      feed(input_.take(input_.byte() % 32));
    } else {
      serve(deed);
    }
  }

  std::string repeated() {
    const std::string_view word = input_.take(input_.byte() % 16);
    std::string text;
    for (int times = input_.byte() * 8; times > 0; --times) text += word;
    return text;
  }

  void serve(std::uint8_t deed) {
    if (deed == 10) bench_.session.ping(input_.take(input_.byte() % 126));
    if (deed == 11) {
      bench_.send();
      bench_.now_ms += input_.byte() * 10;
    }
    if (deed == 12) {
      const std::string_view reason = input_.take(input_.byte() % 124);
      bench_.session.close(CloseCode::kGoingAway, fanfare::is_valid_utf8(reason) ? reason : "");
      has_closed_ = true;
    }
  }

  void output_is_legal() const {
    std::string_view sent = bench_.sent;
    bool is_closed = false;
    while (const auto frame = take_server_frame(sent)) {
      FANFARE_CHECK(!is_closed);
      const unsigned opcode = frame->first_byte ^ kFin;
      FANFARE_CHECK(opcode == kClose || opcode == kPing || opcode == kPong);
      FANFARE_CHECK(frame->payload.size() <= 125);
      is_closed = opcode == kClose;
    }
    FANFARE_CHECK(sent.empty() && is_closed == !bench_.session.is_open());
  }

  Input input_;
  std::uint8_t seed_;
  SessionBench bench_;
  bool has_closed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const Play whole(Input(data + 1, size - 1), 0);
  const Play cut(Input(data + 1, size - 1), data[0] | 1);
  FANFARE_CHECK(whole == cut);
  return 0;
}
