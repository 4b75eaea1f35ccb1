// What HTTP/2 costs in the session alone, without sockets.
//   Events/N/BYTES     a connection with N streams, an event of BYTES for each: resume, body_ready, compose
//   Requests/N         N requests in flight on a connection: head, answer of 3 bytes, end
//   Memory/N           heap of a connection with N open streams, idle; sent_bytes: settings and the heads of N answers
// ns and bytes are per DATA frame, request or stream.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "fanfare/http/http2_recorder.h"

namespace fanfare::http {
namespace {

// A visitor whose streams have bytes whenever they are told so, and a sink that counts.
struct Stream final : Http2Source {
  explicit Stream(const std::size_t& bytes) : event_bytes(bytes) {}
  BodyPiece body_ready(std::size_t) override { return {event_bytes, BodyPiece::Next::kWait}; }
  const std::size_t& event_bytes;
};

struct Streams final : Http2Visitor, Http2Sink {
  std::size_t on_head(StreamId id, RequestHead) override {
    ResponseHead head;
    head.headers.add("Content-Type", "text/event-stream");
    head.headers.add("Cache-Control", "no-cache");
    head.headers.add("Access-Control-Allow-Origin", "https://app.example.com");
    head.headers.add("Last-Event-ID", "urn:uuid:01234567-89ab-8cde-8123-456789abcdef");
    head.headers.add("Date", "Sat, 21 Nov 2026 22:00:00 GMT");
    sources.push_back(std::make_unique<Stream>(event_bytes));
    session->begin_stream(id, head, *sources.back());
    ids.push_back(id);
    return 0;
  }
  void on_body(StreamId, std::string_view) override {}
  void on_end(StreamId) override {}
  void on_refused(StreamId, int, std::string_view) override { std::abort(); }
  void on_reset(StreamId, ResetReason, Http2Error) override { std::abort(); }
  void on_sent(StreamId) override {}
  void on_failed(Http2Error, std::string_view) override { std::abort(); }
  void append(std::string_view own) override {
    own_bytes += own.size();
    ++pieces;
  }
  void append_body(StreamId, std::size_t bytes) override {
    body_bytes += bytes;
    ++frames;
  }

  Http2Session* session = nullptr;
  std::vector<StreamId> ids;
  std::vector<std::unique_ptr<Stream>> sources;
  std::size_t event_bytes = 0;
  std::size_t own_bytes = 0;
  std::size_t body_bytes = 0;
  std::size_t frames = 0;
  std::size_t pieces = 0;
};

// As Chromium asks for an EventSource.
std::string browser_request(StreamId id) {
  return get(id, "/.well-known/mercure?topic=https%3A%2F%2Fexample.com%2Fbooks%2F1",
             field("cache-control", "no-cache") + field("accept", "text/event-stream") +
                 field("user-agent",
                       "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 "
                       "Safari/537.36") +
                 field("origin", "https://app.example.com") + field("referer", "https://app.example.com/") +
                 field("accept-encoding", "gzip, deflate, br, zstd") + field("accept-language", "en-US,en;q=0.9"));
}

struct Connection {
  explicit Connection(std::size_t count) : session(streams, limits, 1) {
    limits.http2_control_frames_per_s = 0;
    streams.session = &session;
    session.receive(preface(setting(4, 0x3fffffff)) + window_update(0, 0x3fffffff), 1);
    for (std::size_t i = 0; i < count; ++i) {
      session.receive(browser_request(static_cast<StreamId>(2 * i + 1)), 1);
      compose();
    }
  }
  void compose() {
    while (session.wants_compose()) session.compose(streams, 64 * 1024, 1);
  }
  Limits limits;
  Streams streams;
  Http2Session session;
};

void Events(benchmark::State& state) {
  Connection connection(static_cast<std::size_t>(state.range(0)));
  connection.streams.event_bytes = static_cast<std::size_t>(state.range(1));
  connection.streams.frames = connection.streams.own_bytes = connection.streams.pieces = 0;
  std::size_t sent_bytes = 0;
  for (auto _ : state) {
    for (const auto& source : connection.streams.sources) connection.session.resume(*source);
    connection.compose();
    sent_bytes += connection.streams.body_bytes;
    connection.streams.body_bytes = 0;
    if (sent_bytes > 0x1fffffff) {  // the windows must not run dry
      connection.session.receive(window_update(0, static_cast<std::uint32_t>(sent_bytes)), 1);
      for (const StreamId id : connection.streams.ids)
        connection.session.receive(
            window_update(id, static_cast<std::uint32_t>(sent_bytes / connection.streams.ids.size())), 1);
      sent_bytes = 0;
    }
  }
  const auto frames = static_cast<double>(connection.streams.frames);
  state.counters["ns_per_frame"] =
      benchmark::Counter(frames * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["own_bytes_per_frame"] = static_cast<double>(connection.streams.own_bytes) / frames;
}

void Requests(benchmark::State& state) {
  Http2Bench bench;
  bench.limits.http2_control_frames_per_s = 0;
  bench.exchange(preface() + window_update(0, 0x3fffffff));
  StreamId next = 1;
  for (auto _ : state) {
    std::string bytes;
    for (int i = 0; i < state.range(0); ++i, next += 2) bytes += browser_request(next);
    bench.feed(bytes);
    bench.send();
    bench.sent.clear();
    bench.recorder.streams.clear();
  }
  state.counters["ns_per_request"] = benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)) * 1e-9,
                                                        benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Memory(benchmark::State& state) {
  const std::size_t before = mallinfo2().uordblks;
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < 200; ++i)
    connections.push_back(std::make_unique<Connection>(static_cast<std::size_t>(state.range(0))));
  const std::size_t after = mallinfo2().uordblks;
  for (auto _ : state) benchmark::DoNotOptimize(connections.back()->session.memory_bytes());
  state.counters["heap_bytes"] = static_cast<double>(after - before) / 200;
  state.counters["sent_bytes"] = static_cast<double>(connections.back()->streams.own_bytes);
  state.counters["memory_bytes"] = static_cast<double>(connections.back()->session.memory_bytes());
}

BENCHMARK(Events)->Args({1, 150})->Args({100, 150})->Args({1, 4'000})->Args({100, 4'000});
BENCHMARK(Requests)->Arg(1)->Arg(100);
BENCHMARK(Memory)->Arg(0)->Arg(1)->Arg(2)->Arg(100);

}  // namespace
}  // namespace fanfare::http
