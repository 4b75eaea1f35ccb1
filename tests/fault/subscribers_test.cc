// Subscribers that do not do what subscribers should, next to some that do.
#include <gtest/gtest.h>

#include <csignal>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "testing/live/server_process.h"

namespace fanfare::live {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
// Far more than the kernel holds for a connection whose reader sleeps.
constexpr std::size_t kUpdates = 4'000;
constexpr std::size_t kUpdateBytes = 1'024;
constexpr std::size_t kLogBytes = kUpdates * kUpdateBytes;

TEST(FaultSubscribers, OneThatNeverReadsHoldsUpNobodyAndLosesNothing) {
  ServerProcess server;
  std::deque<Subscriber> stalled;
  for (int i = 0; i < 20; ++i) stalled.emplace_back(server.port(), SubscriberOptions{.topic = "t"});
  Subscriber reader(server.port(), {.topic = "t"});
  ASSERT_TRUE(reader.is_subscribed());
  Publisher publisher(server.port(), server.token());
  const std::size_t resident_before = server.resident_bytes();

  std::thread reading([&] { reader.read_events(kUpdates); });
  EXPECT_TRUE(publisher.publish_series("t", 1, kUpdates, kUpdateBytes));
  reading.join();
  EXPECT_EQ(fault_in_series(reader.events(), 1, kUpdates), "");
  EXPECT_GE(server.metric("fanfare_evictions_total"), 20) << "nobody was far enough behind to be a test";
  // The log holds each update once. A copy for each of the twenty would be 80 MiB.
  EXPECT_LT(server.resident_bytes(), resident_before + 2 * kLogBytes + 16 * kMiB);
  EXPECT_LT(server.metric("fanfare_held_bytes"), 4.0 * kMiB);
  EXPECT_EQ(server.metric("fanfare_resets_total"), 0);

  for (auto& each : stalled) {
    EXPECT_TRUE(each.read_events(kUpdates));
    EXPECT_EQ(fault_in_series(each.events(), 1, kUpdates), "");
  }
  EXPECT_TRUE(publisher.publish_series("t", kUpdates + 1, kUpdates + 1));
  for (auto& each : stalled) {
    EXPECT_TRUE(each.read_events(kUpdates + 1));
    EXPECT_EQ(fault_in_series(each.events(), 1, kUpdates + 1), "") << "after it has caught up";
  }
  EXPECT_TRUE(server.holds_next_to_nothing());
}

TEST(FaultSubscribers, AProcessThatIsStoppedForAWhileGetsAllInOrder) {
  ServerProcess server;
  ChildProcess listener({.command = {kProgram, "listen", "--hub", server.url(), "--data", "t"}, .environment = {}});
  ASSERT_TRUE(server.metric_becomes("fanfare_subscribers", 1));
  Subscriber reader(server.port(), {.topic = "t"});
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(publisher.publish_series("t", 1, 1));
  EXPECT_TRUE(eventually([&] { return listener.out() == "1 \n"; }));

  listener.send_signal(SIGSTOP);
  std::thread reading([&] { reader.read_events(kUpdates); });
  EXPECT_TRUE(publisher.publish_series("t", 2, kUpdates, kUpdateBytes));
  reading.join();
  EXPECT_EQ(fault_in_series(reader.events(), 1, kUpdates), "");
  EXPECT_EQ(listener.out(), "1 \n");
  EXPECT_GE(server.metric("fanfare_evictions_total"), 1);

  listener.send_signal(SIGCONT);
  std::string expected;
  for (std::size_t number = 1; number <= kUpdates; ++number) {
    expected += numbered(number, number == 1 ? 0 : kUpdateBytes) + "\n";
  }
  EXPECT_TRUE(eventually([&] { return listener.out().size() >= expected.size(); }));
  EXPECT_TRUE(listener.out() == expected);
}

TEST(FaultSubscribers, ALittleGarbageAfterTheRequestIsIgnored) {
  ServerProcess server;
  Subscriber subscriber(server.port(), {.topic = "t"});
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(subscriber.connection().send(std::string("\0\xFF\r\n\r\nGET nothing HTTP/9\r\n\r\n", 31)));
  EXPECT_TRUE(subscriber.connection().send(std::string(8'000, '\n')));
  EXPECT_TRUE(publisher.publish_series("t", 1, 3));
  EXPECT_TRUE(subscriber.read_events(3));
  EXPECT_EQ(fault_in_series(subscriber.events(), 1, 3), "");
  EXPECT_TRUE(server.is_healthy());
}

TEST(FaultSubscribers, GarbageWithoutEndClosesItsConnectionOnly) {
  ServerProcess server;
  Subscriber flooding(server.port(), {.topic = "t"});
  Subscriber other(server.port(), {.topic = "t"});
  ASSERT_TRUE(flooding.is_subscribed());
  Publisher publisher(server.port(), server.token());
  flooding.connection().send(std::string(64 * 1024, 'x'));
  EXPECT_NE(flooding.read_to_end(), Ended::kNo);
  EXPECT_TRUE(server.metric_becomes("fanfare_subscribers", 1));
  EXPECT_TRUE(publisher.publish_series("t", 1, 1));
  EXPECT_TRUE(other.read_events(1));
  EXPECT_TRUE(server.is_healthy());
}

TEST(FaultSubscribers, ComingAndGoingLeavesNothingBehind) {
  ServerProcess server;
  Publisher publisher(server.port(), server.token());
  std::size_t resident_after_some = 0;
  constexpr std::size_t kVisits = 2'000;
  constexpr std::size_t kTopics = 50;
  std::deque<Subscriber> present;
  for (std::size_t visit = 0; visit < kVisits; ++visit) {
    const std::string topic = "t" + std::to_string(visit % kTopics);
    if (visit % 4 == 3) {  // leaves before the answer has come
      Connection hasty(server.port());
      hasty.send("GET /.well-known/mercure?topic={any}&topic=" + topic + " HTTP/1.1\r\nHost: a\r\n\r\n");
      continue;
    }
    present.emplace_back(server.port(), SubscriberOptions{.topic = topic});
    ASSERT_TRUE(present.back().is_subscribed());
    if (visit % 10 == 0) {
      EXPECT_EQ(publisher.publish(topic, numbered(1)).status, 200);
      EXPECT_TRUE(present.back().read_events(1));
    }
    if (present.size() > kTopics) present.pop_front();
    if (visit == kVisits / 4) resident_after_some = server.resident_bytes();
  }
  EXPECT_LT(server.resident_bytes(), resident_after_some + 4 * kMiB);
  EXPECT_GE(server.metric("fanfare_audiences"), kTopics / 2.0);
  present.clear();
  publisher.connection().close();
  EXPECT_TRUE(server.is_deserted());
}

}  // namespace
}  // namespace fanfare::live
