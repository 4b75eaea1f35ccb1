// The hub under thousands of random schedules (testing/simulation.h). FANFARE_SCHEDULES sets how many; FANFARE_SEED
// replays the one that a failure has printed.
#include "testing/simulation.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "fanfare/history/memory_log.h"

namespace fanfare {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000;
constexpr std::uint64_t kSchedules = 4'000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::unique_ptr<EventLog> memory_log(const Limits& limits) {
  return std::make_unique<MemoryLog>(limits);
}

// A failed FANFARE_CHECK aborts: the seed must be on the screen all the same.
volatile std::sig_atomic_t running_seed = 0;

void tell_the_seed(int) {
  std::fprintf(stderr, "aborted in the schedule of FANFARE_SEED=%lld\n", static_cast<long long>(running_seed));
}

TEST(Simulation, EverySubscriberGetsExactlyWhatMatchesInOrderWithinTheBudget) {
  const bool replay = std::getenv("FANFARE_SEED") != nullptr;
  const std::uint64_t first = from_environment("FANFARE_SEED", kFirstSeed);
  const std::uint64_t count = replay ? 1 : from_environment("FANFARE_SCHEDULES", kSchedules);
  const auto before = std::signal(SIGABRT, tell_the_seed);
  simulation::Reached reached;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    running_seed = static_cast<std::sig_atomic_t>(seed);
    const std::string broken = simulation::run_schedule(seed, memory_log, reached);
    ASSERT_EQ(broken, "") << "replay with FANFARE_SEED=" << seed;
  }
  std::signal(SIGABRT, before);
  std::printf(
      "%llu schedules: %llu subscribers, %llu updates, %llu events, %llu shared units, %llu catch-ups, "
      "%llu evictions, %llu resets, %llu gaps, %llu finished, %llu ahead, %llu with a coding, %llu pieces alone, "
      "%llu in groups, %llu primed\n",
      static_cast<unsigned long long>(count), static_cast<unsigned long long>(reached.subscribers),
      static_cast<unsigned long long>(reached.updates), static_cast<unsigned long long>(reached.events),
      static_cast<unsigned long long>(reached.shared_units), static_cast<unsigned long long>(reached.catch_ups),
      static_cast<unsigned long long>(reached.evictions), static_cast<unsigned long long>(reached.resets),
      static_cast<unsigned long long>(reached.gaps), static_cast<unsigned long long>(reached.finished),
      static_cast<unsigned long long>(reached.ahead), static_cast<unsigned long long>(reached.coded_subscribers),
      static_cast<unsigned long long>(reached.pieces_standalone),
      static_cast<unsigned long long>(reached.pieces_in_group), static_cast<unsigned long long>(reached.pieces_primed));
  if (count < 1'000) return;
  for (const std::uint64_t each :
       {reached.shared_units, reached.evictions, reached.resets, reached.gaps, reached.finished, reached.ahead,
        reached.coded_subscribers, reached.pieces_standalone, reached.pieces_in_group, reached.pieces_primed}) {
    EXPECT_GT(each, count / 50) << "the schedules no longer reach what they are to test";
  }
}

}  // namespace
}  // namespace fanfare
