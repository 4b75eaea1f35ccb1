// `fanfare serve` and what it is told: the environment of the reference hub, --check, and SIGHUP, which has it read the
// configuration again while streams are open.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "fanfare/access/authorizer.h"
#include "testing/live/child_process.h"
#include "testing/live/http_client.h"
#include "testing/live/web_server.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

const std::string kKey = "0123456789abcdef0123456789abcdef";
const std::string kOtherKey = "fedcba9876543210fedcba9876543210";

std::string token_by(const std::string& key) {
  return make_token(key, {.publish = {"*"}, .subscribe = {"*"}, .expires_at_s = {}});
}

int publish(std::uint16_t port, const std::string& key, const std::string& data) {
  return Publisher(port, token_by(key)).publish("greetings", data).status;
}

// What a docker-compose.yml of the reference hub has under `environment:`, but for the port, of which any will do.
TEST(ProgramConfiguration, TheEnvironmentOfTheReferenceHubRunsThisOne) {
  ChildProcess server(
      {.command = {kProgram, "serve"},
       .environment = {"HOME=" + ::testing::TempDir() + "home of " + std::to_string(::getpid()), "SERVER_NAME=:0",
                       "MERCURE_PUBLISHER_JWT_KEY=" + kKey, "MERCURE_SUBSCRIBER_JWT_KEY=" + kOtherKey,
                       "MERCURE_EXTRA_DIRECTIVES=cors_origins http://localhost:3000\nanonymous\n"
                       "transport bolt {\n  path mercure.db\n}"}});
  const std::uint16_t port = port_of(server);
  ASSERT_NE(port, 0) << server.err();
  Subscriber subscriber(port, {.topic = "greetings"});
  ASSERT_TRUE(subscriber.is_subscribed());
  EXPECT_EQ(publish(port, kKey, "hello"), 200);
  EXPECT_EQ(publish(port, kOtherKey, "no"), 401);
  EXPECT_TRUE(subscriber.read_events(1));
  const Answer preflight = request(port,
                                   "OPTIONS /.well-known/mercure HTTP/1.1\r\nHost: a\r\n"
                                   "Origin: http://localhost:3000\r\n\r\n");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_TRUE(has(server.err(),
                  "\"event\":\"setting_without_effect\",\"setting\":\"MERCURE_EXTRA_DIRECTIVES line 3: "
                  "transport\""))
      << server.err();
  server.send_signal(SIGKILL);
  server.wait();
  std::filesystem::remove_all(::testing::TempDir() + "home of " + std::to_string(::getpid()));
}

TEST(ProgramConfiguration, WhatIsUnknownKeepsItFromStarting) {
  const Words environments[] = {
      {"FANFARE_LISTN=:80"}, {"MERCURE_EXTRA_DIRECTIVES=cors_origin *"}, {"FANFARE_LIMIT=heartbeat=1"}};
  for (const Words& environment : environments) {
    const Ran ran = run({"serve", "--dev", "--log", "memory"}, environment);
    EXPECT_EQ(ran.code, 2);
    EXPECT_TRUE(has(ran.err, "did you mean")) << ran.err;
  }
  const Ran tls =
      run({"serve", "--log", "memory", "--anonymous", "--publisher-key", kKey}, {"SERVER_NAME=example.com"});
  EXPECT_EQ(tls.code, 2);
  EXPECT_TRUE(has(tls.err, "'example.com' needs a certificate")) << tls.err;
}

class ProgramConfigurationFile : public ::testing::Test {
 protected:
  ProgramConfigurationFile() {
    std::filesystem::create_directories(root_);
    write("key", kKey);
    write("hub.toml", text_with(""));
  }
  ~ProgramConfigurationFile() override { std::filesystem::remove_all(root_); }

