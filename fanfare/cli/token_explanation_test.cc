#include "fanfare/cli/token_explanation.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/access/jws.h"
#include "fanfare/access/key.h"

namespace fanfare::cli {
namespace {

constexpr std::int64_t kNow_s = 1'795'251'600;  // 2026-11-21T09:00:00Z

Key secret(std::string_view text) {
  return Key::from_secret(text, Algorithm::kHs256).value();
}

std::string token_of(std::string_view payload, std::string_view header = R"({"alg":"HS256"})") {
  return sign_jws(secret("secret"), header, payload);
}

Explanation explain(std::string_view token, const std::vector<std::string>& secrets) {
  std::vector<NamedKeys> keys;
  for (const std::string& each : secrets) keys.push_back({"the key " + each, KeySet({secret(each)})});
  return explain_token(token, keys, kNow_s);
}

TEST(TokenExplanation, TellsWhatAHubAnswersInEachRole) {
  const std::string token = token_of(R"({"mercure":{"publish":["a"]}})");
  const auto made = explain_answers(token, {"hub.toml", std::nullopt, "no key"}, kNow_s);
  EXPECT_EQ(made.verdict, Verdict::kAccepted);
  EXPECT_TRUE(made.text.ends_with("hub         hub.toml\n  publishing accepted\n  subscribing refused: no key\n"))
      << made.text;
  EXPECT_EQ(explain_answers(token, {"hub", "no", "no"}, kNow_s).verdict, Verdict::kRefused);
  const auto none = explain_answers("x", {"hub", std::nullopt, std::nullopt}, kNow_s);
  EXPECT_EQ(none.verdict, Verdict::kRefused) << "what is no token is nobody's";
  EXPECT_TRUE(none.text.starts_with("refused ")) << none.text;
}

TEST(TokenExplanation, TellsWhatTheTokenSaysAndThatItIsTaken) {
  const auto made = explain(
      token_of(
          R"({"iss":"me","mercure":{"publish":["a","b/{x}"],"subscribe":["*"]},"exp":1795255260,"nbf":1795251599})"),
      {"secret"});
  EXPECT_EQ(made.verdict, Verdict::kAccepted);
  EXPECT_EQ(made.text,
            "header      {\"alg\":\"HS256\"}\n"
            "payload     {\"iss\":\"me\",\"mercure\":{\"publish\":[\"a\",\"b/{x}\"],\"subscribe\":[\"*\"]},"
            "\"exp\":1795255260,\"nbf\":1795251599}\n"
            "issuer      me\n"
            "publish     a\n"
            "            b/{x}\n"
            "subscribe   *\n"
            "expires     2026-11-21T10:01:00Z, in 1 h 1 min\n"
            "not before  2026-11-21T08:59:59Z, 1 s ago\n"
            "key         the key secret\n"
            "  signature good\n"
            "  token     accepted\n");
}

TEST(TokenExplanation, TellsWhatWouldBeRefusedAndWhy) {
  const struct {
    std::string token;
    std::vector<std::string> secrets;
    Verdict verdict;
    std::string told;
  } rows[] = {
      {token_of("{}"), {"secret"}, Verdict::kAccepted, "publish     nothing: every update is refused\n"},
      {token_of("{}"), {"secret"}, Verdict::kAccepted, "subscribe   nothing private: public updates only\n"},
      {token_of("{}"), {"secret"}, Verdict::kAccepted, "expires     never\n"},
      {token_of("{}"), {"other"}, Verdict::kRefused, "signature not good: the token's signature is wrong\n"},
      {token_of("{}"), {"other", "secret"}, Verdict::kAccepted, "  token     accepted\n"},
      {token_of(R"({"exp":1795251600})"), {"secret"}, Verdict::kRefused, "  signature good\n"},
      {token_of(R"({"exp":1795251600})"), {"secret"}, Verdict::kRefused, "refused: the token expired 0 s ago\n"},
      {token_of(R"({"exp":1795075199})"), {"secret"}, Verdict::kRefused, "2026-11-19T07:59:59Z, 2 d 1 h ago\n"},
      {token_of(R"({"nbf":1795251605})"), {"secret"}, Verdict::kRefused, "2026-11-21T09:00:05Z, in 5 s\n"},
      {token_of(R"({"exp":1e18})"), {"secret"}, Verdict::kAccepted, "at 1000000000000000000 (Unix time)\n"},
      {token_of(R"({"exp":-9e18})"), {"secret"}, Verdict::kRefused, "at -9000000000000000000 (Unix time)\n"},
      {token_of("{}", R"({"alg":"none"})"), {"secret"}, Verdict::kRefused, "the token's alg is not HS256"},
      {token_of("{}", R"({"alg":"HS256","kid":"k"})"), {"other"}, Verdict::kRefused, "neither is its kid\n"},
      {token_of("{}", "[]"), {"secret"}, Verdict::kRefused, "refused     the token's header is not a JSON object\n"},
      {token_of(R"({"mercure":7})"), {"secret"}, Verdict::kRefused, "refused     the token's claim mercure is not"},
      {"x.y", {"secret"}, Verdict::kRefused, "refused     the token is not a compact JWS"},
  };
  for (const auto& row : rows) {
    const auto made = explain(row.token, row.secrets);
    EXPECT_EQ(made.verdict, row.verdict) << made.text;
    EXPECT_NE(made.text.find(row.told), std::string::npos) << row.told << "\nis not in\n" << made.text;
  }
}

TEST(TokenExplanation, WithoutAKeyTellsThatNoSignatureIsChecked) {
  const auto fine = explain(token_of("{}"), {});
  EXPECT_EQ(fine.verdict, Verdict::kAccepted);
  EXPECT_NE(fine.text.find("signature   not checked: no key was given\n"), std::string::npos) << fine.text;
  const std::pair<std::string, std::string> rows[] = {
      {token_of(R"({"exp":1795251600})"), "refused     it has expired\n"},
      {token_of(R"({"nbf":1795251601})"), "refused     its nbf is still to come\n"},
      {token_of("{}", R"({"alg":"none"})"), "refused     its alg is no algorithm that is known here\n"},
  };
  for (const auto& [token, told] : rows) {
    const auto made = explain(token, {});
    EXPECT_EQ(made.verdict, Verdict::kRefused);
    EXPECT_NE(made.text.find(told), std::string::npos) << made.text;
  }
}

TEST(TokenExplanation, WhatATokenSaysCannotMoveTheCursor) {
  const auto made = explain(token_of("{\"mercure\":{\"publish\":[\"\\u001b[2J\\n\"]}}"), {"secret"});
  EXPECT_EQ(made.text.find('\x1b'), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("publish     \\x1b[2J\\x0a\n"), std::string::npos) << made.text;
}

}  // namespace
}  // namespace fanfare::cli
