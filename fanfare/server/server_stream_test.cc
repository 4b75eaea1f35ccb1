// A whole server over real sockets: streams over time. Order, heartbeats, tokens that expire, readers that are slow or
// stuck, and the end of the server.
#include <gtest/gtest.h>

#include <csignal>
#include <ctime>

#include "fanfare/server/async_log.h"
#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

const std::string kToken = token_for({"*"}, {"*"});

std::string numbered_post(std::size_t number, std::size_t bytes, std::string_view topic = "a") {
  const std::string text = std::to_string(number);
  return post("topic=" + std::string(topic) + "&id=" + text + "&data=" + std::string(bytes, 'x'), kToken);
}

// Publishes updates 0 … count-1, one after the other on one connection.
void publish_numbered(std::uint16_t port, std::size_t count, std::size_t bytes, std::string_view topic = "a") {
  Client publisher(port);
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(publisher.send(numbered_post(i, bytes, topic)).read_answer().status, 200);
  }
}

void expect_numbered(Client& subscriber, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(subscriber.read_event().starts_with("id: " + std::to_string(i) + "\n")) << i;
  }
}

TEST(ServerStream, ConcurrentPublishersAreSeenInOneOrderByTheSubscribersOfAllShards) {
  constexpr std::size_t kUpdates = 300;
  constexpr int kPublishers = 3;
  ServerUnderTest server([](ServerOptions& options) {
    options.limits.turn_bytes_max = 1;
    options.limits.flush_us_max = 1;
  });
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  for (int i = 0; i < 8; ++i) subscribers.push_back(std::make_unique<Subscriber>(server.port(), "topic=*"));
  std::vector<std::thread> publishers;
  for (int p = 0; p < kPublishers; ++p) {
    publishers.emplace_back([&, p] { publish_numbered(server.port(), kUpdates, 1, "t" + std::to_string(p)); });
  }
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < kUpdates * kPublishers; ++i) seen.push_back(subscribers[0]->read_event());
  for (std::size_t s = 1; s < subscribers.size(); ++s) {
    for (const auto& event : seen) ASSERT_EQ(subscribers[s]->read_event(), event) << "subscriber " << s;
  }
  for (auto& each : publishers) each.join();
  Subscriber replayed(server.port(), "topic=t1&lastEventID=earliest");
  expect_numbered(replayed, kUpdates);
}

TEST(ServerStream, SilentStreamsHaveAHeartbeat) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.heartbeat_ms = 200; });
  Subscriber subscriber(server.port(), "topic=a");
  EXPECT_EQ(subscriber.read_chunk(), ":\n");
  EXPECT_EQ(subscriber.read_chunk(), ":\n");
}

// The tick that ends two streams also brings the others their heartbeat: all are written together.
TEST(ServerStream, AStreamEndsWithItsTokenAndDisturbsNoOther) {
  ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.heartbeat_ms = 1;
  });
  std::vector<std::unique_ptr<Subscriber>> stay;
  const auto add_audience = [&](const std::string& topic) {
    stay.push_back(std::make_unique<Subscriber>(server.port(), "topic=all&topic=" + topic));
  };
  for (const char* topic : {"a", "c", "d", "e"}) add_audience(topic);
  const std::int64_t until_s = std::time(nullptr) + 1;
  const std::string expiring = "topic=b&authorization=" + token_for({}, {"b"}, until_s);
  Subscriber first(server.port(), expiring);
  Subscriber second(server.port(), expiring);
  for (const char* topic : {"f", "g", "h", "i"}) add_audience(topic);  // some are written before those two, some after
  ask(server.port(), post("topic=b&id=1&private", kToken));
  for (Subscriber* each : {&first, &second}) {
    EXPECT_EQ(each->read_event(), "id: 1\ndata: \n\n");
    EXPECT_EQ(each->read_event(), "");
    EXPECT_GE(std::time(nullptr), until_s);
    EXPECT_EQ(each->send(get("/healthz")).read_answer().body, "ok\n");
  }
  ask(server.port(), post("topic=all&id=2", kToken));
  for (const auto& each : stay) EXPECT_EQ(each->read_event(), "id: 2\ndata: \n\n");
}

