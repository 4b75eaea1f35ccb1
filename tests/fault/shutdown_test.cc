// The end of a server: asked for, insisted on, sudden; and a beginning where somebody else is already.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "testing/live/server_process.h"

namespace fanfare::live {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMuch = 4'000;  // updates of a KiB: more than the kernel holds for a sleeping reader

bool log_tells(const ServerProcess& server, std::string_view event) {
  const std::string part = "\"event\":\"" + std::string(event) + "\"";
  return eventually([&] { return server.process().err().find(part) != std::string::npos; });
}

void expect_farewell(Subscriber& subscriber, std::uint64_t retry_ms_max) {
  EXPECT_EQ(subscriber.read_to_end(), Ended::kCleanly);
  subscriber.connection().close();  // as a client does: else the server waits for it a little
  ASSERT_TRUE(subscriber.retry_ms().has_value());
  EXPECT_GE(*subscriber.retry_ms(), 1'000u);
  EXPECT_LE(*subscriber.retry_ms(), retry_ms_max);
}

TEST(FaultShutdown, ATerminatedServerSaysFarewellToItsSubscribersAndEnds) {
  ServerProcess server({.limits = {"drain_ms=60000"}});
  Subscriber one(server.port(), {.topic = "t"});
  Subscriber another(server.port(), {.topic = "u"});
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(publisher.publish_series("t", 1, 3));
  publisher.connection().close();
  server.process().send_signal(SIGTERM);
  expect_farewell(one, 61'000);
  expect_farewell(another, 61'000);
  EXPECT_EQ(fault_in_series(one.events(), 1, 3), "");
  EXPECT_EQ(server.process().wait(), 0) << "long before drain_ms";
}

TEST(FaultShutdown, ASubscriberThatDoesNotReadDelaysTheEndNoLongerThanTheLimit) {
  ServerProcess server({.limits = {"drain_ms=1500"}});
  Subscriber stalled(server.port(), {.topic = "much"});
  Subscriber awake(server.port(), {.topic = "t"});
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(publisher.publish_series("much", 1, kMuch, 1'024));
  const auto begin = Clock::now();
  server.process().send_signal(SIGTERM);
  expect_farewell(awake, 2'500);
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_GE(Clock::now() - begin, milliseconds(1'400)) << "it was given no time";
  EXPECT_LT(Clock::now() - begin, milliseconds(6'000));
  EXPECT_NE(stalled.read_to_end(), Ended::kNo);
}

TEST(FaultShutdown, ASlowSubscriberIsEndedWithoutAGap) {
  ServerProcess server({.limits = {"drain_ms=60000"}});
  Subscriber slow(server.port(), {.topic = "much"});
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(publisher.publish_series("much", 1, kMuch, 1'024));
  server.process().send_signal(SIGTERM);
  ASSERT_TRUE(log_tells(server, "draining"));
  EXPECT_EQ(slow.read_to_end(), Ended::kCleanly);
  // What is not sent by the time of the drain is left to the reconnection: no gap, but perhaps not all.
  EXPECT_EQ(fault_in_series(slow.events(), 1, slow.events().size()), "");
  EXPECT_TRUE(slow.retry_ms().has_value());
  slow.connection().close();
  publisher.connection().close();
  EXPECT_EQ(server.process().wait(), 0);
}

TEST(FaultShutdown, ASecondSignalEndsAtOnce) {
  ServerProcess server({.limits = {"drain_ms=600000"}});
  Subscriber stalled(server.port(), {.topic = "much"});
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(publisher.publish_series("much", 1, kMuch, 1'024));
  server.process().send_signal(SIGTERM);
  ASSERT_TRUE(log_tells(server, "draining"));
  EXPECT_EQ(server.process().wait(milliseconds(500)), std::nullopt) << "nobody held it up";
  server.process().send_signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
}

TEST(FaultShutdown, APublicationInFlightIsAnsweredWholeOrNotAtAll) {
  ServerProcess server({.limits = {"drain_ms=600000"}});
  Subscriber stalled(server.port(), {.topic = "much"});
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(publisher.publish_series("much", 1, kMuch, 1'024));
  Connection halfway(server.port());
  const std::string text = publish_request(server.token(), "t", "data");
  EXPECT_TRUE(halfway.send(text.substr(0, text.size() - 3)));
  EXPECT_TRUE(server.metric_becomes("fanfare_connections", 4));

  server.process().send_signal(SIGTERM);
  ASSERT_TRUE(log_tells(server, "draining"));
  EXPECT_TRUE(halfway.send(text.substr(text.size() - 3)));
  EXPECT_EQ(read_answer(halfway).status, 200) << "its head came before the end was asked for";
  EXPECT_TRUE(halfway.receive_until_end());
  EXPECT_TRUE(publisher.connection().receive_until_end()) << "an idle connection is closed";
  EXPECT_EQ(publisher.connection().received(), "");
  EXPECT_TRUE(eventually([&] { return !Connection(server.port()).is_open(); })) << "it still accepts";
  for (Connection* each : {&halfway, &publisher.connection(), &stalled.connection()}) each->close();
  EXPECT_EQ(server.process().wait(), 0);
}

TEST(FaultShutdown, APublisherThatGoesOnThroughItSeesNoHalfAnswer) {
  ServerProcess server;
  Subscriber subscriber(server.port(), {.topic = "t"});
  Publisher publisher(server.port(), server.token());
  std::size_t published = 0;
  Answer last;
  std::thread publishing([&] {
    while ((last = publisher.publish("t", numbered(published + 1))).status == 200) ++published;
  });
  EXPECT_TRUE(subscriber.read_events(50));
  server.process().send_signal(SIGTERM);
  publishing.join();
  EXPECT_TRUE(last.status == 0 || last.status == 503) << last.head;
  EXPECT_EQ(publisher.connection().received(), "") << "half an answer";
  EXPECT_EQ(subscriber.read_to_end(), Ended::kCleanly);
  const std::size_t seen = subscriber.events().size();
  EXPECT_EQ(fault_in_series(subscriber.events(), 1, seen), "");
  EXPECT_LE(seen, published + 1) << "the last one may have lost its answer";
  publisher.connection().close();
  subscriber.connection().close();
  EXPECT_EQ(server.process().wait(), 0);
}

TEST(FaultShutdown, AfterASuddenEndTheListenerComesBackAndIsToldOfTheGap) {
  std::uint16_t port = 0;
  std::optional<ServerProcess> server(std::in_place);
  port = server->port();
  ChildProcess listener({.command = {kProgram, "listen", "--hub", server->url(), "--data", "t"}, .environment = {}});
  ASSERT_TRUE(server->metric_becomes("fanfare_subscribers", 1));
  ChildProcess publish({.command = {kProgram, "publish", "--hub", server->url(), "--token", server->token(), "--topic",
                                    "t", "--retry", "100", "before"},
                        .environment = {}});
  EXPECT_EQ(publish.wait(), 0) << publish.err();
  EXPECT_TRUE(eventually([&] { return listener.out() == "before\n"; }));
  EXPECT_EQ(listener.err().find("updates were missed"), std::string::npos);

  server->process().send_signal(SIGKILL);
  EXPECT_EQ(server->process().wait(), 128 + SIGKILL);
  server.emplace(ServerProcessOptions{.port = port});
  ASSERT_EQ(server->port(), port);
  EXPECT_TRUE(eventually([&] { return listener.err().find("updates were missed") != std::string::npos; }))
      << listener.err();
  EXPECT_EQ(Publisher(port, server->token()).publish("t", "after").status, 200);
  EXPECT_TRUE(eventually([&] { return listener.out() == "before\nafter\n"; })) << listener.out();
}

// Runs `fanfare serve` on the port, which must refuse.
void expect_port_refused(std::uint16_t port) {
  const std::string address = "127.0.0.1:" + std::to_string(port);
  ChildProcess second(
      {.command = {kProgram, "serve", "--dev", "--log", "memory", "--listen", address}, .environment = {}});
  EXPECT_EQ(second.wait(milliseconds(5'000)), 1);
  EXPECT_NE(second.err().find("cannot listen on " + address), std::string::npos) << second.err();
  EXPECT_NE(second.err().find("Address already in use"), std::string::npos) << second.err();
  EXPECT_EQ(second.out(), "") << "it greets before it serves";
}

TEST(FaultPort, OfAnotherProgramIsRefused) {
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(other, any, size), 0);
  ASSERT_EQ(::listen(other, 1), 0);
  ASSERT_EQ(::getsockname(other, any, &size), 0);
  expect_port_refused(ntohs(address.sin_port));
  ::close(other);
}

// Two hubs that share a port without knowing would each get half of the publishers and half of the subscribers.
TEST(FaultPort, OfAnotherHubIsRefused) {
  ServerProcess first;
  expect_port_refused(first.port());
  EXPECT_TRUE(first.is_healthy());
}

}  // namespace
}  // namespace fanfare::live
