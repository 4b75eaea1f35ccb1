// Subscribers that stop reading under load and then go on: served from the log, in order, with no queue kept for them;
// and told when the log no longer has what they miss. FANFARE_STALL_S: for how long one stops reading.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "fanfare/history_rocksdb/test_log.h"
#include "testing/live/server_process.h"
#include "tests/fault/ledger.h"

namespace fanfare::live {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kPerSecondMost = 2'000;
constexpr std::size_t kPerBurst = 20;
constexpr std::chrono::microseconds kBetweenBursts{1'000'000 * kPerBurst / kPerSecondMost};
constexpr std::size_t kUpdateBytes = 1'024;  // a minute of it is more than the log's recent updates in memory
constexpr double kHeldMost = kMiB;           // an audience's latest units, and what connections have not sent

// One publisher at a steady pace, or as fast as it goes, for so long at a time.
class SteadyPublisher {
 public:
  explicit SteadyPublisher(const ServerProcess& server) : server_(server), publisher_(server.port(), server.token()) {}

  void publish_for(std::chrono::seconds duration) {
    const auto begin = Clock::now();
    auto looks_next = begin;
    for (auto next = begin; next < begin + duration; next += kBetweenBursts) {
      std::this_thread::sleep_until(next);
      ASSERT_TRUE(publisher_.publish_series("t", published_ + 1, published_ + kPerBurst, kUpdateBytes));
      published_ += kPerBurst;
      next = std::max(next, Clock::now());  // what it could not keep up with is not made up for
      if (next < looks_next) continue;
      looks_next = next + milliseconds(500);
      held_most_ = std::max(held_most_, server_.metric("fanfare_held_bytes"));
    }
  }

  std::size_t published() const { return published_; }
  double held_most() const { return held_most_; }  // by the server for its subscribers, meanwhile

 private:
  const ServerProcess& server_;
  Publisher publisher_;
  std::size_t published_ = 0;
  double held_most_ = 0;
};

// Reads on a thread of its own until it is told how much there is.
class Reading {
 public:
  explicit Reading(Subscriber& subscriber) : subscriber_(subscriber), thread_([this] { read(); }) {}

  // Whether it has got updates 1 … last.
  std::string fault_after(std::size_t last) {
    is_told_ = true;
    thread_.join();
    subscriber_.read_events(last);
    return fault_in_series(subscriber_.events(), 1, last);
  }

 private:
  void read() {
    while (!is_told_) subscriber_.read_events(subscriber_.events().size() + 1, milliseconds(100));
  }

  Subscriber& subscriber_;
  std::atomic<bool> is_told_ = false;
  std::jthread thread_;
};

TEST(FallingBehind, OneThatStopsReadingForAMinuteGetsAllInOrderFromTheLog) {
  const std::chrono::seconds stall(number_from_environment("FANFARE_STALL_S", 60));
  const TestDirectory directory;
  ServerProcess server({.data = directory.path()});
  Subscriber stalled(server.port(), {.topic = "t"});
  Subscriber reader(server.port(), {.topic = "t"});
  ASSERT_TRUE(stalled.is_subscribed() && reader.is_subscribed());
  SteadyPublisher publisher(server);
  {
    Reading reading(reader);
    publisher.publish_for(stall);
    EXPECT_EQ(reading.fault_after(publisher.published()), "");
  }
  EXPECT_EQ(server.metric("fanfare_evictions_total"), 1) << "nobody, or more than the stalled one, fell behind";
  EXPECT_GT(publisher.published(), 100 * static_cast<std::size_t>(stall.count())) << "the load was none";
  {
    Reading reading(reader);
    Reading catching_up(stalled);
    publisher.publish_for(std::chrono::seconds(5));
    EXPECT_EQ(catching_up.fault_after(publisher.published()), "");
    EXPECT_EQ(reading.fault_after(publisher.published()), "");
  }
  EXPECT_LT(publisher.held_most(), kHeldMost);
  EXPECT_EQ(server.metric("fanfare_resets_total"), 0);
  EXPECT_TRUE(server.holds_next_to_nothing());
  std::printf("%zu updates, at most %.0f bytes held\n", publisher.published(), publisher.held_most());
}

// More than the kernel holds for a connection whose reader sleeps, and far more than the log keeps.
constexpr std::size_t kUpdates = 6'000;
constexpr std::size_t kKept = 200;
constexpr std::size_t kGapUpdateBytes = 1'024;

// The number of the oldest update that the log holds.
std::size_t oldest_held(const ServerProcess& server) {
  Subscriber subscriber(server.port(), {.topic = "t", .last_event_id = "earliest"});
  return subscriber.read_events(1) ? std::strtoull(subscriber.events().front().data.c_str(), nullptr, 10) : 0;
}

void expect_the_gap_told(const ServerProcessOptions& options) {
  ServerProcess server(options);
  Subscriber stalled(server.port(), {.topic = "t"});
  Publisher publisher(server.port(), server.token());
  ASSERT_TRUE(publisher.publish_series("t", 1, kUpdates, kGapUpdateBytes));
  ASSERT_TRUE(eventually([&] { return oldest_held(server) >= kUpdates - 2 * kKept; })) << oldest_held(server);

  EXPECT_EQ(stalled.read_to_end(), Ended::kCleanly);
  const std::size_t seen = stalled.events().size();
  ASSERT_GT(seen, 0u);
  ASSERT_LT(seen, kUpdates - 2 * kKept) << "the kernel held so much that nothing was missed";
  EXPECT_EQ(fault_in_series(stalled.events(), 1, seen), "");

  Subscriber back(server.port(), {.topic = "t", .last_event_id = stalled.events().back().id});
  EXPECT_EQ(back.answer().status, 200);
  EXPECT_EQ(back.answer().header("Last-Event-ID"), "earliest");
  const std::size_t oldest = oldest_held(server);
  EXPECT_TRUE(back.read_events(kUpdates - oldest + 1));
  EXPECT_EQ(fault_in_series(back.events(), oldest, kUpdates), "") << "it gets what is left";

  const std::string& last_id = back.events().back().id;
  EXPECT_EQ(Subscriber(server.port(), {.topic = "t", .last_event_id = last_id}).answer().header("Last-Event-ID"),
            last_id)
      << "nothing is missing after the last one";
}

TEST(FallingBehind, FurtherThanTheLogInMemoryReachesEndsTheStreamAndTheNextOneTellsOfTheGap) {
  expect_the_gap_told({.limits = {"memory_log_updates_max=" + std::to_string(kKept)}});
}

TEST(FallingBehind, FurtherThanTheDurableLogReachesEndsTheStreamAndTheNextOneTellsOfTheGap) {
  const TestDirectory directory;
  expect_the_gap_told({.limits = {"history_updates_max=" + std::to_string(kKept)}, .data = directory.path()});
}

}  // namespace
}  // namespace fanfare::live
