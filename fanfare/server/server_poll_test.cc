// Long polling over real sockets: answers that come at once, that wait, that run out, and what the next one goes on
// from.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>

#include "fanfare/server/server_under_test.h"
#include "fanfare/server/test_http2_client.h"

namespace fanfare {
namespace {

using nlohmann::json;

const std::string kToken = token_for({"*"}, {"*"});

void publish(std::uint16_t port, const std::string& form) {
  ASSERT_EQ(ask(port, post(form, kToken)).status, 200);
}

std::string poll(const std::string& query, std::string_view headers = {}) {
  return subscribe("mode=poll&" + query, headers);
}

json updates_of(const TestAnswer& answer) {
  EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
  const json body = json::parse(answer.body, nullptr, false);
  EXPECT_TRUE(body.is_object()) << answer.body;
  return body.is_object() ? body.value("updates", json::array()) : json::array();
}

std::string last_id_of(const TestAnswer& answer) {
  return json::parse(answer.body).at("lastEventID").get<std::string>();
}

TEST(ServerPoll, WhatIsThereIsAnsweredAtOnce) {
  const ServerUnderTest server;
  publish(server.port(), "topic=a&id=1&data=one");
  publish(server.port(), "topic=b&id=2&data=other");
  publish(server.port(), "topic=a&id=3&type=sold&data=two");
  const TestAnswer answer = ask(server.port(), poll("topic=a&lastEventID=earliest"));
  EXPECT_TRUE(answer.has("Content-Type: application/json"));
  EXPECT_TRUE(answer.has("Last-Event-ID: earliest"));
  EXPECT_TRUE(answer.has("Vary: Accept"));
  EXPECT_EQ(updates_of(answer), json::parse(R"([{"id":"1","type":"message","topics":["a"],"data":"one"},
                            {"id":"3","type":"sold","topics":["a"],"data":"two"}])"));
  const TestAnswer by_accept =
      ask(server.port(), subscribe("topic=a&lastEventID=1", "Accept: text/plain;q=0.1, application/json\r\n"));
  EXPECT_EQ(updates_of(by_accept).size(), 1u);
  Subscriber events(server.port(), "topic=a&lastEventID=1", "Accept: text/event-stream, application/json\r\n");
  EXPECT_EQ(events.read_event(), "event: sold\nid: 3\ndata: two\n\n");
}

TEST(ServerPoll, WhatIsNotThereIsWaitedFor) {
  const ServerUnderTest server;
  Client client(server.port());
  client.send(poll("topic=a&wait=50"));
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 1; });
  publish(server.port(), "topic=b&id=0&data=other");
  publish(server.port(), "topic=a&id=1&data=x");
  const TestAnswer answer = client.read_answer();
  ASSERT_EQ(updates_of(answer).size(), 1u);
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 0; });  // the answer is first
  // The same connection, from there on.
  publish(server.port(), "topic=a&id=2&data=y");
  const TestAnswer next = client.send(poll("topic=a&lastEventID=" + last_id_of(answer))).read_answer();
  ASSERT_EQ(updates_of(next).size(), 1u);
  EXPECT_EQ(updates_of(next)[0]["id"], "2");
}

TEST(ServerPoll, WhoWaitsInVainGoesOnWithoutAGap) {
  const ServerUnderTest server;
  const TestAnswer none = ask(server.port(), poll("topic=a&wait=0"));
  EXPECT_TRUE(updates_of(none).empty());
  publish(server.port(), "topic=a&id=1&data=between");
  const TestAnswer next = ask(server.port(), poll("topic=a&wait=0&lastEventID=" + last_id_of(none)));
  ASSERT_EQ(updates_of(next).size(), 1u);
  Subscriber events(server.port(), "topic=a&lastEventID=" + last_id_of(none));
  EXPECT_EQ(events.read_event(), "id: 1\ndata: between\n\n") << "an event stream goes on from it as well";
}

TEST(ServerPoll, MoreThanOneAnswerHoldsComesWithTheNextOnes) {
  const ServerUnderTest server([](ServerOptions& options) {
    options.limits.poll_bytes_max = 10'000;
    options.limits.catch_up_read_bytes_max = 5'000;
  });
  constexpr int kUpdates = 100;
  for (int i = 0; i < kUpdates; ++i) {
    publish(server.port(), "topic=a&id=" + std::to_string(i) + "&data=" + std::string(500, 'x'));
  }
  std::string from = "earliest";
  int next = 0;
  int answers = 0;
  while (next < kUpdates && answers < kUpdates) {
    const TestAnswer answer = ask(server.port(), poll("topic=a&wait=5&lastEventID=" + from));
    for (const auto& update : updates_of(answer)) EXPECT_EQ(update["id"], std::to_string(next++));
    from = last_id_of(answer);
    ++answers;
  }
  EXPECT_EQ(next, kUpdates);
  EXPECT_GT(answers, 4);
}

TEST(ServerPoll, WhoLeavesIsForgotten) {
  const ServerUnderTest server;
  {
    Client gone(server.port());
    gone.send(poll("topic=a&wait=60"));
    eventually([&] { return metric(server.port(), "fanfare_subscribers") == 1; });
  }
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 0; });
}

TEST(ServerPoll, WhatIsAskedForWronglyIsToldSo) {
  const ServerUnderTest server;
  for (const char* wait : {"61", "-1", "x", "1.5", ""}) {
    const TestAnswer answer = ask(server.port(), poll("topic=a&wait=" + std::string(wait)));
    EXPECT_EQ(answer.status, 400) << wait;
    EXPECT_NE(answer.body.find("wait takes seconds from 0 to 60"), std::string::npos);
  }
  EXPECT_EQ(ask(server.port(), subscribe("topic=a&mode=push")).status, 400);
  EXPECT_EQ(ask(server.port(), subscribe("topic=a&mode=push", "Connection: Upgrade\r\nUpgrade: websocket\r\n")).status,
            400);
  const ServerUnderTest closed([](ServerOptions& options) { options.access.anonymous = false; });
  EXPECT_EQ(ask(closed.port(), poll("topic=a")).status, 401);
}

TEST(ServerPoll, AServerThatShutsDownAnswersFirst) {
  ServerUnderTest server;
  Client client(server.port());
  client.send(poll("topic=a&wait=60"));
  Http2Client other(server.port());
  const auto stream = other.subscribe("topic=a&mode=poll&wait=60");
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 2; });
  server.server().stop();
  EXPECT_TRUE(updates_of(client.read_answer()).empty());
  ASSERT_TRUE(other.read_end(stream));
  EXPECT_NE(other.body(stream).find(R"("updates":[])"), std::string::npos);
  server.join();
}

TEST(ServerPoll, PrivateUpdatesNeedTheirGrantAndATokenBoundsTheWait) {
  const ServerUnderTest server;
  publish(server.port(), "topic=a&id=1&data=secret&private=on");
  publish(server.port(), "topic=a&id=2&data=public");
  EXPECT_EQ(updates_of(ask(server.port(), poll("topic=a&lastEventID=earliest"))).size(), 1u);
  const std::string token = token_for({}, {"a"}, std::time(nullptr) + 1);
  const std::string authorized = "Authorization: Bearer " + token + "\r\n";
  EXPECT_EQ(updates_of(ask(server.port(), poll("topic=a&lastEventID=earliest", authorized))).size(), 2u);
  EXPECT_TRUE(updates_of(ask(server.port(), poll("topic=a&wait=60", authorized))).empty());
}

}  // namespace
}  // namespace fanfare
