#include "fanfare/server/credentials.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

struct Case {
  const char* what;
  std::vector<std::pair<const char*, const char*>> headers;
  const char* query;
  CookieCarrier cookie;
  const char* token;  // nullptr: there is none; "!": the request is refused
};

constexpr auto kAccepted = CookieCarrier::kAccepted;
constexpr auto kUntrusted = CookieCarrier::kUntrusted;

const Case kCases[] = {
    {"nothing", {}, "", kAccepted, nullptr},
    {"the header", {{"Authorization", "Bearer t"}}, "", kAccepted, "t"},
    {"the scheme in any case", {{"authorization", "bEARER t"}}, "", kAccepted, "t"},
    {"more spaces", {{"Authorization", "Bearer  \tt "}}, "", kAccepted, "t"},
    {"a header without a token", {{"Authorization", "Bearer"}}, "", kAccepted, "!"},
    {"an empty header", {{"Authorization", ""}}, "", kAccepted, "!"},
    {"another scheme", {{"Authorization", "Basic t"}}, "", kAccepted, "!"},
    {"no space", {{"Authorization", "Bearert"}}, "", kAccepted, "!"},
    {"two headers", {{"Authorization", "Bearer t"}, {"Authorization", "Bearer t"}}, "", kAccepted, "!"},
    {"the query", {}, "topic=a&authorization=t%2B", kAccepted, "t+"},
    {"an empty query parameter", {}, "authorization=", kAccepted, nullptr},
    {"another parameter", {}, "Authorization=t&access_token=t", kAccepted, nullptr},
    {"the cookie", {{"Cookie", "mercureAuthorization=t"}}, "", kAccepted, "t"},
    {"one cookie of several", {{"Cookie", "a=b; mercureAuthorization=t;c=d"}}, "", kAccepted, "t"},
    {"a quoted cookie", {{"Cookie", "mercureAuthorization=\"t\""}}, "", kAccepted, "t"},
    {"a cookie with =", {{"Cookie", "mercureAuthorization=t=="}}, "", kAccepted, "t=="},
    {"the first of two", {{"Cookie", "mercureAuthorization=t; mercureAuthorization=u"}}, "", kAccepted, "t"},
    {"a cookie's name has a case", {{"Cookie", "mercureauthorization=t"}}, "", kAccepted, nullptr},
    {"a longer name", {{"Cookie", "xmercureAuthorization=t; mercureAuthorizationx=t"}}, "", kAccepted, nullptr},
    {"a cookie without a value", {{"Cookie", ";; mercureAuthorization; ="}}, "", kAccepted, nullptr},
    {"a quote alone", {{"Cookie", "mercureAuthorization=\""}}, "", kAccepted, "\""},
    {"an untrusted cookie", {{"Cookie", "mercureAuthorization=t"}}, "", kUntrusted, "!"},
    {"other cookies, untrusted", {{"Cookie", "a=b"}}, "", kUntrusted, nullptr},
    {"the query with an untrusted cookie", {{"Cookie", "mercureAuthorization=c"}}, "authorization=q", kUntrusted, "q"},
    {"query before cookie", {{"Cookie", "mercureAuthorization=c"}}, "authorization=q", kAccepted, "q"},
    {"an empty query before a cookie", {{"Cookie", "mercureAuthorization=c"}}, "authorization=", kAccepted, "c"},
    {"header before all",
     {{"Cookie", "mercureAuthorization=c"}, {"Authorization", "Bearer h"}},
     "authorization=q",
     kAccepted,
     "h"},
    {"a bad header is not passed over",
     {{"Cookie", "mercureAuthorization=c"}, {"Authorization", "Basic h"}},
     "authorization=q",
     kAccepted,
     "!"},
};

TEST(Credentials, AreFoundInTheirOrder) {
  for (const Case& each : kCases) {
    http::RequestHead head;
    for (const auto& [name, value] : each.headers) head.headers.add(name, value);
    const auto token = token_of(head, url::parse_form(each.query, 16).value(), each.cookie);
    if (each.token != nullptr && std::string_view(each.token) == "!") {
      EXPECT_FALSE(token.has_value()) << each.what;
      continue;
    }
    ASSERT_TRUE(token.has_value()) << each.what;
    EXPECT_EQ(token->has_value(), each.token != nullptr) << each.what;
    EXPECT_EQ(token->value_or(""), each.token == nullptr ? "" : each.token) << each.what;
  }
}

TEST(Credentials, TheirRefusalNamesTheScheme) {
  const auto response = unauthorized("why");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(*response.headers.find("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(response.body, "{\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"why\"}\n");
}

}  // namespace
}  // namespace fanfare
