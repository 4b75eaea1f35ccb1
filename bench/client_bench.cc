// What an event source's session costs beside the parser that it contains: the same stream in the same pieces through
// both, each at its best. over_parser is the time over that of the parser alone; bytes_each is the size of a session,
// which holds its parser; an idle one with short ids has no heap beside.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "fanfare/client/source_session.h"
#include "fanfare/event_stream/parser.h"
#include "fanfare/event_stream/writer.h"

namespace fanfare::client {
namespace {

constexpr std::size_t kStreamBytes = 1024 * 1024;
constexpr std::size_t kPieceBytes = 16 * 1024;  // what libcurl gives at most

class Counter final : public SourceVisitor, public event_stream::ParserVisitor {
 public:
  void on_event(const event_stream::Event& event) override { data_bytes += event.data.size(); }
  void on_comment(std::string_view /*text*/) override {}
  std::size_t data_bytes = 0;
};

std::string stream_of(std::size_t data_bytes) {
  const std::string data(data_bytes, '.');
  std::string stream;
  for (unsigned i = 0; stream.size() < kStreamBytes; ++i) {
    event_stream::append_event(stream,
                               {.type = {}, .retry_ms = {}, .id = std::to_string(1'000'000'000 + i), .data = data});
  }
  return stream;
}

template <typename Give>
void in_pieces(std::string_view stream, Give give) {
  for (; !stream.empty(); stream.remove_prefix(std::min(kPieceBytes, stream.size()))) {
    give(stream.substr(0, kPieceBytes));
  }
}

template <typename Work>
double best_seconds(Work work) {
  double best = 1;
  for (int round = 0; round < 200; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void DeliverEvents(benchmark::State& state) {
  const std::string stream = stream_of(static_cast<std::size_t>(state.range(0)));
  Counter counter;
  SourceSession session(counter, SourceOptions{});
  session.begin_request(0);
  const HeaderField type = {"Content-Type", "text/event-stream"};
  session.receive_head({.status = 200, .fields = {&type, 1}, .origin = {}, .unix_ms = 0, .body_start = {}}, 0);
  event_stream::Parser parser(counter);
  const auto deliver = [&] { in_pieces(stream, [&](std::string_view piece) { session.receive(piece, 0); }); };
  const auto parse = [&] { in_pieces(stream, [&](std::string_view piece) { (void)parser.feed(piece); }); };
  for (auto _ : state) deliver();
  benchmark::DoNotOptimize(counter.data_bytes);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
  state.counters["over_parser"] = best_seconds(deliver) / best_seconds(parse);
  state.counters["bytes_each"] = sizeof(SourceSession);
}
BENCHMARK(DeliverEvents)->Arg(16)->Arg(128)->Arg(1024)->Arg(64 * 1024);

}  // namespace
}  // namespace fanfare::client
