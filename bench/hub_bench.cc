// What a delivery costs in the hub alone, without sockets: dispatch, pull and advance; and what audiences and
// subscriptions cost in memory.
//   OneAudience/N        N subscribers of one topic, an update of 128 bytes a turn
//   SharedAndOwn/N       N audiences of {shared topic, own topic}, a shared update a turn
//   ManyTemplates/N      N audiences of one template each; an update that matches one of them
// bytes_each: heap memory of a subscriber with its outlet, and with its audience where it has one of its own.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "fanfare/hub/hub.h"

namespace fanfare {
namespace {

class NoLog final : public CatchUpSource {
 public:
  void read_after(ReadRequest, ReadDone) override {}
};

class WhenAsked final : public OffThread {
 public:
  void run(std::move_only_function<void()> work, std::move_only_function<void()> then) override {
    jobs_.push_back({std::move(work), std::move(then)});
  }
  void finish() {
    while (!jobs_.empty()) {
      auto job = std::move(jobs_.front());
      jobs_.erase(jobs_.begin());
      job.first();
      job.second();
    }
  }

 private:
  std::vector<std::pair<std::move_only_function<void()>, std::move_only_function<void()>>> jobs_;
};

struct Connection final : Outlet {
  explicit Connection(std::vector<Connection*>& all_dirty) : dirty(all_dirty) {}
  void on_news() override { dirty.push_back(this); }
  void on_end(StreamEnd) override {}
  void on_reset() override {}
  std::vector<Connection*>& dirty;
  std::unique_ptr<Subscription> subscription;
};

std::size_t allocated_bytes() {
  return mallinfo2().uordblks;
}

class Shard {
 public:
  explicit Shard(std::size_t subscribers) { connections_.reserve(subscribers); }

  void add(std::vector<std::string> selectors) {
    connections_.push_back(std::make_unique<Connection>(dirty_));
    auto subscription =
        hub_.subscribe({.selectors = std::move(selectors), .grants = {}, .start = {}}, *connections_.back());
    connections_.back()->subscription = std::move(subscription.value());
  }
  void finish_building() { off_thread_.finish(); }

  // One turn; returns the bytes that went out.
  std::size_t deliver(const std::string& topic) {
    Update update;
    update.topics = {topic};
    update.id = "urn:uuid:00000000-0000-8000-8000-000000000000";
    update.data.assign(128, 'x');
    const LoggedUpdatePtr logged = std::make_shared<LoggedUpdate>(++position_, std::move(update));
    hub_.dispatch({&logged, 1});
    std::size_t sent = 0;
    for (Connection* each : dirty_) {
      std::string_view slices[8];
      std::size_t bytes = 0;
      const std::size_t count = each->subscription->pull(slices);
      for (std::size_t i = 0; i < count; ++i) bytes += slices[i].size();
      each->subscription->advance(bytes);
      sent += bytes;
    }
    dirty_.clear();
    return sent;
  }

 private:
  NoLog log_;
  WhenAsked off_thread_;
  ShardCounters counters_;
  Hub hub_{Limits{}, std::size_t{1} << 40, {log_, off_thread_, counters_}, 1};
  Position position_ = 1;
  std::vector<Connection*> dirty_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

// deliveries: by one call of deliver.
void report(benchmark::State& state, double deliveries, double bytes_each) {
  state.SetItemsProcessed(static_cast<std::int64_t>(deliveries) * state.iterations());
  state.counters["s_per_delivery"] =
      benchmark::Counter(deliveries, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["bytes_each"] = bytes_each;
}

void one_audience(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Shard shard(count);
  const std::size_t before = allocated_bytes();
  for (std::size_t i = 0; i < count; ++i) shard.add({"shared"});
  const std::size_t after = allocated_bytes();
  for (auto _ : state) benchmark::DoNotOptimize(shard.deliver("shared"));
  report(state, static_cast<double>(count), static_cast<double>(after - before) / static_cast<double>(count));
}
BENCHMARK(one_audience)->Name("OneAudience")->Arg(2'000)->Arg(15'000)->Unit(benchmark::kMicrosecond);

// Measured after the first delivery: what an audience keeps.
void shared_and_own(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Shard shard(count);
  const std::size_t before = allocated_bytes();
  for (std::size_t i = 0; i < count; ++i)
    shard.add({"https://example.com/all", "https://example.com/users/" + std::to_string(i)});
  shard.deliver("https://example.com/all");
  const std::size_t after = allocated_bytes();
  for (auto _ : state) benchmark::DoNotOptimize(shard.deliver("https://example.com/all"));
  report(state, static_cast<double>(count), static_cast<double>(after - before) / static_cast<double>(count));
}
BENCHMARK(shared_and_own)->Name("SharedAndOwn")->Arg(2'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void many_templates(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Shard shard(count);
  const std::size_t before = allocated_bytes();
  for (std::size_t i = 0; i < count; ++i) shard.add({"https://example.com/" + std::to_string(i) + "/{id}"});
  shard.finish_building();
  const std::size_t after = allocated_bytes();
  for (auto _ : state) benchmark::DoNotOptimize(shard.deliver("https://example.com/77/1"));
  report(state, 1, static_cast<double>(after - before) / static_cast<double>(count));
}
BENCHMARK(many_templates)->Name("ManyTemplates")->Arg(1'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace fanfare
