// The limits that a hub may set against abuse, from outside: draft-dunglas-mercure-07 leaves them to the hub, and names
// 429 (RFC 6585 section 4) with Retry-After (RFC 9110 section 10.2.3) as the answer to whoever reaches one.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "testing/live/server_process.h"

namespace fanfare::conformance {
namespace {

using live::Answer;
using live::ServerProcess;

constexpr std::string_view kHubTarget = "/.well-known/mercure";

// Whom a request is from: a subject by its token, an address by what the trusted proxy of the tests says.
struct Who {
  std::string token;
  std::string address = "198.51.100.1";
};

std::string token_of(const std::string& subject) {
  Grants grants;
  grants.publish = {"*"};
  grants.subscribe = {"*"};
  grants.subject = subject;
  return ServerProcess::token_with(grants);
}

std::string request(std::string_view method, std::string_view query, const Who& who, std::string_view type = {},
                    std::string_view body = {}) {
  std::string text =
      std::string(method) + " " + std::string(kHubTarget) + std::string(query) + " HTTP/1.1\r\nHost: hub.example\r\n";
  text += "X-Forwarded-For: 1.1.1.1, " + who.address + "\r\n";
  if (!who.token.empty()) text += "Authorization: Bearer " + who.token + "\r\n";
  if (!type.empty()) text += "Content-Type: " + std::string(type) + "\r\n";
  if (method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

Answer publish(const ServerProcess& hub, const Who& who, const std::string& topic) {
  return live::request(hub.port(),
                       request("POST", "", who, "application/x-www-form-urlencoded", "topic=" + topic + "&data=x"));
}

Answer publish_lines(const ServerProcess& hub, const Who& who, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "{\"topic\":\"line " + std::to_string(i) + "\"}\n";
  return live::request(hub.port(), request("POST", "", who, "application/x-ndjson", lines));
}

// A rate of 1 a second with so long a burst that no test is too slow for it.
std::unique_ptr<ServerProcess> hub_with(std::vector<std::string> limits) {
  return std::make_unique<ServerProcess>(
      live::ServerProcessOptions{.limits = std::move(limits), .arguments = {"--trusted-proxy", "127.0.0.1"}});
}

void expect_limited(const Answer& answer, std::string_view limit, int status = 429) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_NE(answer.header("Retry-After"), "") << answer.head;
  EXPECT_GT(std::atoi(answer.header("Retry-After").c_str()), 0);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_NE(answer.body.find(limit), std::string::npos) << answer.body;
}

TEST(MercureLimits, PublishesOfAnAddress) {
  const auto hub = hub_with({"publishes_per_s_per_address_max=1", "burst_s=1000"});
  const Who one = {.token = token_of("ann")};
  EXPECT_EQ(publish_lines(*hub, one, 1'000).status, 200) << "a batch counts each of its updates";
  expect_limited(publish_lines(*hub, one, 1'000), "publishes_per_s_per_address_max");
  EXPECT_EQ(publish(*hub, {.token = one.token, .address = "198.51.100.2"}, "a").status, 200);
  EXPECT_EQ(publish(*hub, {.token = one.token, .address = "2001:db8::1"}, "a").status, 200);
}

TEST(MercureLimits, PublishesOfASubjectWhateverItsTokenAndAddress) {
  const auto hub = hub_with({"publishes_per_s_per_subject_max=1", "burst_s=1000"});
  Grants grants;
  grants.publish = {"line {n}"};
  grants.subject = "ann";
  EXPECT_EQ(publish_lines(*hub, {.token = token_of("ann")}, 1'000).status, 200);
  expect_limited(publish_lines(*hub, {.token = ServerProcess::token_with(grants), .address = "198.51.100.2"}, 1'000),
                 "publishes_per_s_per_subject_max");
  EXPECT_EQ(publish_lines(*hub, {.token = token_of("bob")}, 1'000).status, 200);
}

TEST(MercureLimits, UpdatesOfATopic) {
  const auto hub = hub_with({"updates_per_s_per_topic_max=1", "burst_s=2"});
  const Who one = {.token = token_of("ann")};
  std::string batch;
  for (int i = 0; i < 3'000; ++i) batch += "{\"topic\":\"a\"}\n";
  const auto publish_batch = [&] {
    return live::request(hub->port(), request("POST", "", one, "application/x-ndjson", batch));
  };
  EXPECT_EQ(publish_batch().status, 200);
  expect_limited(publish(*hub, one, "a"), "updates_per_s_per_topic_max");
  expect_limited(publish(*hub, one, "b&topic=a"), "updates_per_s_per_topic_max");
  EXPECT_EQ(publish(*hub, one, "b").status, 200);
}

TEST(MercureLimits, StreamsInAllOfAnAddressAndOfASubject) {
  const auto hub = hub_with({"subscribers_max=3", "subscribers_per_address_max=2", "subscribers_per_subject_max=1"});
  std::vector<std::unique_ptr<live::Connection>> open;
  const auto subscribe = [&](const Who& who) {
    open.push_back(std::make_unique<live::Connection>(hub->port()));
    open.back()->send(request("GET", "?topic=a", who));
    return live::read_answer(*open.back());
  };
  const Who ann = {.token = token_of("ann")};
  EXPECT_EQ(subscribe(ann).status, 200);
  expect_limited(subscribe({.token = ann.token, .address = "198.51.100.2"}), "subscribers_per_subject_max");
  EXPECT_EQ(subscribe({.token = ""}).status, 200);
  expect_limited(subscribe({.token = ""}), "subscribers_per_address_max");
  EXPECT_EQ(subscribe({.token = "", .address = "198.51.100.2"}).status, 200);
  expect_limited(subscribe({.token = "", .address = "198.51.100.3"}), "subscribers_max", 503);
  open.clear();
  EXPECT_TRUE(live::eventually([&] { return subscribe(ann).status == 200; }));
}

TEST(MercureLimits, ConnectionsOfAnAddressButNotOfATrustedProxy) {
  const ServerProcess hub({.limits = {"connections_per_address_max=1"}});
  live::Connection first(hub.port());
  first.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(live::read_answer(first).status, 200);
  live::Connection second(hub.port());
  second.send(request("GET", "?topic=a", {.token = ""}));
  expect_limited(live::read_answer(second), "connections_per_address_max");
  EXPECT_TRUE(second.receive_until_end());
  const auto behind_a_proxy = hub_with({"connections_per_address_max=1"});
  std::vector<std::unique_ptr<live::Connection>> open;
  for (int i = 0; i < 5; ++i) {
    open.push_back(std::make_unique<live::Connection>(behind_a_proxy->port()));
    open.back()->send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(live::read_answer(*open.back()).status, 200);
  }
}

}  // namespace
}  // namespace fanfare::conformance
