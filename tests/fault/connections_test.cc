// More connections than the process may have files.
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <thread>

#include "testing/live/server_process.h"

namespace fanfare::live {
namespace {

constexpr std::size_t kFiles = 256;
constexpr std::size_t kSubscribers = 100;
constexpr std::size_t kSilent = 300;
constexpr milliseconds kWatched{2'000};

double cpu_share_while_nothing_happens(const ServerProcess& server) {
  const double before = server.cpu_seconds();
  std::this_thread::sleep_for(kWatched);
  return (server.cpu_seconds() - before) / std::chrono::duration<double>(kWatched).count();
}

// Some subscribers, then so many silent connections that most of them wait in the backlog.
void serve_on_with_a_full_house(const std::vector<std::string>& limits) {
  ServerProcess server({.limits = limits, .files_max = kFiles});
  Publisher publisher(server.port(), server.token());
  std::deque<Subscriber> subscribers;
  for (std::size_t i = 0; i < kSubscribers; ++i) {
    subscribers.emplace_back(server.port(), SubscriberOptions{.topic = "t"});
    ASSERT_TRUE(subscribers.back().is_subscribed());
  }
  std::deque<Connection> silent;
  for (std::size_t i = 0; i < kSilent; ++i) {
    silent.emplace_back(server.port());
    ASSERT_TRUE(silent.back().is_open());
  }
  EXPECT_LT(cpu_share_while_nothing_happens(server), 0.2);

  EXPECT_TRUE(publisher.publish_series("t", 1, 3));
  for (auto& each : subscribers) {
    EXPECT_TRUE(each.read_events(3));
    EXPECT_EQ(fault_in_series(each.events(), 1, 3), "");
  }
  silent.clear();
  subscribers.clear();
  Subscriber late(server.port(), {.topic = "t"});
  EXPECT_TRUE(late.is_subscribed());
  EXPECT_TRUE(publisher.publish_series("t", 4, 4));
  EXPECT_TRUE(late.read_events(1));
  publisher.connection().close();
  late.connection().close();
  EXPECT_TRUE(server.is_deserted());
}

TEST(FaultConnections, BeyondTheFilesWaitWhileTheOthersAreServed) {
  serve_on_with_a_full_house({});
}

// With no reserve accept() itself fails for want of files (EMFILE), with connections waiting.
TEST(FaultConnections, AcceptDoesNotSpinWhenItHasNoFile) {
  serve_on_with_a_full_house({"reserved_files=0"});
}

TEST(FaultConnections, OneTooManyIsToldWhenToComeBack) {
  ServerProcess server({.limits = {"retry_after_s=7"}, .files_max = kFiles});
  std::deque<Subscriber> subscribers;
  do {
    subscribers.emplace_back(server.port(), SubscriberOptions{.topic = "t"});
  } while (subscribers.back().is_subscribed() && subscribers.size() <= kFiles);
  EXPECT_GT(subscribers.size(), kFiles / 2);
  EXPECT_LT(subscribers.size(), kFiles);
  EXPECT_EQ(subscribers.back().answer().status, 503);
  EXPECT_EQ(subscribers.back().answer().header("Retry-After"), "7");
  EXPECT_TRUE(subscribers.back().connection().receive_until_end());

  subscribers.pop_back();
  subscribers.pop_front();
  EXPECT_TRUE(eventually([&] { return Publisher(server.port(), server.token()).publish_series("t", 1, 1); }));
  for (auto& each : subscribers) EXPECT_TRUE(each.read_events(1));
}

}  // namespace
}  // namespace fanfare::live