TEST(ServerStream, ASlowReaderGetsEverythingInOrderAndHoldsUpNobody) {
  constexpr std::size_t kUpdates = 600;
  ServerUnderTest server([](ServerOptions& options) {
    options.limits.unit_bytes_max = 16 * 1024;
    options.limits.audience_units_bytes_max = 64 * 1024;
    options.limits.unsent_bytes_max = 16 * 1024;
    options.limits.catch_up_read_bytes_max = 16 * 1024;
  });
  Subscriber slow(server.port(), "topic=a", {}, 4'096);
  Subscriber fast(server.port(), "topic=a");
  std::thread publisher([&] { publish_numbered(server.port(), kUpdates, 10'000); });
  expect_numbered(fast, kUpdates);  // though the slow one has read nothing
  publisher.join();
  while (metric(server.port(), "fanfare_evictions_total") == 0) std::this_thread::yield();
  expect_numbered(slow, kUpdates);
  publish_numbered(server.port(), 3, 1);
  expect_numbered(slow, 3);
  expect_numbered(fast, 3);
}

// A round of writes that took in whoever could go on would not end before the last replay.
TEST(ServerStream, ManyReplaysLeaveLiveSubscribersTheirTurn) {
  constexpr std::size_t kReplays = 150;
  constexpr std::size_t kUpdates = 500;
  ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.flush_us_max = 1;
    options.limits.catch_up_read_bytes_max = 1;
  });
  publish_numbered(server.port(), kUpdates, 1);
  Subscriber live(server.port(), "topic=b");
  std::vector<std::unique_ptr<Subscriber>> replays;
  for (std::size_t i = 0; i < kReplays; ++i) {
    replays.push_back(std::make_unique<Subscriber>(server.port(), "topic=a&lastEventID=earliest"));
  }
  publish_numbered(server.port(), 1, 1, "b");
  expect_numbered(live, 1);
  EXPECT_LT(metric(server.port(), "fanfare_deliveries_total"), kReplays * kUpdates / 2);
  for (const std::size_t i : {std::size_t{0}, kReplays - 1}) expect_numbered(*replays[i], kUpdates);
}

TEST(ServerStream, WhoHoldsTooMuchMemoryIsResetAndTheOthersGoOn) {
  constexpr std::size_t kStuck = 20;
  ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.update_bytes_max = 256 * 1024;
    options.limits.budget_bytes = 8 * options.limits.update_bytes_max;
    options.limits.unsent_bytes_max = 4'096;
  });
  std::vector<std::unique_ptr<Subscriber>> stuck;
  for (std::size_t i = 0; i < kStuck; ++i) {
    stuck.push_back(std::make_unique<Subscriber>(server.port(), "topic=t" + std::to_string(i), "", 4'096));
  }
  Subscriber reader(server.port(), "topic=a");
  for (std::size_t i = 0; i < kStuck; ++i) publish_numbered(server.port(), 4, 250'000, "t" + std::to_string(i));
  publish_numbered(server.port(), 4, 250'000);
  expect_numbered(reader, 4);
  while (metric(server.port(), "fanfare_resets_total") == 0) std::this_thread::yield();
  while (metric(server.port(), "fanfare_held_bytes") > 8 * 256 * 1024) std::this_thread::yield();
  std::size_t resets = 0;
  for (auto& each : stuck) {
    if (metric(server.port(), "fanfare_subscribers") == kStuck + 1) break;
    each->end_sending();
    each->read_to_end();
    resets += each->was_reset() ? 1 : 0;
  }
  EXPECT_GT(resets, 0u);
}

TEST(ServerStream, DrainingTellsSubscribersToComeBackAndEndsAllCleanly) {
  ServerUnderTest server;
  Subscriber first(server.port(), "topic=a");
  Subscriber second(server.port(), "topic=b&lastEventID=earliest");
  Client idle(server.port());
  EXPECT_EQ(idle.send(get("/healthz")).read_answer().status, 200);
  Client publishing(server.port());
  const std::string request = post("topic=a&id=1", kToken, "Expect: 100-continue\r\n");
  publishing.send(request.substr(0, request.size() - 1));
  EXPECT_TRUE(publishing.read_through("\r\n\r\n").starts_with("HTTP/1.1 100 "));
  server.server().stop();
  for (Subscriber* each : {&first, &second}) {
    const std::string last_words = each->read_event();
    EXPECT_TRUE(last_words.starts_with("retry: ")) << last_words;
    EXPECT_GE(std::stoul(last_words.substr(7)), 1'000u);
    EXPECT_EQ(each->read_event(), "");
    EXPECT_EQ(each->read_to_end(), "");
  }
  EXPECT_EQ(idle.read_to_end(), "");
  const auto answer = publishing.send(request.substr(request.size() - 1)).read_answer();
  EXPECT_EQ(answer.body, "1");
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(publishing.read_to_end(), "");
  server.join();
  EXPECT_FALSE(Client(server.port()).is_connected());
}

// The publisher's answer comes before most of a large audience has the update.
TEST(ServerStream, WhatWasAcknowledgedBeforeTheEndIsDeliveredBeforeTheFarewell) {
  ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.flush_us_max = 1;
  });
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  for (int i = 0; i < 400; ++i) subscribers.push_back(std::make_unique<Subscriber>(server.port(), "topic=a"));
  publish_numbered(server.port(), 1, 1);
  server.server().stop();
  for (const auto& each : subscribers) {
    expect_numbered(*each, 1);
    ASSERT_TRUE(each->read_event().starts_with("retry: "));
  }
}

// A reader that is stuck in the middle of an update.
std::unique_ptr<Subscriber> stuck_subscriber(std::uint16_t port) {
  auto stuck = std::make_unique<Subscriber>(port, "topic=a", "", 4'096);
  publish_numbered(port, 8, 1'000'000);
  return stuck;
}

TEST(ServerStream, DrainingWaitsForAStuckReaderOnlySoLong) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.drain_ms = 300; });
  const auto stuck = stuck_subscriber(server.port());
  server.server().stop();
  server.join();
}

TEST(ServerStream, ASecondRequestToStopEndsTheServerAtOnce) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.drain_ms = 600'000; });
  const auto stuck = stuck_subscriber(server.port());
  server.server().stop();
  server.server().stop();
  server.join();
}

TEST(ServerStream, TerminationSignalsDrainTheServer) {
  ServerUnderTest server;
  Subscriber subscriber(server.port(), "topic=a");
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(subscriber.read_event().starts_with("retry: "));
  server.join();
}

TEST(ServerStream, ALogMayCompleteWhatWasAskedOfItWhenTheServerIsGone) {
  AsyncLog history;
  {
    ServerUnderTest server({}, &history);
    Client publisher(server.port());
    for (std::size_t i = 0; i < 50; ++i) {
      Client(server.port()).send(numbered_post(i, 100)).send(subscribe("topic=a&lastEventID=1"));
    }
    EXPECT_EQ(publisher.send(numbered_post(50, 1)).read_answer().status, 200);
  }
}

}  // namespace
}  // namespace fanfare
