// Batches over real sockets: who may publish them, what is answered, and that all of a batch is stored or nothing.
#include "fanfare/server/publish_endpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

std::string post_lines(std::string_view lines, std::string_view token, std::string_view type = "application/x-ndjson") {
  std::string text = "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ";
  text.append(token).append("\r\nContent-Type: ").append(type).append("\r\nContent-Length: ");
  return text.append(std::to_string(lines.size())).append("\r\n\r\n").append(lines);
}

std::string event(std::string_view id, std::string_view data) {
  return "id: " + std::string(id) + "\ndata: " + std::string(data) + "\n\n";
}

class PublishLinesTest : public testing::Test {
 protected:
  TestAnswer publish(std::string_view lines, const std::vector<std::string>& granted = {"*"}) {
    return ask(server_.port(), post_lines(lines, token_for(granted, {})));
  }
  // Nothing was stored: the next update is the first that a replay brings.
  void expect_nothing_stored() {
    EXPECT_EQ(publish("{\"topic\":\"t\",\"id\":\"first\",\"data\":\"x\"}").status, 200);
    Subscriber subscriber(server_.port(), "topic=*&lastEventID=earliest");
    EXPECT_EQ(subscriber.read_event(), event("first", "x"));
    EXPECT_EQ(metric(server_.port(), "fanfare_updates_total"), 1u);
  }

  ServerUnderTest server_;
};

TEST_F(PublishLinesTest, ReachTheirSubscribersInOrderAndTheIdsThePublisher) {
  Subscriber all(server_.port(), "topic=*");
  Subscriber some(server_.port(), "topic=b");
  const auto answer = publish(
      "{\"topic\":\"a\",\"data\":\"1\",\"id\":\"one\"}\n"
      "{\"topics\":[\"b\",\"c\"],\"data\":\"2\"}\n"
      "{\"topic\":\"b\",\"data\":\"3\",\"id\":\"three\"}\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Content-Type: text/plain; charset=utf-8"));
  EXPECT_TRUE(answer.body.starts_with("one\nurn:uuid:")) << answer.body;
  EXPECT_TRUE(answer.body.ends_with("\nthree\n")) << answer.body;
  const std::string second = answer.body.substr(4, answer.body.find('\n', 4) - 4);
  EXPECT_EQ(all.read_event(), event("one", "1"));
  EXPECT_EQ(all.read_event(), event(second, "2"));
  EXPECT_EQ(all.read_event(), event("three", "3"));
  EXPECT_EQ(some.read_event(), event(second, "2"));
  EXPECT_EQ(some.read_event(), event("three", "3"));
  EXPECT_EQ(metric(server_.port(), "fanfare_updates_total"), 3u);
}

TEST_F(PublishLinesTest, OfWhichOneBreaksARuleAreNotStored) {
  const auto answer = publish("{\"topic\":\"a\"}\n{\"topic\":\"a\"}\n{\"topic\":\"mercure/subscriptions/x\"}\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("line 3: the topic 'mercure/subscriptions/x' is the hub's own"), answer.body.npos)
      << answer.body;
  expect_nothing_stored();
}

TEST_F(PublishLinesTest, OfWhichOneTopicIsNotGrantedAreNotStored) {
  const auto answer = publish("{\"topic\":\"a\"}\n{\"topics\":[\"a\",\"b\"]}\n", {"a"});
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body.find("line 2: the token does not grant publishing to 'b'"), answer.body.npos) << answer.body;
  expect_nothing_stored();
}

TEST_F(PublishLinesTest, BeyondTheLimitOfARequestAreRefused) {
  const ServerUnderTest small([](ServerOptions& options) { options.limits.request_body_bytes_max = 20; });
  const std::string token = token_for({"*"}, {});
  EXPECT_EQ(ask(small.port(), post_lines("{\"topic\":\"1234567\"}\n", token)).status, 200);
  EXPECT_EQ(ask(small.port(), post_lines("{\"topic\":\"12345678\"}\n", token)).status, 413);
}

