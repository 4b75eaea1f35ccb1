// `fanfare serve`: what it refuses to start with, warns of, and prints.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/access/key_vectors.h"
#include "testing/live/child_process.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

ChildOptions serve(Words arguments, const Words& environment = {}) {
  Words command = {kProgram, "serve", "--listen", "127.0.0.1:0"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return {.command = std::move(command), .environment = environment};
}

bool becomes_ready(const ChildProcess& server) {
  return eventually([&] { return has(server.err(), "\"event\":\"ready\""); });
}

const std::string kPublicKey(kRsaPublicPem);
// RFC 8037 appendix A.1, and its public half.
const std::string kPrivateJwk = R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
                                R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
const std::string kPublicJwks =
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";

const std::string kLongKey = "0123456789abcdef0123456789abcdef";

TEST(ProgramServe, RefusesWhatWouldServeNobody) {
  struct Case {
    Words arguments;
    std::string told;
  };
  const Case cases[] = {
      {{}, "nobody could publish"},
      {{"--anonymous"}, "nobody could publish"},
      {{"--publisher-key", kLongKey}, "nobody could subscribe"},
      {{"--dev", "--limit", "heartbeat_s=1"}, "there is no limit named 'heartbeat_s'; did you mean 'heartbeat_ms'?"},
      {{"--dev", "--limit", "heartbeat_ms=soon"}, "takes a whole number"},
      {{"--dev", "--log", "papyrus"}, "papyrus"},
      {{"--dev", "--threads", "0"}, "--threads"},
      {{"--dev", "--log", "memory", "--data", "/somewhere"}, "not both"},
      {{"--dev", "--log", "memory", "--limit", "history_updates_max=9"},
       "--log memory has no limit history_updates_max"},
      {{"--dev", "--durability", "paper"}, "paper"},
      {{"--dev", "--publisher-key-file", "/nowhere/key"}, "--publisher-key-file /nowhere/key: No such file"},
      {{"--dev", "--publisher-key", "a", "--publisher-key-file", "b"}, "not both"},
      {{"--dev", "--publisher-key", kPublicKey, "--publisher-alg", "HS256"}, "HS256 does not go with an RSA key"},
      {{"--dev", "--publisher-key", "a", "--publisher-alg", "none"}, "tokens are not signed with 'none' here"},
      {{"--dev", "--subscriber-alg", "HS256"}, "--subscriber-alg is for a key"},
      {{"--dev", "--subscriber-key", "{\"keys\":[]}"}, "the JWKS has no keys"},
      {{"--dev", "--subscriber-key", kPrivateJwk}, "this is a private key"},
      {{"--dev", "--token-leeway", "-1"}, "--token-leeway"},
      {{"--dev", "--token-leeway", "601"}, "--token-leeway"},
      {{"--dev", "--unknown-id", "guess"}, "guess"},
  };
  for (const auto& each : cases) {
    ChildProcess server(serve(each.arguments));
    EXPECT_EQ(server.wait(), 2) << each.told;
    EXPECT_TRUE(has(server.err(), each.told)) << server.err();
    EXPECT_EQ(server.out(), "");
  }
}

TEST(ProgramServe, TakesTheKeysOfTheEnvironment) {
  ChildProcess server(
      serve({"--log", "memory"}, {"MERCURE_PUBLISHER_JWT_KEY=" + kLongKey, "MERCURE_SUBSCRIBER_JWT_KEY=" + kLongKey}));
  EXPECT_TRUE(becomes_ready(server)) << server.err();
  EXPECT_FALSE(has(server.err(), "weak_key")) << server.err();
  EXPECT_FALSE(has(server.err(), kLongKey)) << "a secret in the log";
  server.send_signal(SIGINT);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_TRUE(has(server.err(), "\"event\":\"stopped\"")) << server.err();
}

// The address in the line that says so.
std::string hub_of(const ChildProcess& server) {
  const std::string log = server.err();
  const auto begin = log.find("\"listen\":\"") + 10;
  return log.substr(begin, log.find('"', begin) - begin);
}

TEST(ProgramServe, TakesThePemAndAlgorithmOfTheEnvironmentAndJwksFromAFile) {
  const std::string path = ::testing::TempDir() + "jwks of " + std::to_string(::getpid());
  std::ofstream(path) << kPublicJwks << "\n";
  ChildProcess server(serve({"--log", "memory", "--publisher-key-file", path},
                            {"MERCURE_SUBSCRIBER_JWT_KEY=" + kPublicKey, "MERCURE_SUBSCRIBER_JWT_ALG=PS256"}));
  ASSERT_TRUE(becomes_ready(server)) << server.err();
  std::filesystem::remove(path);
  EXPECT_FALSE(has(server.err(), "weak_key")) << server.err();

  ChildProcess minter(
      {.command = {kProgram, "token", "--publish", "greetings", "--key", kPrivateJwk}, .environment = {}});
  EXPECT_EQ(minter.wait(), 0) << minter.err();
  const std::string token = minter.out().substr(0, minter.out().find('\n'));
  const auto publish = [&](const std::string& topic, const std::string& with) {
    ChildProcess publisher({.command = {kProgram, "publish", "--hub", hub_of(server), "--topic", topic, "hello"},
                            .environment = {"FANFARE_TOKEN=" + with}});
    return publisher.wait();
  };
  EXPECT_EQ(publish("greetings", token), 0) << token;
  EXPECT_EQ(publish("others", token), 4);
  EXPECT_EQ(publish("greetings", token.substr(0, token.rfind('.') + 1)), 4);
}

TEST(ProgramServe, DevelopmentWithAPublicKeyPrintsNoToken) {
  ChildProcess server(serve({"--dev", "--log", "memory", "--publisher-key", kPublicKey}));
  ASSERT_TRUE(becomes_ready(server)) << server.err();
  EXPECT_TRUE(has(server.out(), "Bearer TOKEN'")) << server.out();
  EXPECT_FALSE(has(server.out(), "#token=")) << server.out();
}

TEST(ProgramServe, TakesAShortKeyOnlyWhereThatIsAllowedAndWarnsOfIt) {
  const Words arguments = {"--log", "memory", "--anonymous", "--publisher-key", "short"};
  ChildProcess refused(serve(arguments));
  EXPECT_EQ(refused.wait(), 2);
  EXPECT_TRUE(has(refused.err(), "--publisher-key: a secret for HS256 has 32 bytes or more")) << refused.err();
  EXPECT_TRUE(has(refused.err(), "--allow-weak-keys")) << refused.err();
  for (const char* permission : {"--allow-weak-keys", "--dev"}) {
    Words allowed = arguments;
    allowed.emplace_back(permission);
    ChildProcess server(serve(allowed));
    EXPECT_TRUE(becomes_ready(server)) << server.err();
    EXPECT_TRUE(has(server.err(), "\"level\":\"warning\",\"event\":\"weak_key\"")) << server.err();
  }
}

TEST(ProgramServe, TakesAWellKnownKeyForDevelopmentOnly) {
  const Words arguments = {"--log", "memory", "--anonymous", "--allow-weak-keys"};
  const Words environment = {"MERCURE_PUBLISHER_JWT_KEY=!ChangeThisMercureHubJWTSecretKey!"};
  ChildProcess refused(serve(arguments, environment));
  EXPECT_EQ(refused.wait(), 2);
  EXPECT_TRUE(has(refused.err(), "$MERCURE_PUBLISHER_JWT_KEY: this secret is an example that everybody knows"))
      << refused.err();
  ChildProcess server(serve({"--log", "memory", "--dev"}, environment));
  EXPECT_TRUE(becomes_ready(server)) << server.err();
}

TEST(ProgramServe, DevelopmentIsForThisMachineOnly) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", ":0"}) {
    ChildProcess server(serve({"--dev", "--log", "memory", "--listen", address}));
    EXPECT_EQ(server.wait(), 2) << address;
    EXPECT_TRUE(has(server.err(), std::string("cannot listen on ") + address)) << server.err();
    EXPECT_FALSE(has(server.err(), "ready"));
  }
}

