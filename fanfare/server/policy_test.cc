// What a running server is told anew: whom it believes, which origins it trusts, and its limits.
#include "fanfare/server/policy.h"

#include <gtest/gtest.h>

#include <string>

#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

constexpr std::string_view kOtherKey = "another secret of at least 32 bytes";

KeySet keys_of(std::string_view secret) {
  return KeySet({Key::from_secret(secret, Algorithm::kHs256).value()});
}

ServerOptions options_with(std::string_view secret) {
  ServerOptions options;
  options.access.issuers = {{.name = "", .publisher_keys = keys_of(secret), .subscriber_keys = keys_of(secret)}};
  options.access.anonymous = true;
  return options;
}

std::string other_token() {
  return make_token(kOtherKey, {.publish = {"*"}, .subscribe = {"*"}, .expires_at_s = {}});
}

// What one shard does says nothing of the other, and each connection goes to either: so many go to both, as good as
// certainly.
constexpr int kConnections = 30;

template <typename Ask>
void expect_of_all_shards(int status, const Ask& ask_once) {
  for (int i = 0; i < kConnections; ++i) EXPECT_EQ(ask_once().status, status);
}

TEST(ServerReplace, StreamsStayOpenAndTokensAreJudgedByTheNewKeys) {
  ServerUnderTest server;
  Subscriber subscriber(server.port(), "topic=a", "Authorization: Bearer " + token_for({}, {"*"}) + "\r\n");
  const std::string old_token = token_for({"*"}, {"*"});
  const auto publish = [&](const std::string& token) { return ask(server.port(), post("topic=a&data=1", token)); };
  // Both shards know the old token by now.
  expect_of_all_shards(200, [&] { return publish(old_token); });
  for (int i = 0; i < kConnections; ++i) subscriber.read_event();

  ASSERT_TRUE(server.server().replace(options_with(kOtherKey)));

  expect_of_all_shards(401, [&] { return publish(old_token); });
  expect_of_all_shards(200, [&] { return publish(other_token()); });
  EXPECT_NE(subscriber.read_event().find("data: 1\n"), std::string::npos) << "under its old token";
  EXPECT_EQ(ask(server.port(), subscribe("topic=a", "Authorization: Bearer " + old_token + "\r\n")).status, 401);
}

TEST(ServerReplace, OriginsAndLimitsAreNewForOpenConnectionsToo) {
  ServerUnderTest server;
  Client open(server.port());
  const std::string origin = "Origin: https://a.example\r\n";
  const auto preflight = "OPTIONS /.well-known/mercure HTTP/1.1\r\nHost: a\r\n" + origin + "\r\n";
  EXPECT_FALSE(open.send(preflight).read_answer().has("Access-Control-Allow-Origin: https://a.example"));
  ServerOptions options = options_with(kTestKey);
  options.cors_origins = {"https://a.example"};
  options.limits.request_body_bytes_max = 20;
  ASSERT_TRUE(server.server().replace(options));
  EXPECT_TRUE(open.send(preflight).read_answer().has("Access-Control-Allow-Origin: https://a.example"));
  const std::string token = token_for({"*"}, {});
  EXPECT_EQ(open.send(post("topic=a&data=12345", token)).read_answer().status, 200);
  EXPECT_EQ(open.send(post("topic=a&data=1234567890", token)).read_answer().status, 413);
}

TEST(ServerReplace, WhatIsWrongChangesNothing) {
  ServerUnderTest server;
  ServerOptions origins = options_with(kOtherKey);
  origins.cors_origins = {"nothing"};
  ServerOptions publishing = options_with(kOtherKey);
  publishing.publish_origins = {"*"};
  ServerOptions update = options_with(kOtherKey);
  update.limits.update_bytes_max = update.limits.request_body_bytes_max * 1'000'000;
  for (const ServerOptions& wrong : {origins, publishing, update}) {
    EXPECT_FALSE(server.server().replace(wrong));
    expect_of_all_shards(200, [&] { return ask(server.port(), post("topic=a", token_for({"*"}, {}))); });
  }
}

TEST(ServerReplace, TheNumberOfConnectionsIsBoundedAnew) {
  ServerUnderTest server;
  Subscriber first(server.port(), "topic=a");
  ServerOptions options = options_with(kTestKey);
  options.limits.connections_max = 1;
  ASSERT_TRUE(server.server().replace(options));
  expect_of_all_shards(503, [&] { return ask(server.port(), subscribe("topic=a")); });
}

TEST(ServerCheck, TakesWhatOpenTakesWithoutListening) {
  ServerUnderTest running;
  ServerOptions options = options_with(kTestKey);
  options.listen = {running.server().addresses().front()};
  EXPECT_TRUE(Server::check(options)) << "that somebody listens there does not matter";
  ServerOptions address = options;
  address.listen = {"127.0.0.1"};
  ServerOptions development = options;
  development.listen = {"0.0.0.0:0"};
  development.development = true;
  ServerOptions budget = options;
  budget.limits.budget_bytes = 1;
  for (const ServerOptions& wrong : {address, development, budget}) EXPECT_FALSE(Server::check(wrong));
}

}  // namespace
}  // namespace fanfare
