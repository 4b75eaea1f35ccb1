// An event source under thousands of random schedules (testing/client/source_world.h). FANFARE_SCHEDULES sets how many;
// FANFARE_SEED replays the one that a failure has printed.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "testing/client/source_world.h"

namespace fanfare {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000;
constexpr std::uint64_t kSchedules = 20'000;

// A schedule in so many reaches each of what they are to test.
constexpr std::uint64_t kSeldom = 400;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A failed FANFARE_CHECK aborts: the seed must be on the screen all the same.
volatile std::sig_atomic_t running_seed = 0;

void tell_the_seed(int) {
  std::fprintf(stderr, "aborted in the schedule of FANFARE_SEED=%lld\n", static_cast<long long>(running_seed));
}

void print(const simulation::SourcesReached& reached, std::uint64_t schedules) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu schedules: %llu connections, %llu events, %llu comments, %llu errors, %llu whole logs, %llu quiet ends, "
      "%llu closes within calls, %llu pieces while paused, %llu losses while paused, %llu decisions; errors by kind:",
      number(schedules), number(reached.connections), number(reached.events), number(reached.comments),
      number(reached.errors), number(reached.whole_logs), number(reached.quiet_ends),
      number(reached.closes_within_calls), number(reached.pauses_with_bytes), number(reached.losses_while_paused),
      number(reached.decisions));
  for (const std::uint64_t count : reached.kinds) std::printf(" %llu", number(count));
  std::printf("; delays by sixteenths:");
  for (const std::uint64_t count : reached.jitter) std::printf(" %llu", number(count));
  std::printf("\n");
}

// The sum of squares of 16 classes is 15 on average, and above 50 for one seed in 80,000; a delay that leans by a
// twentieth to one side shows from some 10,000 delays on.
void expect_uniform(const std::array<std::uint64_t, 16>& classes) {
  const auto all = static_cast<double>(std::accumulate(classes.begin(), classes.end(), std::uint64_t{0}));
  const double each = all / static_cast<double>(classes.size());
  ASSERT_GT(each, 100);
  double sum = 0;
  for (const std::uint64_t count : classes) {
    const double off = static_cast<double>(count) - each;
    sum += off * off / each;
  }
  EXPECT_LT(sum, 50) << "delays with full jitter are not uniform";
}

TEST(Simulation, ASourceDeliversExactlyTheStreamWhateverFails) {
  const bool replay = std::getenv("FANFARE_SEED") != nullptr;
  const std::uint64_t first = from_environment("FANFARE_SEED", kFirstSeed);
  const std::uint64_t count = replay ? 1 : from_environment("FANFARE_SCHEDULES", kSchedules);
  const auto before = std::signal(SIGABRT, tell_the_seed);
  simulation::SourcesReached reached;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    running_seed = static_cast<std::sig_atomic_t>(seed);
    const std::string broken = simulation::run_source_schedule(seed, reached);
    ASSERT_EQ(broken, "") << "replay with FANFARE_SEED=" << seed;
  }
  std::signal(SIGABRT, before);
  std::printf("seeds from %llu on; ", static_cast<unsigned long long>(first));
  print(reached, count);
  if (count < 1'000) return;
  expect_uniform(reached.jitter);
  for (const std::uint64_t each : reached.kinds) EXPECT_GT(each, count / kSeldom);
  for (const std::uint64_t each : {reached.whole_logs, reached.quiet_ends, reached.closes_within_calls,
                                   reached.pauses_with_bytes, reached.losses_while_paused, reached.decisions}) {
    EXPECT_GT(each, count / kSeldom) << "the schedules no longer reach what they are to test";
  }
}

}  // namespace
}  // namespace fanfare
