// A whole server over real sockets: what HTTP/1 clients of all kinds may do to it.
#include <gtest/gtest.h>

#include <ctime>

#include "fanfare/server/async_log.h"
#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

const std::string kToken = token_for({"*"}, {"*"});

std::string numbered_post(std::size_t number, std::size_t bytes = 1) {
  const std::string text = std::to_string(number);
  return post("topic=a&id=" + text + "&data=" + std::string(bytes, 'x'), kToken);
}

TEST(ServerHttp, AConnectionServesOneRequestAfterTheOther) {
  ServerUnderTest server;
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.send(get("/healthz")).read_answer().body, "ok\n");
    EXPECT_EQ(client.send(numbered_post(1)).read_answer().body, "1");
    EXPECT_EQ(client.send(get("/nothing")).read_answer().status, 404);
  }
  EXPECT_EQ(client.send(get("/healthz", "Connection: close\r\n")).read_answer().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(ServerHttp, RequestsThatArriveInAnyPiecesAreAnswered) {
  ServerUnderTest server;
  Subscriber subscriber(server.port(), "topic=a");
  Client client(server.port());
  for (const char c : numbered_post(1)) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.read_answer().body, "1");
  EXPECT_NE(subscriber.read_event().find("id: 1\n"), std::string::npos);
}

