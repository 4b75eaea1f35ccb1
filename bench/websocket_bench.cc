// What a WebSocket costs beside its connection (fanfare/websocket):
//   Prepare/plain, Prepare/compressed   an update as a frame for all subscribers; argument: the bytes of its data
//   Receive/PAYLOAD                     a client's message of so many bytes: unmasked, checked as UTF-8
//   Inflate/PAYLOAD                     the same, compressed
//   Memory/WINDOW_BITS                  heap of a session while idle and while it inflates a message
// bytes: of the frame; shrinks: the text's over those; state: the encoder's memory.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "fanfare/websocket/prepared_message.h"
#include "fanfare/websocket/session.h"
#include "testing/websocket/client.h"

namespace fanfare::websocket {
namespace {

class Listener final : public Visitor {
 public:
  void on_message(MessageKind) override {}
  void on_data(std::string_view bytes) override { received += bytes.size(); }
  void on_message_end() override {}
  void on_pong(std::string_view) override {}
  void on_close(CloseCode, std::string_view) override {}
  void on_failed(CloseCode, std::string_view) override { std::abort(); }

  std::size_t received = 0;
};

// Updates as the hub sends them, with so many bytes of data.
std::vector<std::string> updates(std::size_t data_bytes) {
  std::mt19937 random(1);
  std::vector<std::string> all;
  while (all.size() < 256) {
    std::string data;
    while (data.size() < data_bytes) {
      data += R"({\"symbol\":\"ACME)" + std::to_string(random() % 50) + R"(\",\"price\":)" +
              std::to_string(random() % 50'000) + R"(,\"side\":\"buy\"},)";
    }
    data.resize(data_bytes);
    all.push_back(R"({"id":"urn:uuid:)" + std::to_string(random()) + std::to_string(random()) +
                  R"(","type":"message","topics":["https://example.com/books/1"],"data":")" + data + "\"}");
  }
  return all;
}

template <typename Encode>
void prepare(benchmark::State& state, Encode encode) {
  const auto texts = updates(static_cast<std::size_t>(state.range(0)));
  std::string out;
  std::size_t i = 0;
  std::size_t plain = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    out.clear();
    encode(texts[i], out);
    plain += texts[i].size();
    bytes += out.size();
    i = (i + 1) % texts.size();
  }
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
  state.counters["shrinks"] = static_cast<double>(plain) / static_cast<double>(bytes);
}

void prepare_plain(benchmark::State& state) {
  prepare(state, [](std::string_view text, std::string& out) { append_text_message(text, out); });
}
BENCHMARK(prepare_plain)->Name("Prepare/plain")->Arg(128)->Arg(1'024)->Arg(16'384);

void prepare_compressed(benchmark::State& state) {
  CompressedMessageEncoder encoder;
  prepare(state, [&](std::string_view text, std::string& out) { encoder.encode(text, out); });
  state.counters["state"] = static_cast<double>(encoder.memory_bytes());
}
BENCHMARK(prepare_compressed)->Name("Prepare/compressed")->Arg(128)->Arg(1'024)->Arg(16'384);

void receive(benchmark::State& state, unsigned first_byte) {
  const std::string text = updates(static_cast<std::size_t>(state.range(0))).front();
  const bool is_compressed = (first_byte & websocket_testing::kRsv1) != 0;
  const std::string frame =
      websocket_testing::client_frame(first_byte, is_compressed ? websocket_testing::deflated(text, 10) : text);
  const Limits limits;
  Listener listener;
  Session session(listener, limits, DeflateTerms{.client_window_bits = 10});
  for (auto _ : state) session.receive(frame, 0);
  state.SetBytesProcessed(static_cast<std::int64_t>(listener.received));
}

void receive_plain(benchmark::State& state) {
  receive(state, websocket_testing::kFin | websocket_testing::kText);
}
BENCHMARK(receive_plain)->Name("Receive")->Arg(128)->Arg(16'384);

void receive_compressed(benchmark::State& state) {
  receive(state, websocket_testing::kFin | websocket_testing::kRsv1 | websocket_testing::kText);
}
BENCHMARK(receive_compressed)->Name("Inflate")->Arg(128)->Arg(16'384);

void memory(benchmark::State& state) {
  const auto bits = static_cast<int>(state.range(0));
  const Limits limits;
  Listener listener;
  Session session(listener, limits, DeflateTerms{.client_window_bits = static_cast<std::uint8_t>(bits)});
  state.counters["idle"] = static_cast<double>(session.memory_bytes());
  session.receive(websocket_testing::client_frame(websocket_testing::kRsv1 | websocket_testing::kText,
                                                  websocket_testing::deflated(std::string(40'000, 'x'), bits)),
                  0);
  state.counters["inflating"] = static_cast<double>(session.memory_bytes());
  for (auto _ : state) benchmark::DoNotOptimize(session.memory_bytes());
}
BENCHMARK(memory)->Name("Memory")->Arg(10)->Arg(15)->Iterations(1);

}  // namespace
}  // namespace fanfare::websocket
