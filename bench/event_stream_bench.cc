// How fast the event stream is read and written, and how near to the limit: reading cannot be faster than memchr, which
// only looks for one byte. of_memchr is the speed over that of memchr looking for a byte that never comes in the same
// bytes, cut into the same pieces; both at their best, as is best_GB/s. bytes_per_second is the mean.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

#include "fanfare/event_stream/parser.h"
#include "fanfare/event_stream/writer.h"

namespace fanfare::event_stream {
namespace {

constexpr std::size_t kStreamBytes = 1024 * 1024;
constexpr std::size_t kReadBytes = 16 * 1024;

enum class Text { kAscii, kOther };

class Counter final : public ParserVisitor {
 public:
  void on_event(const Event& event) override { data_bytes += event.data.size(); }
  std::size_t data_bytes = 0;
};

// Data of exactly this size.
std::string data_of(std::size_t bytes, Text text) {
  const std::string_view piece = text == Text::kAscii ? R"({"sensor":"roof","t":21.4,"rh":48},)"
                                                      : "{\"ort\":\"M\u00fcnchen\",\"\u6e29\u5ea6\":\"21,4\u00b0\"},";
  std::string data;
  while (data.size() + piece.size() <= bytes) data.append(piece);
  return data.append(bytes - data.size(), '.');
}

// About kStreamBytes of events; the length of each one, with id and blank line, is event_bytes.
std::string stream_of(std::size_t event_bytes, Text text) {
  constexpr std::string_view kFrame = "id: 0000000000\ndata: \n\n";
  const std::string data = data_of(event_bytes - kFrame.size(), text);
  std::string stream;
  for (unsigned i = 0; stream.size() + event_bytes <= kStreamBytes; ++i) {
    append_event(stream, {.type = {}, .retry_ms = {}, .id = std::to_string(1'000'000'000 + i), .data = data});
  }
  return stream;
}

template <typename Read>
void in_reads(std::string_view stream, std::size_t read_bytes, Read read) {
  for (; !stream.empty(); stream.remove_prefix(std::min(read_bytes, stream.size()))) read(stream.substr(0, read_bytes));
}

// The best of many rounds, so that the ratio of two does not depend on what else the machine does.
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

void look_for_a_byte_that_never_comes(std::string_view bytes) {
  benchmark::DoNotOptimize(std::memchr(bytes.data(), '\x01', bytes.size()));
}

void report(benchmark::State& state, std::size_t bytes, double best, double best_memchr) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["best_GB/s"] = static_cast<double>(bytes) / best / 1e9;
  state.counters["of_memchr"] = best_memchr / best;
}

void parse(benchmark::State& state, std::size_t read_bytes, Text text) {
  const std::string stream = stream_of(static_cast<std::size_t>(state.range(0)), text);
  Counter counter;
  Parser parser(counter);
  const auto parse_stream = [&] {
    in_reads(stream, read_bytes, [&](std::string_view piece) { (void)parser.feed(piece); });
  };
  for (auto _ : state) parse_stream();
  benchmark::DoNotOptimize(counter.data_bytes);
  report(state, stream.size(), best_seconds(parse_stream),
         best_seconds([&] { in_reads(stream, read_bytes, look_for_a_byte_that_never_comes); }));
}

void ParseWhole(benchmark::State& state) {
  parse(state, kStreamBytes, Text::kAscii);
}
void ParseInReadsOf16KiB(benchmark::State& state) {
  parse(state, kReadBytes, Text::kAscii);
}
void ParseOtherThanAscii(benchmark::State& state) {
  parse(state, kReadBytes, Text::kOther);
}
BENCHMARK(ParseWhole)->Arg(128)->Arg(1024)->Arg(64 * 1024);
BENCHMARK(ParseInReadsOf16KiB)->Arg(128)->Arg(1024)->Arg(64 * 1024);
BENCHMARK(ParseOtherThanAscii)->Arg(128)->Arg(64 * 1024);

void Memchr(benchmark::State& state) {
  const std::string stream = stream_of(static_cast<std::size_t>(state.range(0)), Text::kAscii);
  for (auto _ : state) look_for_a_byte_that_never_comes(stream);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}
BENCHMARK(Memchr)->Arg(128)->Arg(64 * 1024);

// Events into a buffer that is kept, many at a time because the clock is coarse.
constexpr int kEventsWritten = 64;

void write(benchmark::State& state, std::string_view data) {
  std::string out;
  const auto write_events = [&] {
    for (int i = 0; i < kEventsWritten; ++i) {
      out.clear();
      append_event(out, {.type = {}, .retry_ms = {}, .id = "1000000000", .data = data});
      benchmark::DoNotOptimize(out.data());
    }
  };
  const auto look_as_often = [&] {
    for (int i = 0; i < kEventsWritten; ++i) look_for_a_byte_that_never_comes(data);
  };
  for (auto _ : state) write_events();
  report(state, data.size() * kEventsWritten, best_seconds(write_events), best_seconds(look_as_often));
}

void WriteOneLine(benchmark::State& state) {
  write(state, data_of(static_cast<std::size_t>(state.range(0)), Text::kAscii));
}
void WriteLinesOf64(benchmark::State& state) {
  std::string data = data_of(static_cast<std::size_t>(state.range(0)), Text::kAscii);
  for (std::size_t i = 63; i < data.size(); i += 64) data[i] = '\n';
  write(state, data);
}
BENCHMARK(WriteOneLine)->Arg(128)->Arg(64 * 1024);
BENCHMARK(WriteLinesOf64)->Arg(64 * 1024);

}  // namespace
}  // namespace fanfare::event_stream