TEST(ProgramServe, DevelopmentSaysSoAndPrintsATokenThatPublishes) {
  ChildProcess server(serve({"--dev", "--log", "memory"}));
  ASSERT_TRUE(becomes_ready(server)) << server.err();
  EXPECT_TRUE(has(server.err(), "development_mode")) << server.err();
  const std::string help = server.out();
  const std::string hub = help.substr(help.find("curl -N '") + 9, help.find("?topic=") - help.find("curl -N '") - 9);
  const auto bearer = help.find("Bearer ") + 7;
  const std::string token = help.substr(bearer, help.find('\'', bearer) - bearer);
  ChildProcess publisher({.command = {kProgram, "publish", "--topic", "greetings", "hello"},
                          .environment = {"FANFARE_HUB=" + hub, "FANFARE_TOKEN=" + token}});
  EXPECT_EQ(publisher.wait(), 0) << help << publisher.err();
  ChildProcess listener({.command = {kProgram, "listen", "--data", "--count", "1", "--last-event-id", "earliest",
                                     hub + "?topic=greetings"},
                         .environment = {}});
  EXPECT_EQ(listener.wait(), 0) << listener.err();
  EXPECT_EQ(listener.out(), "hello\n");
}

TEST(ProgramServe, KeepsItsLogWhereTheSystemHasStateUnlessToldOtherwise) {
  const std::string state = ::testing::TempDir() + "/state of " + std::to_string(::getpid());
  std::filesystem::create_directories(state);
  const std::pair<Words, std::string> cases[] = {
      {{"STATE_DIRECTORY=" + state + "/a:" + state + "/other", "XDG_STATE_HOME=" + state + "/b"}, "/a/log"},
      {{"STATE_DIRECTORY=", "XDG_STATE_HOME=" + state + "/b", "HOME=/nowhere"}, "/b/fanfare/log"},
      {{"STATE_DIRECTORY=", "XDG_STATE_HOME=", "HOME=" + state + "/c"}, "/c/.local/state/fanfare/log"},
  };
  for (const auto& [environment, directory] : cases) {
    ChildProcess server(serve({"--dev"}, environment));
    ASSERT_TRUE(becomes_ready(server)) << server.err();
    EXPECT_TRUE(has(server.err(), "\"log\":\"" + state + directory + "\"")) << server.err();
    EXPECT_TRUE(std::filesystem::exists(state + directory + "/FORMAT"));
    ChildProcess second(serve({"--dev"}, environment));
    EXPECT_EQ(second.wait(), 1);
    EXPECT_TRUE(has(second.err(), "is held by process " + std::to_string(server.pid()) + " (fanfare)")) << second.err();
  }
  std::filesystem::remove_all(state);
  ChildProcess homeless(serve({"--dev"}, {"STATE_DIRECTORY=", "XDG_STATE_HOME=", "HOME="}));
  EXPECT_EQ(homeless.wait(), 2);
  EXPECT_TRUE(has(homeless.err(), "Give --data DIR, or --log memory for none")) << homeless.err();
}

}  // namespace
}  // namespace fanfare::live
