#include "fanfare/access/origins.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

Origins origins(std::vector<std::string> allowed) {
  return Origins::parse(allowed).value();
}

TEST(Origins, AListedOriginIsEchoedWithCredentials) {
  const Origins two = origins({"https://a.example", "http://localhost:3000"});
  for (const char* listed : {"https://a.example", "http://localhost:3000"}) {
    const auto answer = two.answer(listed);
    ASSERT_TRUE(answer) << listed;
    EXPECT_EQ(answer->allow_origin, listed);
    EXPECT_EQ(answer->credentials, Credentials::kAllow);
  }
  EXPECT_TRUE(two.vary());
}

TEST(Origins, AnUnlistedOriginIsNeverReflected) {
  const Origins one = origins({"https://a.example"});
  for (const char* other : {"", "null", "*", "http://a.example", "https://a.example:8443", "https://a.example.evil",
                            "https://evil.a.example", "https://a.example/", "https://A.example", "https://a.exampl"}) {
    EXPECT_FALSE(one.answer(other)) << other;
    EXPECT_FALSE(Origins().answer(other)) << other;
  }
}

TEST(Origins, TheStarAllowsAnyOriginWithoutCredentials) {
  const Origins any = origins({"*"});
  for (const char* origin : {"https://b.example", "null", "anything"}) {
    const auto answer = any.answer(origin);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->allow_origin, "*");
    EXPECT_EQ(answer->credentials, Credentials::kOmit);
  }
  EXPECT_FALSE(any.vary());
}

TEST(Origins, AListedOriginBesideTheStarKeepsItsCredentials) {
  const Origins both = origins({"*", "https://a.example"});
  EXPECT_EQ(both.answer("https://a.example")->credentials, Credentials::kAllow);
  EXPECT_EQ(both.answer("https://b.example")->allow_origin, "*");
  EXPECT_EQ(both.answer("https://b.example")->credentials, Credentials::kOmit);
  EXPECT_TRUE(both.vary());
}

TEST(Origins, WhatIsListedIsBroughtIntoTheFormThatBrowsersSend) {
  EXPECT_TRUE(origins({"HTTPS://A.Example:443"}).answer("https://a.example"));
  EXPECT_TRUE(origins({"http://a.example:80"}).answer("http://a.example"));
  EXPECT_TRUE(origins({"http://a.example:443"}).answer("http://a.example:443"));
  EXPECT_TRUE(origins({"http://[::1]:8080"}).answer("http://[::1]:8080"));
  EXPECT_TRUE(origins({"https://[::1]:443"}).answer("https://[::1]"));
  EXPECT_TRUE(origins({"chrome-extension://abcdef"}).answer("chrome-extension://abcdef"));
}

TEST(Origins, AMalformedOriginIsRefusedWithTheReason) {
  const struct {
    const char* given;
    const char* message;
  } rows[] = {
      {"", "'' is not an origin: it needs a scheme, as in https://example.com"},
      {"a.example", "it needs a scheme"},
      {"//a.example", "it needs a scheme"},
      {"null", "any sandboxed page has it"},
      {"://a.example", "the scheme is not one"},
      {"1http://a.example", "the scheme is not one"},
      {"https://a.example/", "it must end after the host and port"},
      {"https://a.example/path", "it must end after the host and port"},
      {"https://a.example?x", "it must end after the host and port"},
      {"https://a.example#x", "it must end after the host and port"},
      {"https://me@a.example", "it cannot have a user name"},
      {"https://*.example", "'*' stands for every origin and only alone"},
      {"https://", "the host is not a name"},
      {"https://:80", "the host is not a name"},
      {"https://a b", "the host is not a name"},
      {"https://\xC3\xA9.example", "the host is not a name"},
      {"https://[::1", "the host is not a name"},
      {"https://[]", "the host is not a name"},
      {"https://a.example:", "the port is not a number"},
      {"https://a.example:0", "the port is not a number"},
      {"https://a.example:080", "the port is not a number"},
      {"https://a.example:65536", "the port is not a number"},
      {"https://a.example:80x", "the port is not a number"},
      {"https://a.example, https://b.example", "it must end after the host and port"},
  };
  for (const auto& row : rows) {
    const auto refused = Origins::parse(std::vector<std::string>{"https://ok.example", row.given});
    ASSERT_FALSE(refused) << row.given;
    EXPECT_NE(refused.error().message.find(row.message), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace fanfare
