#include "fanfare/cli/reference_hub.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

Result<ReferenceHub> read(const std::string& directives, ServerName server_name = ServerName::kRead) {
  return read_reference_hub({{"MERCURE_EXTRA_DIRECTIVES", directives}}, server_name);
}

std::string fault_of(const std::string& directives) {
  const auto hub = read(directives);
  return hub ? "none" : hub.error().message;
}

std::vector<std::string> noticed(const std::string& directives) {
  const auto hub = read(directives);
  EXPECT_TRUE(hub) << hub.error().message;
  std::vector<std::string> names;
  if (!hub) return names;
  for (const Notice& notice : hub->notices) {
    EXPECT_FALSE(notice.advice.empty());
    names.push_back(notice.name);
  }
  return names;
}

using Words = std::vector<std::string>;

TEST(ReferenceHub, DirectivesWithACounterpartBecomeSettings) {
  const auto hub = read(R"(anonymous
subscriptions
cors_origins https://a.example https://b.example
publish_origins https://a.example
heartbeat 1m30s
publisher_jwt "a secret" HS512
subscriber_jwt other
max_request_body_size 2MiB
protocol_version_compatibility 7
cookie_name mercureAuthorization
)");
  ASSERT_TRUE(hub) << hub.error().message;
  const Layer& layer = hub->directives;
  EXPECT_TRUE(layer.is_on("anonymous"));
  EXPECT_TRUE(layer.is_on("subscriptions"));
  EXPECT_EQ(layer.settings.at("cors-origin").texts, (Words{"https://a.example", "https://b.example"}));
  EXPECT_EQ(layer.settings.at("publish-origin").texts, (Words{"https://a.example"}));
  EXPECT_EQ(layer.text("publisher-key"), "a secret");
  EXPECT_EQ(layer.text("publisher-alg"), "HS512");
  EXPECT_EQ(layer.text("subscriber-key"), "other");
  EXPECT_FALSE(layer.settings.contains("subscriber-alg"));
  EXPECT_EQ(layer.limits.at("heartbeat_ms").texts.front(), "90000");
  EXPECT_EQ(layer.limits.at("request_body_bytes_max").texts.front(), "2097152");
  EXPECT_EQ(comment_of(layer.settings.at("anonymous").origin), "environment MERCURE_EXTRA_DIRECTIVES line 1");
  EXPECT_TRUE(hub->notices.empty());
}

TEST(ReferenceHub, KeysMayBePublishedUnderAUrl) {
  const auto hub = read("publisher_jwks_url https://id.example/p\nsubscriber_jwks_url https://id.example/s");
  ASSERT_TRUE(hub) << hub.error().message;
  EXPECT_EQ(hub->directives.text("publisher-jwks-url"), "https://id.example/p");
  EXPECT_EQ(hub->directives.text("subscriber-jwks-url"), "https://id.example/s");
}

TEST(ReferenceHub, WhatHasNoCounterpartIsToldOnceEach) {
  EXPECT_EQ(noticed("transport bolt {\n  path a.db\n}\nwrite_timeout 600s\ndispatch_timeout 5s\nui\ndemo"),
            (Words{"MERCURE_EXTRA_DIRECTIVES line 1: transport", "MERCURE_EXTRA_DIRECTIVES line 4: write_timeout",
                   "MERCURE_EXTRA_DIRECTIVES line 5: dispatch_timeout", "MERCURE_EXTRA_DIRECTIVES line 6: ui",
                   "MERCURE_EXTRA_DIRECTIVES line 7: demo"}));
  EXPECT_EQ(noticed("cookie_name auth\\nprotocol_version_compatibility 8\\nheartbeat 0").size(), 3u);
  const auto hub =
      read_reference_hub({{"MERCURE_TRANSPORT_URL", "bolt://a.db"}, {"GLOBAL_OPTIONS", "debug"}}, ServerName::kRead);
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->notices.size(), 2u);
}

TEST(ReferenceHub, AnyPageMayNotPublishWithACookie) {
  const auto hub = read("publish_origins * https://a.example");
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->directives.settings.at("publish-origin").texts, (Words{"https://a.example"}));
  EXPECT_EQ(hub->notices.size(), 1u);
}

