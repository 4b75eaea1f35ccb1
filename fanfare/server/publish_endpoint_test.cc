// Batches over real sockets: who may publish them, what is answered, and that all of a batch is stored or nothing.
#include "fanfare/server/publish_endpoint.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace fanfare
