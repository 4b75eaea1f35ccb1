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
#include "fuzz/input.h"
#include "fuzz/websocket_deeds.h"
#include "testing/websocket/client.h"

namespace {

using namespace fanfare::websocket;
using namespace fanfare::websocket_testing;
using namespace fanfare::fuzz;

class Play {
 public:
  // seed 0: bytes are not cut.
  Play(Input input, std::uint8_t seed) : input_(input), cut_(seed), bench_(terms(), limits()) {
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

  void act() {
    const std::uint8_t deed = input_.byte() % (WebSocketDeeds::kKinds + 3);
    if (deed < WebSocketDeeds::kKinds) {
      cut_.pieces(client_.bytes(deed), [&](std::string_view piece) { bench_.feed(piece); });
    } else {
      serve(deed);
    }
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
    WebSocketOrder order;
    while (const auto frame = take_server_frame(sent)) {
      FANFARE_CHECK((frame->first_byte & 0xf) != kText);
      order.see(*frame);
    }
    FANFARE_CHECK(sent.empty() && order.is_closed() == !bench_.session.is_open());
  }

  Input input_;
  Cut cut_;
  WebSocketDeeds client_{input_};
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
