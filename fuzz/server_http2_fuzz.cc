// An HTTP/2 client of a whole server (its real visitor, hub and log): requests that it knows, tunnels, and frames that
// are wrong in every way, as the input says, while events are published. The server's frames are legal, it answers or
// ends the connection, each stream of events has all of them in order, and the witness beside it notices nothing.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fuzz/http2_deeds.h"
#include "fuzz/http2_peer.h"
#include "fuzz/input.h"
#include "fuzz/served.h"
#include "fuzz/websocket_deeds.h"
#include "testing/stream_reader.h"

namespace fanfare::fuzz {
namespace {

Served& served() {
  static Served server([](ServerOptions& options) {
    options.subscriptions = true;
    options.limits.http2_streams_max = 20;
    options.limits.audience_units_bytes_max = 4'096;
    options.limits.request_body_bytes_max = 10'000;
  });
  return server;
}

constexpr std::uint32_t kLargeWindow = 0x20000000;

class Play {
 public:
  explicit Play(Input input, std::uint8_t seed) : input_(input), cut_(seed), peer_(served().port(), windows()) {
    served().begin_witness();
    for (int deeds = 0; deeds < 200 && !input_.is_empty(); ++deeds) act();
    const bool is_alive = peer_.sync();
    served().publish("the last one");
    if (is_alive) {
      open_windows();
      peer_.sync();
    }
    for (auto& [id, reader] : readers_) read_events(id, *reader);
    for (auto& [id, reader] : tunnels_) read_messages(id, reader);
    if (is_alive && !peer_.has_sent_settings()) all_come_to_the_end();
    served().ask_witness();
  }

 private:
  // SETTINGS_INITIAL_WINDOW_SIZE: large, or so small that a stream's units are cut.
  std::string windows() {
    const std::uint8_t size = input_.byte();
    return http::setting(4, size % 2 == 0 ? kLargeWindow : size * 4u);
  }
  void open_windows() {
    for (const auto& [id, reader] : readers_) peer_.send(http::window_update(id, kLargeWindow));
    for (const auto& [id, reader] : tunnels_) peer_.send(http::window_update(id, kLargeWindow));
  }

  struct Reader {
    Reader(std::uint64_t not_before, std::optional<std::uint64_t> after)
        : progress(served(), Visibility::kPublic, not_before, after) {}
    simulation::StreamReader stream{Framing::kBare, Coding::kIdentity};
    Progress progress;
  };

  struct WebSocketReader {
    WebSocketOrder order;
    Progress progress{served(), Visibility::kPublic, 0, std::nullopt};
  };

  void send(std::string_view bytes) {
    cut_.pieces(bytes, [&](std::string_view piece) { peer_.send(piece); });
  }

  void act() {
    const std::uint8_t deed = input_.byte() % (Http2Deeds::kKinds + 7);
    if (deed < Http2Deeds::kKinds) return send(client_.bytes(deed));
    switch (deed - Http2Deeds::kKinds) {
      case 0:
        return subscribe();
      case 1:
        return ask();
      case 2:
        return publish_there();
      case 3:
        return open_tunnel();
      case 4:
        return use_tunnel();
      case 5:
        return served().publish(std::string(input_.byte() * 10, 'e'));
      default:
        peer_.sync();
    }
  }

  // A stream of events, from now on or from one of the last events on.
  void subscribe() {
    const http::StreamId id = client_.open();
    const std::uint64_t newest = served().newest();
    const std::uint8_t back = input_.byte();
    std::optional<std::uint64_t> after;
    if (back > 0 && back < 100 && back < newest) after = newest - back;
    if (peer_.stream(id).was_opened) return;
    send(subscribe_frame(id, after ? "&lastEventID=" + std::to_string(*after) : ""));
    // Else it is part of a frame that was begun before.
    if (peer_.stream(id).was_opened) readers_[id] = std::make_unique<Reader>(newest, after);
  }