TEST_F(PublishLinesTest, AreOfOneMediaTypeWhateverItsParameters) {
  const auto with_type = [&](std::string_view type) {
    return ask(server_.port(), post_lines("{\"topic\":\"a\"}", token_for({"*"}, {}), type));
  };
  EXPECT_EQ(with_type("Application/X-NDJSON; charset=utf-8").status, 200);
  const auto refused = with_type("application/json");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("application/x-www-form-urlencoded"), refused.body.npos) << refused.body;
  EXPECT_NE(refused.body.find("application/x-ndjson"), refused.body.npos) << refused.body;
}

// A shard that dispatches one update a turn, whose feed is overfull with one, and that has thousands before it.
class HeldPublishes : public testing::Test {
 protected:
  static ServerUnderTest::Change busy(std::size_t publish_wait_ms) {
    return [publish_wait_ms](ServerOptions& options) {
      options.threads = 1;
      options.limits.turn_bytes_max = 1;
      options.limits.undispatched_bytes_max = 1;
      options.limits.publish_wait_ms = publish_wait_ms;
    };
  }
  // Sends a batch, and then single publications over connections of their own before it is dispatched. Returns the
  // answers to these.
  std::vector<TestAnswer> publish_behind_a_batch(std::uint16_t port) {
    const std::string token = token_for({"*"}, {});
    std::string batch;
    for (int i = 0; i < 3'000; ++i) batch += "{\"topic\":\"batch\"}\n";
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(std::make_unique<Client>(port));
    EXPECT_EQ(ask(port, post_lines(batch, token)).status, 200);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string id = std::to_string(++published_);
      clients[i]->send(i % 2 == 0 ? post("topic=a&id=" + id, token)
                                  : post_lines("{\"topic\":\"a\",\"id\":\"" + id + "\"}", token));
    }
    std::vector<TestAnswer> answers;
    for (auto& client : clients) answers.push_back(client->read_answer());
    return answers;
  }

  int published_ = 0;
};

TEST_F(HeldPublishes, AreAnsweredWhenTheyAreStoredAndReachTheirSubscribersInOrder) {
  const ServerUnderTest server(busy(kPatience_ms));
  Subscriber subscriber(server.port(), "topic=a");
  while (metric(server.port(), "fanfare_held_publishes_total") == 0) {
    std::set<std::string> stored;
    for (const auto& answer : publish_behind_a_batch(server.port())) {
      ASSERT_EQ(answer.status, 200) << answer.body;
      stored.insert(answer.body.substr(0, answer.body.find('\n')));
    }
    ASSERT_EQ(stored.size(), 10U);
    for (std::size_t i = 0; i < 10; ++i) {
      const std::string event = subscriber.read_event();
      EXPECT_EQ(stored.erase(event.substr(4, event.find('\n') - 4)), 1U) << event;
    }
    ASSERT_LT(published_, 1'000) << "none was held";
  }
}

TEST_F(HeldPublishes, AreRefusedAfterTheirTimeAndNothingOfThemIsStored) {
  const ServerUnderTest server(busy(1));
  Subscriber subscriber(server.port(), "topic=a&topic=end");
  std::vector<std::string> stored;
  int refused = 0;
  while (refused == 0) {
    for (const auto& answer : publish_behind_a_batch(server.port())) {
      if (answer.status == 200) {
        stored.push_back(answer.body.substr(0, answer.body.find('\n')));
        continue;
      }
      ++refused;
      EXPECT_EQ(answer.status, 503);
      EXPECT_NE(answer.head.find("\r\nRetry-After: "), answer.head.npos) << answer.head;
      EXPECT_NE(answer.body.find("nothing was stored: the hub is overloaded"), answer.body.npos) << answer.body;
    }
    ASSERT_LT(published_, 1'000) << "none was held for long";
  }
  eventually([&] { return ask(server.port(), post("topic=end&id=end", token_for({"*"}, {}))).status == 200; });
  std::vector<std::string> received;
  for (;;) {
    const std::string event = subscriber.read_event();
    const std::string id = event.substr(4, event.find('\n') - 4);
    if (id == "end") break;
    received.push_back(id);
  }
  std::ranges::sort(stored);
  std::ranges::sort(received);
  EXPECT_EQ(received, stored);
}

}  // namespace
}  // namespace fanfare
