// Requests whose tokens need keys that are not there: they wait for one fetch, and are refused if it does not help.
#include <gtest/gtest.h>

#include <algorithm>

#include "fanfare/server/server_under_test.h"
#include "fanfare/server/test_key_source.h"

namespace fanfare {
namespace {

Key key_named(std::string kid) {
  return Key::from_secret(kTestKey, Algorithm::kHs256).value().named(std::move(kid));
}
KeySet keys_named(std::string kid) {
  return KeySet({key_named(std::move(kid))});
}
std::string token_of(std::string kid) {
  return make_token(key_named(std::move(kid)), {.publish = {"*"}, .subscribe = {"*"}, .expires_at_s = {}});
}
std::string bearer(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\n";
}

std::string query(std::string_view form, const std::string& token) {
  std::string text = "QUERY /.well-known/mercure HTTP/1.1\r\nHost: a\r\n" + bearer(token);
  text.append("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ");
  return text.append(std::to_string(form.size())).append("\r\n\r\n").append(form);
}

class ServerKeysTest : public testing::Test {
 protected:
  std::uint16_t port() const { return server.port(); }
  // Waits until so many requests wait for keys.
  void await_waiting(std::size_t count) {
    eventually([this, count] { return source->waiting() >= count; });
  }

  std::shared_ptr<TestKeySource> source = std::make_shared<TestKeySource>();
  ServerUnderTest server{[this](ServerOptions& options) {
    options.access.issuers = {{.name = "",
                               .publisher_keys = {},
                               .subscriber_keys = {},
                               .publisher_source = source,
                               .subscriber_source = source}};
  }};
};

TEST_F(ServerKeysTest, ASubscriberWaitsForTheFirstKeys) {
  Client client(port());
  client.send(subscribe("topic=a", bearer(token_of("a"))));
  await_waiting(1);
  source->set(keys_named("a"));
  source->finish();
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(ServerKeysTest, APublisherWaitsForTheKeyThatItsTokenNames) {
  source->set(keys_named("a"));
  EXPECT_EQ(ask(port(), post("topic=t&data=1", token_of("a"))).status, 200);
  Client client(port());
  client.send(post("topic=t&data=2", token_of("b")));
  await_waiting(1);
  source->set(keys_named("b"));
  source->finish();
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(ServerKeysTest, WhoIsStillUnknownAfterTheFetchIsRefused) {
  source->set(keys_named("a"));
  Client publisher(port());
  publisher.send(post("topic=t", token_of("b")));
  await_waiting(1);
  Client subscriber(port());
  subscriber.send(subscribe("topic=a", bearer(token_of("b"))));
  await_waiting(2);
  source->answer_renewals(Renewal::kTooSoon);
  source->finish();
  for (Client* client : {&publisher, &subscriber}) {
    const auto answer = client->read_answer();
    EXPECT_EQ(answer.status, 401);
    EXPECT_NE(answer.body.find("the token's kid is none of its issuer's keys"), answer.body.npos) << answer.body;
  }
}

TEST_F(ServerKeysTest, WithoutAnyKeysItIsTheHubThatIsUnavailable) {
  source->answer_renewals(Renewal::kTooSoon);
  for (const auto& request : {subscribe("topic=a", bearer(token_of("a"))), post("topic=t", token_of("a"))}) {
    const auto answer = ask(port(), request);
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_TRUE(answer.has("Retry-After: 5"));
  }
  Subscriber anonymous(port(), "topic=a");
}

TEST_F(ServerKeysTest, WhenTooManyWaitForKeysItIsTheHubThatIsUnavailable) {
  source->set(keys_named("a"));
  source->answer_renewals(Renewal::kTooMany);
  for (const auto& request : {subscribe("topic=a", bearer(token_of("b"))), post("topic=t", token_of("b"))}) {
    const auto answer = ask(port(), request);
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_TRUE(answer.has("Retry-After: 5"));
  }
}

TEST_F(ServerKeysTest, AQueryIsReadAgainWhenTheKeysHaveCome) {
  Client client(port());
  client.send(query("topic=a&topic=b", token_of("a")));
  await_waiting(1);
  source->set(keys_named("a"));
  source->finish();
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_chunk(), ":\n");
  EXPECT_EQ(ask(port(), post("topic=b&data=1", token_of("a"))).status, 200);
  EXPECT_NE(client.read_event().find("data: 1\n"), std::string::npos);
}

TEST_F(ServerKeysTest, ATokenWhoseKeyIsWithdrawnPublishesNoMore) {
  source->set(keys_named("a"));
  source->answer_renewals(Renewal::kTooSoon);
  EXPECT_EQ(ask(port(), post("topic=t", token_of("a"))).status, 200);
  source->set(keys_named("b"));
  EXPECT_EQ(ask(port(), post("topic=t", token_of("a"))).status, 401);
}

TEST_F(ServerKeysTest, ALargeBodyIsNotTakenBeforeItIsKnownWhose) {
  source->set(keys_named("a"));
  const std::string large = "topic=t&data=" + std::string(64 * 1024, 'x');
  const auto refused = ask(port(), post(large, token_of("b")));
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  EXPECT_EQ(ask(port(), post(large, token_of("a"))).status, 200);
}

TEST_F(ServerKeysTest, ALargeQueryIsNotKeptBeforeItIsKnownWhose) {
  source->set(keys_named("a"));
  std::string large = "topic=a";
  for (int i = 0; i < 17; ++i) large += "&topic=" + std::string(4'000, 'x');
  const auto refused = ask(port(), query(large, token_of("b")));
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  EXPECT_EQ(source->waiting(), 0u);
  EXPECT_EQ(ask(port(), query(large, token_of("a"))).status, 200);
  source->answer_renewals(Renewal::kTooSoon);
  EXPECT_EQ(ask(port(), query(large, token_of("b"))).status, 401);
}

TEST_F(ServerKeysTest, WhoLeavesMeanwhileIsGoneAfterTheFetch) {
  {
    Client client(port());
    client.send(subscribe("topic=a", bearer(token_of("a"))));
    await_waiting(1);
  }
  source->set(keys_named("a"));
  source->finish();
  eventually([this] { return metric(port(), "fanfare_connections") == 1; });
  EXPECT_EQ(metric(port(), "fanfare_subscribers"), 0u);
}

TEST_F(ServerKeysTest, WhoReadsSubscriptionsWaitsToo) {
  ServerUnderTest telling([this](ServerOptions& options) {
    options.access.issuers = {{.name = "", .publisher_keys = {}, .subscriber_keys = {}, .subscriber_source = source}};
    options.subscriptions = true;
  });
  Client client(telling.port());
  client.send(get("/.well-known/mercure/subscriptions", bearer(token_of("a"))));
  await_waiting(1);
  source->set(keys_named("a"));
  source->finish();
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(ServerKeysTest, SourcesThatWereReplacedEnd) {
  ServerOptions options;
  const auto give = [&](const std::shared_ptr<TestKeySource>& to_give) {
    options.access.issuers = {{.name = "", .publisher_keys = {}, .subscriber_keys = {}, .publisher_source = to_give}};
  };
  std::vector<std::weak_ptr<TestKeySource>> before = {source};
  source.reset();
  for (int i = 0; i < 10; ++i) {  // faster than the shards get to it
    auto next = std::make_shared<TestKeySource>();
    give(next);
    ASSERT_TRUE(server.server().replace(options));
    before.push_back(std::move(next));
  }
  const auto last = std::make_shared<TestKeySource>();
  last->set(keys_named("last"));
  give(last);
  ASSERT_TRUE(server.server().replace(options));
  eventually([&] { return std::ranges::all_of(before, [](const auto& each) { return each.expired(); }); });
  EXPECT_EQ(ask(port(), post("topic=t", token_of("last"))).status, 200);
}

TEST_F(ServerKeysTest, MetricsTellOfTheFetches) {
  const std::string text = ask(port(), get("/metrics")).body;
  for (const char* line : {"fanfare_jwks_keys{url=\"https://id.example/keys\"} 7",
                           "fanfare_jwks_fetches_total{url=\"https://id.example/keys\"} 5",
                           "fanfare_jwks_failures_total{url=\"https://id.example/keys\"} 3",
                           "fanfare_jwks_fetched_timestamp_seconds{url=\"https://id.example/keys\"} 11"}) {
    EXPECT_NE(text.find(line), text.npos) << line;
  }
}

}  // namespace
}  // namespace fanfare
