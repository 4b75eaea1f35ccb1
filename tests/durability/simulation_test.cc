// The hub's random schedules (testing/simulation.h) over the durable log, whose files are in memory. FANFARE_SCHEDULES
// sets how many; FANFARE_SEED replays the one that a failure has printed.
#include "testing/simulation.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <cstdlib>
#include <memory>

#include "fanfare/history_rocksdb/test_log.h"

namespace fanfare {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000;
constexpr std::uint64_t kSchedules = 200;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SimulationOverTheDurableLog, EverySubscriberGetsExactlyWhatMatchesInOrderWithinTheBudget) {
  const bool replay = std::getenv("FANFARE_SEED") != nullptr;
  const std::uint64_t first = from_environment("FANFARE_SEED", kFirstSeed);
  const std::uint64_t count = replay ? 1 : from_environment("FANFARE_SCHEDULES", kSchedules);
  simulation::Reached reached;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("replay with FANFARE_SEED=" + std::to_string(seed));
    const TestDirectory directory;
    const std::unique_ptr<rocksdb::Env> files(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    const auto make_log = [&](const Limits&) {
      RocksDbLogOptions options;
      options.directory = directory.path();
      options.env = files.get();
      options.tail_bytes_max = 2'000;  // so that most reads are of files
      return open_rocksdb_log(std::move(options)).value();
    };
    ASSERT_EQ(simulation::run_schedule(seed, make_log, reached), "");
  }
  std::printf("%llu schedules, %llu updates, %llu catch-ups\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(reached.updates), static_cast<unsigned long long>(reached.catch_ups));
  if (replay) return;
  EXPECT_GT(reached.catch_ups, count) << "the log was not read";
}

}  // namespace
}  // namespace fanfare
