// The power goes at a random moment, and with it everything that was not synced: what publishers were told is there.
// FANFARE_SEED replays a run.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/durability/acknowledged.h"
#include "tests/durability/faulty_file_system.h"

namespace fanfare {
namespace {

constexpr int kThreads = 8;

// Appends until it fails.
std::vector<Acknowledged> append_until_it_fails(EventLog& log, int thread) {
  std::vector<Acknowledged> all;
  for (int number = 0;; ++number) {
    const auto appended =
        append(log, make_update(std::to_string(number) + std::string(200, ' '), {}, std::to_string(thread)));
    if (!appended) return all;
    all.push_back({thread, number, appended->position, appended->id});
  }
}

struct Outcome {
  std::size_t acknowledged = 0;
  std::size_t lost = 0;
  std::uint64_t syncs = 0;
};

Outcome lose_power_after(std::chrono::microseconds delay, Durability durability) {
  const TestDirectory directory;
  RocksDbLogOptions options;
  options.directory = directory.path();
  options.durability = durability;
  FaultyFileSystem files;
  options.env = files.env();
  std::vector<std::vector<Acknowledged>> acknowledged(kThreads);
  {
    const auto log = open_rocksdb_log(options).value();
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      auto& mine = acknowledged[static_cast<std::size_t>(thread)];
      threads.emplace_back([&log, &mine, thread] { mine = append_until_it_fails(*log, thread); });
    }
    std::this_thread::sleep_for(delay);
    files.lose_power();
    threads.clear();
  }
  files.forget_unsynced();

  Outcome outcome;
  outcome.syncs = files.syncs();
  options.env = nullptr;
  const auto log = open_rocksdb_log(options);
  EXPECT_TRUE(log) << log.error().message;
  if (!log) return outcome;
  std::vector<Acknowledged> all;
  Position newest = kBeforeAll;
  for (const auto& each : acknowledged) all.insert(all.end(), each.begin(), each.end());
  for (const auto& each : all) newest = std::max(newest, each.position);
  outcome.acknowledged = all.size();
  outcome.lost = count_lost(read_all(**log), all);
  EXPECT_GT(append(**log, make_update("0", {}, "9")).value().position, newest)
      << "a position that somebody has seen is given again";
  return outcome;
}

TEST(PowerLoss, LosesNothingThatWasAcknowledgedBecauseItWasSynced) {
  const char* given = std::getenv("FANFARE_SEED");
  const unsigned seed = given == nullptr ? std::random_device{}() : static_cast<unsigned>(std::atoi(given));
  std::printf("FANFARE_SEED=%u\n", seed);
  std::mt19937 random(seed);
  std::size_t acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    const Outcome outcome = lose_power_after(std::chrono::microseconds(random() % 50'000), Durability::kFsync);
    ASSERT_EQ(outcome.lost, 0u) << "of " << outcome.acknowledged << " in round " << round;
    acknowledged += outcome.acknowledged;
  }
  EXPECT_GT(acknowledged, 1'000u);
}

// The proof of the proof: where nothing is synced, the test above would fail.
TEST(PowerLoss, LosesAcknowledgedUpdatesWhereTheyAreNotSynced) {
  const Outcome outcome = lose_power_after(std::chrono::milliseconds(50), Durability::kOs);
  EXPECT_GT(outcome.acknowledged, 100u);
  EXPECT_GT(outcome.lost, outcome.acknowledged / 2);
}

TEST(GroupCommit, LetsPublishersShareOneSync) {
  const Outcome outcome = lose_power_after(std::chrono::milliseconds(100), Durability::kFsync);
  std::printf("%zu acknowledged with %llu syncs\n", outcome.acknowledged,
              static_cast<unsigned long long>(outcome.syncs));
  EXPECT_LT(outcome.syncs, outcome.acknowledged / 2);
}

}  // namespace
}  // namespace fanfare
