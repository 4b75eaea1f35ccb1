// `fanfare serve --publisher-jwks-url`: a hub and its identity provider, through start, rotation and bad days.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include <string>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/key_vectors.h"
#include "testing/live/server_process.h"
#include "testing/live/web_server.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

// RFC 8037 appendix A.
std::string jwk(const std::string& kid) {
  return R"({"kty":"OKP","crv":"Ed25519","kid":")" + kid + R"(","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
}
std::string private_jwk(const std::string& kid) {
  return R"({"kty":"OKP","crv":"Ed25519","kid":")" + kid +
         R"(","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
}
std::string set_of(const std::string& keys) {
  return R"({"keys":[)" + keys + "]}";
}
std::string token_of(const std::string& kid) {
  const auto keys = KeySet::parse(private_jwk(kid), std::nullopt, Limits{});
  return make_token(keys.value().keys().front(), {.publish = {"*"}, .subscribe = {}, .expires_at_s = {}});
}

// A hub whose publishers' keys are the provider's; it asks again as soon as a token needs it.
class ProgramJwks : public testing::Test {
 protected:
  void start(const Words& limits = {}) {
    Words command = {kProgram,
                     "serve",
                     "--listen",
                     "127.0.0.1:0",
                     "--log",
                     "memory",
                     "--anonymous",
                     "--publisher-jwks-url",
                     provider.url("/jwks"),
                     "--limit",
                     "jwks_renew_s_min=0"};
    for (const auto& limit : limits) command.insert(command.end(), {"--limit", limit});
    server = std::make_unique<ChildProcess>(ChildOptions{.command = command, .environment = {}});
    ASSERT_TRUE(eventually([&] { return has(server->err(), "\"event\":\"ready\""); })) << server->err();
    const std::string log = server->err();
    const auto begin = log.find("\"listen\":\"127.0.0.1:") + 20;
    port = static_cast<std::uint16_t>(std::stoi(log.substr(begin)));
  }
  int publish(const std::string& kid) { return request(port, publish_request(token_of(kid), "t", "x")).status; }
  bool logs(std::string_view part) {
    return eventually([&] { return has(server->err(), part); });
  }

  WebServer provider;
  std::unique_ptr<ChildProcess> server;
  std::uint16_t port = 0;
};

TEST_F(ProgramJwks, KeysAreFetchedRotatedAndWithdrawn) {
  provider.set_answer(ok_answer(set_of(jwk("a")), "ETag: \"1\"\r\nCache-Control: max-age=300\r\n"));
  start();
  EXPECT_EQ(publish("a"), 200);
  EXPECT_TRUE(logs("jwks_changed"));
  EXPECT_TRUE(has(provider.requests().front(), "GET /jwks HTTP/1.1\r\n")) << provider.requests().front();
  EXPECT_TRUE(has(provider.requests().front(), "User-Agent: fanfare/"));

  provider.set_answer(ok_answer(set_of(jwk("a") + "," + jwk("b")), "ETag: \"2\"\r\n"));
  EXPECT_EQ(publish("b"), 200) << "a kid that is new is asked for at once";
  EXPECT_TRUE(has(provider.requests().back(), "If-None-Match: \"1\"\r\n")) << provider.requests().back();
  EXPECT_EQ(publish("a"), 200);

  provider.set_answer(ok_answer(set_of(jwk("c")), "ETag: \"3\"\r\n"));
  EXPECT_EQ(publish("c"), 200);
  EXPECT_EQ(publish("a"), 401) << "its key is withdrawn";
  provider.set_answer("HTTP/1.1 304 Not Modified\r\n\r\n");
  EXPECT_EQ(publish("a"), 401);
  EXPECT_EQ(publish("c"), 200);
}

TEST_F(ProgramJwks, TheHubMayStartBeforeItsProvider) {
  provider.set_answer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
  start();
  EXPECT_TRUE(logs("jwks_failed"));
  EXPECT_TRUE(has(server->err(), "the answer is 502, not 200")) << server->err();
  const auto answer = request(port, publish_request(token_of("a"), "t", "x"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "5");
  provider.set_answer(ok_answer(set_of(jwk("a"))));
  EXPECT_TRUE(eventually([&] { return publish("a") == 200; }));
}

TEST_F(ProgramJwks, WithAnIllProviderTheOldKeysStay) {
  struct Case {
    std::string answer;
    std::string told;
  };
  const Case cases[] = {
      {"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "the answer is 500"},
      {"HTTP/1.1 302 Found\r\nLocation: " + provider.url("/other") + "\r\nContent-Length: 0\r\n\r\n",
       "redirects are not followed"},
      {ok_answer(set_of(jwk("a")) + std::string(3'000, ' ')), "more than 2000 bytes"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{", "transfer closed"},
      {"", "timed out"},
      {ok_answer("<html>"), "is no JSON object"},
      {ok_answer(set_of(private_jwk("b"))), "no longer secret there"},
  };
  for (const Case& one : cases) {
    provider.set_answer(ok_answer(set_of(jwk("a"))));
    start({"key_file_bytes_max=2000", "jwks_fetch_ms_max=500"});
    EXPECT_EQ(publish("a"), 200);
    provider.set_answer(one.answer);
    EXPECT_EQ(publish("b"), 401) << one.told;
    EXPECT_TRUE(logs("jwks_failed")) << one.told;
    EXPECT_TRUE(has(server->err(), one.told)) << server->err();
    EXPECT_EQ(publish("a"), 200) << one.told;
  }
  for (const auto& request : provider.requests()) EXPECT_FALSE(has(request, "/other")) << "a redirect was followed";
}

TEST_F(ProgramJwks, ProvidersAreAskedOnceWhateverTokensName) {
  provider.set_answer(ok_answer(set_of(jwk("a"))));
  start({"jwks_renew_s_min=3600"});
  EXPECT_EQ(publish("a"), 200);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(publish("garbage" + std::to_string(i)), 401);
  EXPECT_EQ(provider.requests().size(), 1u);
}

TEST_F(ProgramJwks, EndsAtOnceWhileAProviderIsSilent) {
  start({"jwks_fetch_ms_max=600000"});
  EXPECT_TRUE(eventually([&] { return !provider.requests().empty(); }));
  server->send_signal(SIGTERM);
  EXPECT_EQ(server->wait(), 0);
}

TEST(ProgramServeJwks, RefusesUrlsThatCannotHaveKeys) {
  for (const auto& [arguments, told] : std::initializer_list<std::pair<Words, std::string>>{
           {{"--publisher-jwks-url", "file:///keys"}, "--publisher-jwks-url: 'file:///keys' is no URL"},
           {{"--publisher-jwks-url", "https://id.example/", "--publisher-key", "k"}, "not both"},
           {{"--publisher-jwks-url", "https://id.example/", "--publisher-alg", "HS256"}, "HS256 goes with a secret"}}) {
    Words command = {"serve", "--anonymous", "--log", "memory"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Ran ran = run(command);
    EXPECT_EQ(ran.code, 2);
    EXPECT_TRUE(has(ran.err, told)) << ran.err;
  }
}

}  // namespace
}  // namespace fanfare::live