  std::string path(const std::string& name) const { return root_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  static std::string text_with(const std::string& more) {
    return "listen = [\"127.0.0.1:0\"]\npublisher-key-file = \"key\"\nanonymous = true\ndata = \"log\"\n" + more;
  }
  ChildOptions serve(const Words& more = {}) const {
    Words command = {kProgram, "serve", "--config", path("hub.toml")};
    command.insert(command.end(), more.begin(), more.end());
    return {.command = command, .environment = {}};
  }
  // How often its log has said so.
  static std::size_t count(const ChildProcess& server, const std::string& part) {
    const std::string log = server.err();
    std::size_t times = 0;
    for (auto at = log.find(part); at != log.npos; at = log.find(part, at + 1)) ++times;
    return times;
  }
  // Sends SIGHUP and waits for the line about it.
  static bool reload(ChildProcess& server) {
    const std::size_t before = count(server, "\"event\":\"reload");
    server.send_signal(SIGHUP);
    return eventually([&] { return count(server, "\"event\":\"reload") > before; });
  }

  const std::string root_ = ::testing::TempDir() + "configuration of " + std::to_string(::getpid());
};

TEST_F(ProgramConfigurationFile, CheckPrintsWhatWouldCountAndTouchesNothing) {
  ChildProcess running(serve());
  const std::uint16_t port = port_of(running);
  ASSERT_NE(port, 0) << running.err();
  const std::string address = "127.0.0.1:" + std::to_string(port);
  ChildProcess check(serve({"--check", "--listen", address, "--data", path("other")}));
  EXPECT_EQ(check.wait(), 0) << check.err();
  EXPECT_TRUE(has(check.out(), "listen = [\"" + address + "\"]")) << check.out();
  EXPECT_TRUE(has(check.out(), "# file " + path("hub.toml") + ":3\n")) << check.out();
  EXPECT_FALSE(has(check.out(), kKey));
  EXPECT_FALSE(std::filesystem::exists(path("other")));

  write("printed.toml", check.out());
  const Ran again = run({"serve", "--check", "--config", path("printed.toml")});
  EXPECT_EQ(again.code, 0) << again.err << "what it prints is a configuration";

  write("key", "short");
  ChildProcess wrong(serve({"--check"}));
  EXPECT_EQ(wrong.wait(), 2);
  EXPECT_EQ(wrong.out(), "");
  EXPECT_TRUE(has(wrong.err(), path("hub.toml") + ":2: publisher-key-file: a secret for HS256 has 32 bytes or more"))
      << wrong.err();
}

TEST_F(ProgramConfigurationFile, AHangupTakesOverKeysOriginsAndLimitsWhileAStreamGoesOn) {
  ChildProcess server(serve());
  const std::uint16_t port = port_of(server);
  ASSERT_NE(port, 0) << server.err();
  Subscriber subscriber(port, {.topic = "greetings"});
  ASSERT_TRUE(subscriber.is_subscribed());
  EXPECT_EQ(publish(port, kKey, "1"), 200);

  write("key", kOtherKey);
  write("hub.toml", text_with("threads = 3\ncors-origin = [\"https://a.example\"]\n[limits]\nupdate_bytes_max = 3\n"));
  ASSERT_TRUE(reload(server)) << server.err();
  EXPECT_TRUE(has(server.err(),
                  "\"event\":\"reloaded\",\"changed\":\"publisher-key-file, cors-origin, "
                  "limits.update_bytes_max\""))
      << server.err();
  EXPECT_TRUE(eventually([&] { return has(server.err(), "\"event\":\"needs_restart\",\"settings\":\"threads\""); }));
  EXPECT_FALSE(has(server.err(), kKey) || has(server.err(), kOtherKey)) << "a secret in the log";

  EXPECT_EQ(publish(port, kKey, "2"), 401);
  EXPECT_EQ(publish(port, kOtherKey, "2"), 200);
  EXPECT_EQ(publish(port, kOtherKey, "1234"), 413);
  EXPECT_TRUE(subscriber.read_events(2)) << "the stream that was open before";
  EXPECT_EQ(subscriber.events().back().data, "2");
}

TEST_F(ProgramConfigurationFile, ABadFileLeavesInForceWhatWas) {
  ChildProcess server(serve());
  const std::uint16_t port = port_of(server);
  ASSERT_NE(port, 0) << server.err();
  const std::pair<std::string, std::string> rows[] = {
      {text_with("cors_origin = 1\n"), "hub.toml:5:1: unknown key 'cors_origin'; did you mean 'cors-origin'?"},
      {text_with("[limits]\nheartbeat_ms = \"1\"\n"), "hub.toml:6:16: heartbeat_ms takes a whole number"},
      {"what?", "this is no TOML"},
      {text_with("publish-origin = [\"*\"]\n"), "any page could publish"},
  };
  write("key", kOtherKey);
  for (const auto& [text, reason] : rows) {
    write("hub.toml", text);
    ASSERT_TRUE(reload(server)) << server.err();
    EXPECT_TRUE(has(server.err(), reason)) << server.err();
    EXPECT_EQ(publish(port, kKey, "1"), 200) << reason;
    EXPECT_EQ(publish(port, kOtherKey, "1"), 401) << reason;
  }
  EXPECT_EQ(count(server, "\"event\":\"reload_failed\""), std::size(rows));
  EXPECT_EQ(count(server, "\"event\":\"reloaded\""), 0u);

  write("hub.toml", text_with(""));
  ASSERT_TRUE(reload(server)) << server.err();
  EXPECT_EQ(publish(port, kOtherKey, "1"), 200);
  ASSERT_TRUE(reload(server)) << server.err();
  EXPECT_TRUE(has(server.err(), "\"changed\":\"nothing\"")) << server.err();
  server.send_signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

TEST_F(ProgramConfigurationFile, KeysUnderAUrlAreFetchedOnUnlessAnotherPlaceIsNamed) {
  WebServer provider;
  provider.set_answer(ok_answer(R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",)"
                                R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})"));
  const auto keys = KeySet::parse(R"({"kty":"OKP","crv":"Ed25519","kid":"a",)"
                                  R"("d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
                                  R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
                                  std::nullopt, Limits{});
  const std::string token =
      make_token(keys.value().keys().front(), {.publish = {"*"}, .subscribe = {}, .expires_at_s = {}});
  const std::string text = "listen = [\"127.0.0.1:0\"]\nanonymous = true\nlog = \"memory\"\npublisher-jwks-url = \"" +
                           provider.url("/jwks") + "\"\n";
  write("hub.toml", text);
  ChildProcess server(serve());
  const std::uint16_t port = port_of(server);
  ASSERT_NE(port, 0) << server.err();
  const auto publish_once = [&] { return request(port, publish_request(token, "greetings", "1")).status; };
  EXPECT_EQ(publish_once(), 200);

  write("hub.toml", text + "[limits]\nheartbeat_ms = 5000\n");
  ASSERT_TRUE(reload(server)) << server.err();
  EXPECT_EQ(publish_once(), 200);
  EXPECT_EQ(provider.requests().size(), 1u) << "the keys that are known stay";

  write("hub.toml", text_with(""));
  ASSERT_TRUE(reload(server)) << server.err();
  EXPECT_TRUE(has(server.err(), "\"changed\":\"publisher-key-file, publisher-jwks-url, limits.heartbeat_ms\""))
      << server.err();
  EXPECT_EQ(publish_once(), 401);
  EXPECT_EQ(publish(port, kKey, "1"), 200);
}

TEST_F(ProgramConfigurationFile, AHubForDevelopmentEndsWithItsTerminal) {
  ChildProcess server(serve({"--dev"}));
  ASSERT_NE(port_of(server), 0) << server.err();
  server.send_signal(SIGHUP);
  EXPECT_EQ(server.wait(), 128 + SIGHUP);
}

}  // namespace
}  // namespace fanfare::live
