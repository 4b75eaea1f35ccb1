// The power goes at a random moment, and with it everything that was not synced: what publishers were told is there.
// FANFARE_SEED replays a run.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "tests/durability/acknowledged.h"
#include "tests/durability/faulty_file_system.h"

namespace fanfare {
namespace {

constexpr int kThreads = 8;

// Appends so many at once until it fails.
std::vector<Acknowledged> append_until_it_fails(EventLog& log, int thread, int at_once) {
  std::vector<Acknowledged> all;
  for (int number = 0;;) {
    std::vector<Update> updates;
    for (int i = 0; i < at_once; ++i) {
      updates.push_back(make_update(std::to_string(number + i) + std::string(200, ' '), {}, std::to_string(thread)));
    }
    const auto appended = append_all(log, std::move(updates));
    if (!appended) return all;
    for (const auto& each : *appended) all.push_back({thread, number++, each.position, each.id});
  }
}

struct Outcome {
  std::size_t acknowledged = 0;
  std::size_t lost = 0;
  std::uint64_t syncs = 0;
};

// Whether of what each thread appended at once all or nothing is held.
bool holds_whole_appends(const std::vector<LoggedUpdatePtr>& held, int at_once) {
  std::map<std::pair<int, int>, int> counts;
  for (const auto& logged : held) ++counts[{thread_of(*logged), number_of(*logged) / at_once}];
  return std::ranges::all_of(counts, [&](const auto& each) { return each.second == at_once; });
}

Outcome lose_power_after(std::chrono::microseconds delay, Durability durability, int at_once = 1) {
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
      threads.emplace_back([&log, &mine, thread, at_once] { mine = append_until_it_fails(*log, thread, at_once); });
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
  const auto held = read_all(**log);
  outcome.lost = count_lost(held, all);
  EXPECT_TRUE(holds_whole_appends(held, at_once));
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
    const int at_once = round % 2 == 0 ? 1 : 1 + static_cast<int>(random() % 300);
    const Outcome outcome = lose_power_after(std::chrono::microseconds(random() % 50'000), Durability::kFsync, at_once);
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
