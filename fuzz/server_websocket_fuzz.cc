// A WebSocket of a whole server (its real visitor, hub and log): frames that are right and wrong in every way, as the
// input says, while events are published. The server's frames are legal, each event comes as one message, in order,
// until the connection is closed, and the witness beside it notices nothing.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fuzz/input.h"
#include "fuzz/served.h"
#include "fuzz/websocket_deeds.h"

namespace fanfare::fuzz {
namespace {

using namespace websocket_testing;

constexpr std::string_view kHandshake =
    " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

Served& served() {
  static Served server([](ServerOptions& options) {
    options.limits.audience_units_bytes_max = 4'096;
    options.limits.websocket_message_bytes_max = 10'000;
  });
  return server;
}

class Play {
 public:
  explicit Play(Input input, std::uint8_t seed) : input_(input), cut_(seed), connection_(served().port()) {
    served().begin_witness();
    open();
    for (int deeds = 0; deeds < 200 && !input_.is_empty(); ++deeds) act();
    served().publish("the last one");
    read_until([&] { return progress_->has_all(); });
    connection_.send(client_frame(kFin | kClose, close_payload(1000)), kPatience);
    connection_.end_sending();
    FANFARE_CHECK(connection_.receive_until_end(kPatience));
    take_frames();
    served().ask_witness();
  }

 private:
  void open() {
    const std::uint8_t bits = input_.byte();
    std::optional<std::uint64_t> after;
    if (bits / 4u > 0 && bits / 4u < served().newest()) after = served().newest() - bits / 4u;
    std::string request = "GET " + std::string(kHubPath) + "?topic=a";
    if (after) request += "&lastEventID=" + std::to_string(*after);
    request += kHandshake;
    if ((bits & 1) != 0) request += "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    progress_.emplace(served(), Visibility::kPublic, served().newest(), after);
    // What follows the handshake may come with it.
    const std::string early = (bits & 2) != 0 ? client_.bytes(input_.byte() % WebSocketDeeds::kKinds) : "";
    FANFARE_CHECK(connection_.send(request + "\r\n" + early, kPatience));
    FANFARE_CHECK(live::read_answer(connection_, kPatience).status == 101);
  }

  void act() {
    const std::uint8_t deed = input_.byte() % (WebSocketDeeds::kKinds + 3);
    if (deed < WebSocketDeeds::kKinds) {
      const std::string bytes = client_.bytes(deed);
      cut_.pieces(bytes, [&](std::string_view piece) { connection_.send(piece, kPatience); });
    } else if (deed == WebSocketDeeds::kKinds) {
      served().publish(std::string(input_.byte() * 10, 'e'));
    } else if (deed == WebSocketDeeds::kKinds + 1) {
      served().publish("\"\\\n\xf0\x9f\x8e\xba");
    } else {
      const std::size_t before = messages_;
      served().publish("wait for it");
      read_until([&] { return messages_ > before; });
    }
  }

  // … or until the server closes the WebSocket; one of them must come.
  template <typename Holds>
  void read_until(Holds holds) {
    for (take_frames(); !holds() && !order_.is_closed(); take_frames()) {
      if (connection_.receive(kPatience)) continue;
      FANFARE_CHECK(connection_.ended() != live::Ended::kNo);  // else the server is silent
      return;
    }
  }

  void take_frames() {
    std::string_view received = connection_.received();
    while (const auto frame = take_server_frame(received)) {
      order_.see(*frame);
      if ((frame->first_byte & 0xf) == kText) read_message(*frame);
    }
    connection_.received().erase(0, connection_.received().size() - received.size());
  }

  void read_message(const ServerFrame& frame) {
    ++messages_;
    const auto text = (frame.first_byte & kRsv1) != 0 ? inflated(frame.payload) : frame.payload;
    FANFARE_CHECK(text);
    const auto message = nlohmann::json::parse(*text);
    progress_->see(message["id"].get<std::string>(), message["data"].get<std::string>());
  }

  Input input_;
  Cut cut_;
  WebSocketDeeds client_{input_};
  live::Connection connection_;
  WebSocketOrder order_;
  std::optional<Progress> progress_;
  std::size_t messages_ = 0;
};

}  // namespace
}  // namespace fanfare::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const fanfare::fuzz::Play play(fanfare::fuzz::Input(data + 1, size - 1), data[0] % 2 == 0 ? 0 : data[0]);
  return 0;
}