TEST(ReferenceHub, AWrongDirectiveIsToldWithItsLine) {
  const std::string at = "$MERCURE_EXTRA_DIRECTIVES line 2: ";
  const std::pair<std::string, std::string> rows[] = {
      {"cors_origin *", at + "unknown directive 'cors_origin'; did you mean 'cors_origins'?"},
      {"hartbeat 1s", at + "unknown directive 'hartbeat'; did you mean 'heartbeat'?"},
      {"cors_origins", at + "cors_origins: name an origin"},
      {"publish_origins", at + "publish_origins: name an origin"},
      {"heartbeat", at + "heartbeat: it takes a duration such as 40s, not ''"},
      {"heartbeat 40", at + "heartbeat: it takes a duration such as 40s, not '40'"},
      {"publisher_jwt", at + "publisher_jwt: the key is missing"},
      {"publisher_jwt {env.NOT_THERE}", at + "publisher_jwt: the key is missing"},
      {"publisher_jwt a b c", at + "publisher_jwt: it takes a key and an algorithm"},
      {"publisher_jwt {file./run/key}", at + "publisher_jwt: Fanfare knows the placeholder {env.NAME} only"},
      {"publisher_jwks_url", at + "publisher_jwks_url: it takes a URL"},
      {"issuer a {\n}", at + "issuer: Fanfare does not know this form"},
      {"max_request_body_size much", at + "max_request_body_size: it takes a size such as 1MiB, not 'much'"},
      {"max_request_body_size 99999999999GiB", at + "max_request_body_size: it takes a size"},
      {"max_request_body_size 0", at + "max_request_body_size: it takes a size"},
      {"protocol_version_compatibility 6", at + "protocol_version_compatibility: the versions are 7 and 8, not '6'"},
      {"anonymous \"", at + "the quote is not closed"},
  };
  for (const auto& [directive, message] : rows) {
    EXPECT_EQ(fault_of("anonymous\n" + directive).find(message), 0u) << fault_of("anonymous\n" + directive);
  }
}

TEST(ReferenceHub, KeysComeFromVariablesAndPlaceholders) {
  const auto hub = read_reference_hub({{"MERCURE_PUBLISHER_JWT_KEY", "p"},
                                       {"MERCURE_PUBLISHER_JWT_ALG", "HS384"},
                                       {"MERCURE_SUBSCRIBER_JWT_KEY", "s"},
                                       {"OURS", "o"},
                                       {"JWK", R"({"kty":"oct"})"},
                                       {"MERCURE_EXTRA_DIRECTIVES",
                                        "subscriber_jwt {env.OURS}\npublisher_jwt {env.JWK}\n"
                                        "cors_origins https://{env.OURS}.{env.OURS}"}},
                                      ServerName::kRead);
  ASSERT_TRUE(hub) << hub.error().message;
  EXPECT_EQ(hub->variables.text("publisher-key"), "p");
  EXPECT_EQ(hub->variables.text("publisher-alg"), "HS384");
  EXPECT_EQ(hub->variables.text("subscriber-key"), "s");
  EXPECT_EQ(hub->directives.text("subscriber-key"), "o");
  EXPECT_EQ(hub->directives.text("publisher-key"), R"({"kty":"oct"})");
  EXPECT_EQ(hub->directives.text("cors-origin"), "https://o.o");
}

// What to listen on, with spaces between; a fault as "!…", and with a notice "… +".
std::string listens(const std::string& server_name) {
  const auto hub = read_reference_hub({{"SERVER_NAME", server_name}}, ServerName::kRead);
  if (!hub) return "!" + hub.error().message.substr(0, hub.error().message.find(':'));
  std::string all;
  for (const auto& address : hub->variables.settings.at("listen").texts) all += (all.empty() ? "" : " ") + address;
  return all + (hub->notices.empty() ? "" : " +");
}

TEST(ReferenceHub, ServerNameSaysWhereToListenAsFarAsThatTakesNoTls) {
  const std::pair<const char*, const char*> rows[] = {
      {":80", ":80"},
      {":8080", ":8080"},
      {"http://", ":80"},
      {"http://localhost", ":80"},
      {"http://localhost:3000/", ":3000"},
      {"http://example.com, http://www.example.com", ":80"},
      {"php:80", ":80"},
      {"http://[::1]:81", ":81"},
      {"http://[::1]", ":80"},
      {":80 :8080", ":80 :8080"},
      {"localhost, php:80", ":80 +"},
      {"localhost", "!$SERVER_NAME"},
      {"localhost:8443", "!$SERVER_NAME"},
      {"example.com, www.example.com", "!$SERVER_NAME"},
      {"https://localhost", "!$SERVER_NAME"},
      {"https://:80", "!$SERVER_NAME"},
      {":443", "!$SERVER_NAME"},
      {":http", "!$SERVER_NAME"},
      {":", "!$SERVER_NAME"},
  };
  for (const auto& [server_name, addresses] : rows) EXPECT_EQ(listens(server_name), addresses) << server_name;
}

TEST(ReferenceHub, ServerNameIsOthersWhereItIsSaidElsewhere) {
  const auto hub = read_reference_hub({{"SERVER_NAME", "example.com"}}, ServerName::kIgnore);
  ASSERT_TRUE(hub) << hub.error().message;
  EXPECT_TRUE(hub->variables.settings.empty());
}

}  // namespace
}  // namespace fanfare::cli
