// The memory log between threads: for ThreadSanitizer as much as for the assertions.
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <map>
#include <thread>

#include "fanfare/history/memory_log.h"

namespace fanfare {
namespace {

constexpr int kThreads = 3;
constexpr int kUpdatesPerThread = 400;

class Follower final : public LogFollower {
 public:
  void on_committed(std::span<const LoggedUpdatePtr> batch) override {
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  std::vector<LoggedUpdatePtr> seen;
};

class Everything final : public UpdateFilter {
 public:
  bool wants(const Update&) const override { return true; }
  bool selects(std::string_view) const override { return true; }
};

void append_from_threads(MemoryLog& log, std::atomic<int>& done) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&log, &done, thread] {
      for (int i = 0; i < kUpdatesPerThread; ++i) {
        Update update;
        update.topics = {"t"};
        update.data = std::to_string(thread) + ":" + std::to_string(i);
        log.append(std::move(update), [&](Result<Appended> result) { done += result ? 1 : 0; });
      }
    });
  }
}

// One order for all, and in it each publisher's own.
void check_order(const std::vector<LoggedUpdatePtr>& seen) {
  std::map<char, int> next;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i]->position, seen.front()->position + i);
    const std::string& data = seen[i]->update.data;
    EXPECT_EQ(std::stoi(data.substr(2)), next[data[0]]++);
  }
}

TEST(MemoryLogThreads, AllFollowersSeeOneOrderWithoutGapOrRepeat) {
  MemoryLog log{Limits{}};
  Follower first;
  Follower second;
  log.follow(first);
  log.follow(second);
  std::atomic<int> done = 0;
  append_from_threads(log, done);
  log.unfollow(first);
  log.unfollow(second);
  EXPECT_EQ(done, kThreads * kUpdatesPerThread);
  ASSERT_EQ(first.seen.size(), static_cast<std::size_t>(kThreads * kUpdatesPerThread));
  EXPECT_EQ(first.seen, second.seen);
  check_order(first.seen);
}

TEST(MemoryLogThreads, WhoBeginsToFollowInTheMiddleJoinsItsReadsToWhatFollows) {
  MemoryLog log{Limits{}};
  std::atomic<int> done = 0;
  Follower follower;
  std::vector<LoggedUpdatePtr> all;
  {
    std::jthread appending([&] { append_from_threads(log, done); });
    while (done < kUpdatesPerThread / 2) std::this_thread::yield();
    const Position joined = log.follow(follower);
    log.read_after({.after = kBeforeAll,
                    .through = joined,
                    .filter = std::make_shared<Everything>(),
                    .bytes_max = std::numeric_limits<std::size_t>::max(),
                    .scan_updates_max = std::numeric_limits<std::size_t>::max()},
                   [&](Result<ReadResult> result) { all = std::move(result->updates); });
  }
  log.unfollow(follower);
  all.insert(all.end(), follower.seen.begin(), follower.seen.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kUpdatesPerThread));
  check_order(all);
}

TEST(MemoryLogThreads, ReadersAndLookupsGoOnWhileTheLogTrims) {
  Limits limits;
  limits.memory_log_updates_max = 20;
  MemoryLog log{limits};
  std::atomic<int> done = 0;
  std::jthread appending([&] { append_from_threads(log, done); });
  std::size_t held_most = 0;
  while (done < kThreads * kUpdatesPerThread) {
    std::string id;
    log.read_after({kBeforeAll, std::numeric_limits<Position>::max(), std::make_shared<Everything>(), 1 << 20, 1'000},
                   [&](Result<ReadResult> result) {
                     held_most = std::max(held_most, result->updates.size());
                     if (!result->updates.empty()) id = result->updates.back()->update.id;
                   });
    if (!id.empty()) {
      log.find(id, [](Result<FindResult> result) { EXPECT_NE(result->status, FindStatus::kUnknown); });
    }
  }
  EXPECT_LE(held_most, 20u);
}

}  // namespace
}  // namespace fanfare