  void ask() {
    static constexpr std::string_view kPaths[] = {"/healthz",
                                                  "/metrics",
                                                  "/nowhere",
                                                  "/.well-known/mercure?topic=a&mode=poll&wait=0&lastEventID=earliest",
                                                  "/.well-known/mercure?topic=a&mode=poll&wait=60",
                                                  "/.well-known/mercure/subscriptions",
                                                  "/.well-known/mercure"};
    static constexpr std::string_view kMethods[] = {"GET", "GET", "HEAD", "OPTIONS", "POST"};
    const auto path = kPaths[input_.byte() % std::size(kPaths)];
    const std::string fields = http::pseudo(kMethods[input_.byte() % std::size(kMethods)], path) +
                               http::field("accept-encoding", "gzip, br, zstd") +
                               http::field("authorization", "Bearer " + served().token());
    send(http::frame(http::kHeadersFrame, http::kEnds, client_.open(), fields));
  }

  // To another topic, in pieces.
  void publish_there() {
    const http::StreamId id = client_.open();
    const std::string fields = http::pseudo("POST", kHubPath) +
                               http::field("authorization", "Bearer " + served().token()) +
                               http::field("content-type", "application/x-www-form-urlencoded");
    send(http::frame(http::kHeadersFrame, http::kEndHeaders, id, fields));
    send(http::frame(http::kDataFrame, 0, id, "topic=b&data="));
    send(http::frame(http::kDataFrame, input_.byte() % 4 == 0 ? 0 : http::kEndStream, id, input_.take(input_.byte())));
  }

  void open_tunnel() {
    const http::StreamId id = client_.open();
    if (peer_.stream(id).was_opened) return;
    std::string fields = http::field(":protocol", "websocket") +
                         http::pseudo("CONNECT", std::string(kHubPath) + "?topic=a") +
                         http::field("sec-websocket-version", "13");
    if (input_.byte() % 2 == 0) fields += http::field("sec-websocket-extensions", "permessage-deflate");
    send(http::frame(http::kHeadersFrame, http::kEndHeaders, id, fields));
    if (peer_.stream(id).was_opened) tunnels_[id];
  }

  void use_tunnel() {
    if (tunnels_.empty()) return;
    const std::string bytes = in_tunnel_.bytes(input_.byte() % WebSocketDeeds::kKinds);
    const std::uint8_t flags = input_.byte() % 16 == 1 ? http::kEndStream : 0;
    send(http::frame(http::kDataFrame, flags, tunnels_.rbegin()->first, std::string_view(bytes).substr(0, 16'384)));
  }

  void read_events(http::StreamId id, Reader& reader) {
    Http2Peer::Stream& stream = peer_.stream(id);
    if (stream.status != 200) return;
    FANFARE_CHECK(reader.stream.feed(std::exchange(stream.body, {})).empty());
    for (const auto& each : reader.stream.take_events()) reader.progress.see(each.id, each.data);
  }

  void read_messages(http::StreamId id, WebSocketReader& reader) {
    Http2Peer::Stream& stream = peer_.stream(id);
    if (stream.status != 200) return;
    std::string_view rest = stream.body;
    while (const auto frame = websocket_testing::take_server_frame(rest)) {
      reader.order.see(*frame);
      if ((frame->first_byte & 0xf) != websocket_testing::kText) continue;
      const bool is_deflated = (frame->first_byte & websocket_testing::kRsv1) != 0;
      const auto text = is_deflated ? websocket_testing::inflated(frame->payload) : frame->payload;
      FANFARE_CHECK(text);
      const auto message = nlohmann::json::parse(*text);
      reader.progress.see(message["id"].get<std::string>(), message["data"].get<std::string>());
    }
    stream.body = std::string(rest);
  }

  // The windows are large enough.
  void all_come_to_the_end() {
    for (auto& [id, reader] : readers_) {
      Http2Peer::Stream& stream = peer_.stream(id);
      peer_.read_until([&] {
        read_events(id, *reader);
        return stream.status != 200 || stream.was_reset || stream.has_ended || reader->progress.has_all();
      });
    }
  }

  Input input_;
  Cut cut_;
  Http2Peer peer_;
  Http2Deeds client_{input_};
  WebSocketDeeds in_tunnel_{input_};
  std::map<http::StreamId, std::unique_ptr<Reader>> readers_;
  std::map<http::StreamId, WebSocketReader> tunnels_;
};

}  // namespace
}  // namespace fanfare::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const fanfare::fuzz::Play play(fanfare::fuzz::Input(data + 1, size - 1), data[0] % 2 == 0 ? 0 : data[0]);
  return 0;
}