TEST(ServerHttp, AChunkedPublishBodyIsPutTogether) {
  ServerUnderTest server;
  Subscriber subscriber(server.port(), "topic=a");
  const auto answer =
      ask(server.port(), "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\nAuthorization: bearer " + kToken +
                             "\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "5\r\ntopic\r\nb\r\n=a&data=Hel\r\n2\r\nlo\r\n0\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(subscriber.read_event().find("data: Hello\n"), std::string::npos);
}

TEST(ServerHttp, ContinueIsSaidOnlyToAPublisherWhoMayPublish) {
  ServerUnderTest server;
  const std::string expect = "Expect: 100-continue\r\n";
  Client good(server.port());
  const std::string request = post("topic=a&id=7", kToken, expect);
  const auto body = request.find("\r\n\r\n") + 4;
  good.send(request.substr(0, body));
  EXPECT_EQ(good.read_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(good.send(request.substr(body)).read_answer().body, "7");

  Client bad(server.port());
  const std::string refused = post("topic=a&id=7", "no.token.this", expect);
  bad.send(refused.substr(0, refused.find("\r\n\r\n") + 4));
  EXPECT_EQ(bad.read_answer().status, 401);
  EXPECT_EQ(bad.read_to_end(), "");
}

TEST(ServerHttp, HeadAnswersAsGetWithoutABody) {
  ServerUnderTest server;
  Client client(server.port());
  const auto head = [&](const std::string& target) {
    return client.send("HEAD " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").read_answer(true);
  };
  EXPECT_TRUE(head("/healthz").has("Content-Length: 3"));
  const auto stream = head("/.well-known/mercure?topic=a");
  EXPECT_EQ(stream.status, 200);
  EXPECT_TRUE(stream.has("Content-Type: text/event-stream"));
  EXPECT_EQ(head("/.well-known/mercure").status, 400);
  EXPECT_EQ(client.send(get("/healthz")).read_answer().body, "ok\n");
}

TEST(ServerHttp, AnHttp10SubscriberGetsBareEventsUntilTheConnectionEnds) {
  ServerUnderTest server;
  Client client(server.port());
  client.send("GET /.well-known/mercure?topic=a HTTP/1.0\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.head.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(client.read_through("\n"), ":\n");
  ask(server.port(), numbered_post(1));
  EXPECT_EQ(client.read_through("\n\n"), "id: 1\ndata: x\n\n");
  server.server().stop();
  EXPECT_TRUE(client.read_to_end().starts_with("retry: "));
}

TEST(ServerHttp, AClientThatEndsItsSideGetsItsAnswer) {
  ServerUnderTest server;
  for (const std::string& request : {get("/healthz"), numbered_post(1), get("/healthz") + numbered_post(2)}) {
    Client client(server.port());
    client.send(request).end_sending();
    const std::string answers = client.read_to_end();
    EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 ")) << answers;
    EXPECT_FALSE(client.was_reset());
  }
  Client half(server.port());
  half.send("GET /healthz HTTP/1.1\r\nHo").end_sending();
  EXPECT_TRUE(half.read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST(ServerHttp, PipelinedRequestsAreAnsweredInOrderWhateverTheirSizes) {
  ServerUnderTest server;
  Client client(server.port());
  std::string requests;
  for (std::size_t i = 0; i < 300; ++i) requests += i % 3 == 0 ? get("/metrics") : numbered_post(i, i % 7 * 700);
  std::thread sender([&] { client.send(requests); });  // more than the sockets hold
  for (std::size_t i = 0; i < 300; ++i) {
    const auto answer = client.read_answer();
    if (i % 3 == 0) {
      EXPECT_TRUE(answer.has("Content-Type: text/plain; version=0.0.4; charset=utf-8")) << i;
    } else {
      EXPECT_EQ(answer.body, std::to_string(i));
    }
  }
  sender.join();
}

TEST(ServerHttp, APipelineBehindAnswersThatTakeTimeIsServedInOrderAndWhole) {
  AsyncLog history;
  ServerUnderTest server({}, &history);
  Subscriber subscriber(server.port(), "topic=a");
  Client client(server.port());
  std::string requests;
  for (std::size_t i = 0; i < 200; ++i) requests += numbered_post(i, 1'000);
  std::thread sender([&] { client.send(requests); });
  for (std::size_t i = 0; i < 200; ++i) ASSERT_EQ(client.read_answer().body, std::to_string(i));
  sender.join();
  for (std::size_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(subscriber.read_event().starts_with("id: " + std::to_string(i) + "\n")) << i;
  }
}

TEST(ServerHttp, WhatWaitsBehindAStreamIsServedWhenItEnds) {
  ServerUnderTest server;
  const std::string soon = token_for({}, {}, std::time(nullptr) + 1);
  Client client(server.port());
  client.send(subscribe("topic=a&authorization=" + soon) + get("/healthz") + subscribe("topic=b"));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_chunk(), ":\n");
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_EQ(client.read_answer().body, "ok\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_chunk(), ":\n");
  ask(server.port(), post("topic=b&id=1", kToken));
  EXPECT_EQ(client.read_event(), "id: 1\ndata: \n\n");
}

TEST(ServerHttp, GarbageBehindAStreamsRequestEndsItOnceThereIsTooMuch) {
  ServerUnderTest server;
  Subscriber subscriber(server.port(), "topic=a");
  subscriber.send(std::string(100'000, 'x'));
  subscriber.read_to_end();
  Subscriber other(server.port(), "topic=a");
}

TEST(ServerHttp, AnAnswerToResumeThatTakesTimeComesAndTheStreamNoticesItsEnd) {
  AsyncLog history;
  ServerUnderTest server({}, &history);
  ask(server.port(), numbered_post(1));
  ask(server.port(), numbered_post(2));
  {
    Subscriber subscriber(server.port(), "topic=a&lastEventID=1");
    EXPECT_EQ(subscriber.read_event(), "id: 2\ndata: x\n\n");
  }
  // It has left: the server sees that without having anything to send.
  while (metric(server.port(), "fanfare_subscribers") > 0) std::this_thread::yield();
}

TEST(ServerHttp, AFullServerAnswers503AndAllItsShardsHaveRoomAgainWhenSomebodyLeaves) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.connections_max = 1; });
  auto subscriber = std::make_unique<Subscriber>(server.port(), "topic=a");
  for (int i = 0; i < 40; ++i) {
    const auto answer = ask(server.port(), get("/healthz"));
    ASSERT_EQ(answer.status, 503);
    ASSERT_TRUE(answer.has("Retry-After: 5"));
    ASSERT_TRUE(answer.has("Connection: close"));
  }
  // More than are answered at once: both shards stop accepting. One of them has none of whom it could see that it left.
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 60; ++i) waiting.push_back(std::make_unique<Client>(server.port()));
  waiting.clear();
  subscriber.reset();
  for (int i = 0; i < 20; ++i) {
    while (ask(server.port(), get("/healthz")).status == 503) std::this_thread::yield();
  }
}

TEST(ServerHttp, ARefusalReachesAClientThatIsStillSending) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.linger_ms = 10'000; });
  Client client(server.port());
  client.send("POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\n\r\n");
  client.send(std::string(4'000'000, 'x')).end_sending();
  EXPECT_EQ(client.read_answer().status, 401);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_FALSE(client.is_broken());
}

TEST(ServerHttp, EachOfManyPipelinedHeadsHasItsOwnTime) {
  ServerUnderTest server([](ServerOptions& options) {
    options.limits.request_idle_ms = 700;
    options.limits.heartbeat_ms = 1;
  });
  Subscriber clock(server.port(), "topic=a");  // a heartbeat with each tick
  Client client(server.port());
  const std::string request = get("/healthz");
  client.send(request.substr(0, 9));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.send(request.substr(9) + request.substr(0, 9)).read_answer().body, "ok\n") << i;
    EXPECT_EQ(clock.read_chunk(), ":\n");
  }
}

TEST(ServerHttp, AQuietConnectionAndAHalfRequestAreEndedInTime) {
  ServerUnderTest server([](ServerOptions& options) {
    options.limits.keep_alive_idle_ms = 300;
    options.limits.request_idle_ms = 300;
  });
  Client quiet(server.port());
  Client half_head(server.port());
  half_head.send("GET / HT");
  Client half_body(server.port());
  half_body.send(numbered_post(1).substr(0, numbered_post(1).size() - 1));
  Client streaming(server.port());
  streaming.send(subscribe("topic=a"));
  EXPECT_EQ(quiet.read_to_end(), "");
  EXPECT_TRUE(half_head.read_to_end().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(half_body.read_to_end().starts_with("HTTP/1.1 408 "));
  streaming.read_answer();
  EXPECT_EQ(streaming.read_chunk(), ":\n");
  ask(server.port(), numbered_post(1));
  EXPECT_NE(streaming.read_chunk(), "");
}

TEST(ServerHttp, TheAccessLogShowsHostilePathsHarmlesslyAndNoTokens) {
  ServerUnderTest server;
  ask(server.port(), get("/%0d%0a\"\x1b[2J?authorization=" + kToken));
  ask(server.port(), get("/.well-known/mercure?authorization=" + kToken));
  server.server().stop();
  server.join();
  const std::string text = server.log_text();
  EXPECT_NE(text.find("/.well-known/mercure"), text.npos);
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find(kToken), text.npos);
}

}  // namespace
}  // namespace fanfare
