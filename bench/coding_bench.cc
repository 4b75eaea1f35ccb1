// What it costs to compress an event once, and what that saves, in each form of each coding (fanfare/coding):
//   Standalone/CODING   an update alone
//   Group/CODING        the running compressor of an audience, flushed after each update
//   Primed/CODING       a scratch compressor, given the last 1 KiB of the audience
//   Batch/CODING        64 KiB of updates alone, as a replay has them
//   Join/CODING         joining and leaving an audience: what a subscriber pays for its checksum
// bytes: of the compressed event (or batch); shrinks: plain bytes over those; state: the encoder's memory in bytes.
// events: 0: of 137 bytes, 129 of them JSON; 1: the same with an id of the hub's, which is random (187 bytes); 2: of
// ten times as much JSON.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "fanfare/coding/group_encoder.h"
#include "fanfare/coding/primed_encoder.h"
#include "fanfare/coding/received_sum.h"
#include "fanfare/coding/standalone_encoder.h"

namespace fanfare {
namespace {

constexpr std::size_t kEvents = 4'096;

enum class Events { kSmall, kWithId, kLarge };

// A trade of one of 50 symbols.
std::string make_trade(std::mt19937& random) {
  const auto number = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  char text[200];
  const int length = std::snprintf(text, sizeof text,
                                   "{\"symbol\":\"ACME%u\",\"price\":%u.%02u,\"volume\":%u,\"time\":\"2024-05-01T12:%"
                                   "02u:%02u.%03uZ\",\"venue\":\"%s\",\"side\":\"%s\",\"currency\":\"USD\"}",
                                   number(50), number(500), number(100), number(10'000), number(60), number(60),
                                   number(1'000), number(2) == 0 ? "XNYS" : "XNAS", number(2) == 0 ? "buy" : "sell");
  return {text, static_cast<std::size_t>(length)};
}

// One trade, or ten.
std::string make_event(Events kind, std::mt19937& random) {
  std::string text;
  if (kind == Events::kWithId) {
    char id[64];
    std::snprintf(id, sizeof id, "id: urn:uuid:%08x-%04x-8%03x-%04x-%08x%04x\n", static_cast<unsigned>(random()),
                  static_cast<unsigned>(random() & 0xffff), static_cast<unsigned>(random() & 0xfff),
                  static_cast<unsigned>(random() & 0xffff), static_cast<unsigned>(random()),
                  static_cast<unsigned>(random() & 0xffff));
    text = id;
  }
  text.append("data: [").append(make_trade(random));
  for (int more = kind == Events::kLarge ? 9 : 0; more > 0; --more) text.append(",").append(make_trade(random));
  return text.append("]\n\n");
}

const std::vector<std::string>& events_of(std::int64_t kind) {
  static std::map<std::int64_t, std::vector<std::string>> all;
  auto& events = all[kind];
  std::mt19937 random(1);
  while (events.size() < kEvents) events.push_back(make_event(static_cast<Events>(kind), random));
  return events;
}

// Encodes one event after the other, and reports their mean.
template <typename Encode>
void run(benchmark::State& state, const std::vector<std::string>& events, Encode encode) {
  std::string out;
  std::size_t plain_bytes = 0;
  std::size_t bytes = 0;
  std::size_t i = 0;
  for (auto _ : state) {
    out.clear();
    encode(events[i], out);
    plain_bytes += events[i].size();
    bytes += out.size();
    i = (i + 1) % events.size();
  }
  state.counters["bytes"] = benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
  state.counters["shrinks"] = static_cast<double>(plain_bytes) / static_cast<double>(bytes);
}

void standalone(benchmark::State& state, Coding coding) {
  StandaloneEncoder encoder(coding);
  run(state, events_of(state.range(0)),
      [&](const std::string& event, std::string& out) { encoder.encode(event, out); });
  state.counters["state"] = static_cast<double>(encoder.memory_bytes());
}

void group(benchmark::State& state, Coding coding) {
  GroupEncoder encoder(coding);
  run(state, events_of(state.range(0)),
      [&](const std::string& event, std::string& out) { encoder.encode(event, PieceEnd::kGoesOn, out); });
  state.counters["state"] = static_cast<double>(encoder.memory_bytes());
}

void primed(benchmark::State& state) {
  PrimedEncoder encoder;
  RecentPlain recent;
  run(state, events_of(state.range(0)), [&](const std::string& event, std::string& out) {
    encoder.encode(recent, event, out);
    recent.append(event);
  });
  state.counters["state"] = static_cast<double>(encoder.memory_bytes());
}

void batch(benchmark::State& state, Coding coding) {
  std::string plain;
  for (const auto& event : events_of(1))
    if (plain.size() + event.size() <= 64 * 1024) plain.append(event);
  StandaloneEncoder encoder(coding);
  run(state, {plain}, [&](const std::string& each, std::string& out) { encoder.encode(each, out); });
  state.counters["state"] = static_cast<double>(encoder.memory_bytes());
}

void join(benchmark::State& state, Coding coding) {
  const PlainSum joined_at = sum_of(coding, "what others got");
  const PlainSum segment = {.bytes = 123'456'789, .checksum = 0x12345678};
  const PlainSum left_at = sum_of_both(coding, joined_at, segment);
  for (auto _ : state) {
    ReceivedSum received(coding);
    received.attach(joined_at);
    received.detach(left_at);
    benchmark::DoNotOptimize(received.sum());
  }
}

void with_events(benchmark::internal::Benchmark* each) {
  each->ArgName("events")->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(standalone, zstd, Coding::kZstd)->Name("Standalone/zstd")->Apply(with_events);
BENCHMARK_CAPTURE(standalone, br, Coding::kBr)->Name("Standalone/br")->Apply(with_events);
BENCHMARK_CAPTURE(standalone, gzip, Coding::kGzip)->Name("Standalone/gzip")->Apply(with_events);
BENCHMARK_CAPTURE(group, zstd, Coding::kZstd)->Name("Group/zstd")->Apply(with_events);
BENCHMARK_CAPTURE(group, br, Coding::kBr)->Name("Group/br")->Apply(with_events);
BENCHMARK_CAPTURE(group, gzip, Coding::kGzip)->Name("Group/gzip")->Apply(with_events);
BENCHMARK(primed)->Name("Primed/gzip")->Apply(with_events);
BENCHMARK_CAPTURE(batch, zstd, Coding::kZstd)->Name("Batch/zstd")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(batch, br, Coding::kBr)->Name("Batch/br")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(batch, gzip, Coding::kGzip)->Name("Batch/gzip")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(join, gzip, Coding::kGzip)->Name("Join/gzip");
BENCHMARK_CAPTURE(join, deflate, Coding::kDeflate)->Name("Join/deflate");

}  // namespace
}  // namespace fanfare
