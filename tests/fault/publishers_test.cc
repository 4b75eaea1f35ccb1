// Publishers and other clients whose requests never become whole, or should not.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "testing/live/server_process.h"

namespace fanfare::live {
namespace {

using Clock = std::chrono::steady_clock;

// The head of a publication, up to the field that tells where the body ends.
std::string post_head(const ServerProcess& server, std::string_view framing) {
  return "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + server.token() +
         "\r\nContent-Type: application/x-www-form-urlencoded\r\n" + std::string(framing) + "\r\n\r\n";
}

TEST(FaultPublishers, OneThatLeavesInMidBodyPublishesNothing) {
  ServerProcess server({.limits = {"request_idle_ms=600000"}});  // its leaving alone ends it
  Subscriber subscriber(server.port(), {.topic = "t"});
  const std::string unfinished[] = {
      post_head(server, "Content-Length: 100") + "topic=t&data=half",
      post_head(server, "Transfer-Encoding: chunked") + "11\r\ntopic=t&data=half\r\n",
      post_head(server, "Transfer-Encoding: chunked") + "12\r\ntopic=t&data=half",
      post_head(server, "Transfer-Encoding: chunked") + "11\r\ntopic=t&data=half\r\n0\r\n",
  };
  for (const auto& text : unfinished) {
    Connection leaving(server.port());
    EXPECT_TRUE(leaving.send(text));
    EXPECT_TRUE(server.metric_becomes("fanfare_connections", 3)) << "the subscriber, this one and who asks";
    leaving.close();
    EXPECT_TRUE(server.metric_becomes("fanfare_connections", 2)) << text;
  }
  EXPECT_EQ(server.metric("fanfare_updates_total"), 0);
  {
    Connection whole(server.port());
    EXPECT_TRUE(whole.send(unfinished[3] + "\r\n"));
    EXPECT_EQ(read_answer(whole).status, 200);
  }
  EXPECT_TRUE(subscriber.read_events(1));
  EXPECT_EQ(subscriber.events().size(), 1u);
  subscriber.connection().close();
  EXPECT_TRUE(server.is_deserted());
}

TEST(FaultPublishers, ABodyOfTwoGibibytesIsRefusedBeforeItIsSent) {
  ServerProcess server;
  for (const char* framing : {"Content-Length: 2147483648", "Content-Length: 2147483648\r\nExpect: 100-continue"}) {
    SCOPED_TRACE(framing);
    Connection connection(server.port());
    EXPECT_TRUE(connection.send(post_head(server, framing)));
    EXPECT_EQ(read_answer(connection).status, 413) << "the first answer, not 100";
    EXPECT_TRUE(connection.receive_until_end()) << "what follows could not be told from a body";
    EXPECT_EQ(connection.received(), "");
  }
  EXPECT_EQ(server.metric("fanfare_refusals_total{reason=\"too_large\"}"), 2);
  EXPECT_TRUE(server.is_deserted());
}

TEST(FaultPublishers, ABodyThatWouldFitIsAskedFor) {
  ServerProcess server;
  Connection connection(server.port());
  EXPECT_TRUE(connection.send(post_head(server, "Content-Length: 14\r\nExpect: 100-continue")));
  EXPECT_EQ(read_answer(connection).status, 100);
  EXPECT_TRUE(connection.send("topic=t&data=1"));
  EXPECT_EQ(read_answer(connection).status, 200);
}

TEST(FaultPublishers, AChunkedBodyWithoutEndIsRefusedAtTheLimit) {
  ServerProcess server({.limits = {"request_body_bytes_max=100000"}});
  Connection connection(server.port());
  EXPECT_TRUE(connection.send(post_head(server, "Transfer-Encoding: chunked")));
  const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
  for (int i = 0; i < 7; ++i) connection.send(chunk);
  EXPECT_EQ(read_answer(connection).status, 413);
  EXPECT_TRUE(connection.receive_until_end());
  connection.close();
  EXPECT_TRUE(server.is_deserted());
}

TEST(FaultClients, AHeadThatTricklesInIsRefusedInTime) {
  ServerProcess server({.limits = {"request_idle_ms=1000"}});
  Connection connection(server.port());
  const auto begin = Clock::now();
  const std::string head = "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: " + std::string(150, 'x');
  for (std::size_t i = 0; i < head.size() && !connection.receive(milliseconds(100)); ++i) {
    if (!connection.send(head.substr(i, 1))) break;
  }
  EXPECT_EQ(read_answer(connection).status, 408);
  const auto took = Clock::now() - begin;
  EXPECT_GE(took, milliseconds(900));
  EXPECT_LT(took, milliseconds(8'000)) << "each byte prolonged it";
  EXPECT_TRUE(connection.receive_until_end());
  EXPECT_EQ(server.metric("fanfare_refusals_total{reason=\"timeout\"}"), 1);
}

TEST(FaultClients, ABodyThatStopsComingIsRefusedInTime) {
  ServerProcess server({.limits = {"request_idle_ms=500"}});
  Connection connection(server.port());
  EXPECT_TRUE(connection.send(post_head(server, "Content-Length: 100") + "topic=t"));
  EXPECT_EQ(read_answer(connection).status, 408);
  EXPECT_TRUE(connection.receive_until_end());
  connection.close();
  EXPECT_TRUE(server.is_deserted());
}

TEST(FaultClients, AnIdleConnectionIsClosedWithoutAWord) {
  ServerProcess server({.limits = {"keep_alive_idle_ms=500"}});
  Connection used(server.port());
  Connection unused(server.port());
  EXPECT_TRUE(used.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(read_answer(used).status, 200);
  for (Connection* each : {&used, &unused}) {
    EXPECT_TRUE(each->receive_until_end());
    EXPECT_EQ(each->ended(), Ended::kCleanly);
    EXPECT_EQ(each->received(), "");
  }
}

TEST(FaultClients, AnOpenStreamIsNeverIdle) {
  ServerProcess server({.limits = {"keep_alive_idle_ms=200", "request_idle_ms=200"}});
  Subscriber subscriber(server.port(), {.topic = "t"});
  std::this_thread::sleep_for(milliseconds(1'000));
  Publisher publisher(server.port(), server.token());
  EXPECT_TRUE(publisher.publish_series("t", 1, 1));
  EXPECT_TRUE(subscriber.read_events(1));
}

}  // namespace
}  // namespace fanfare::live
