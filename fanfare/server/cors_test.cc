#include "fanfare/server/cors.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

http::Headers answer(const std::vector<std::string>& allowed, const char* origin) {
  http::RequestHead request;
  if (origin != nullptr) request.headers.add("Origin", origin);
  http::Headers response;
  add_cors(Origins::parse(allowed).value(), request, response);
  return response;
}

std::string field(const http::Headers& headers, std::string_view name) {
  const auto* value = headers.find(name);
  return value == nullptr ? "-" : *value;
}

TEST(Cors, AListedOriginIsEchoedAndMaySendCredentials) {
  const auto headers = answer({"https://a.example", "http://b.example:81"}, "http://b.example:81");
  EXPECT_EQ(field(headers, "Access-Control-Allow-Origin"), "http://b.example:81");
  EXPECT_EQ(field(headers, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(field(headers, "Access-Control-Expose-Headers"), "ETag, Last-Event-ID, Link, Retry-After");
  EXPECT_EQ(field(headers, "Vary"), "Origin");
}

TEST(Cors, AnyOriginGetsTheStarWithoutCredentials) {
  const auto headers = answer({"*"}, "https://a.example");
  EXPECT_EQ(field(headers, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(field(headers, "Access-Control-Allow-Credentials"), "-");
  EXPECT_EQ(field(headers, "Vary"), "-");
}

TEST(Cors, AnUnlistedOriginIsNeverReflected) {
  for (const char* origin : {"https://a.example.evil", "https://a.exampl", "null", "", "https://a.example, x"}) {
    const auto headers = answer({"https://a.example"}, origin);
    EXPECT_EQ(field(headers, "Access-Control-Allow-Origin"), "-") << origin;
    EXPECT_EQ(field(headers, "Access-Control-Allow-Credentials"), "-") << origin;
    EXPECT_EQ(field(headers, "Vary"), "Origin") << origin;
  }
}

TEST(Cors, WithoutAnOriginOnlyVaryIsSaid) {
  EXPECT_EQ(field(answer({"https://a.example"}, nullptr), "Access-Control-Allow-Origin"), "-");
  EXPECT_EQ(field(answer({"https://a.example"}, nullptr), "Vary"), "Origin");
  EXPECT_TRUE(answer({}, nullptr).empty());
  EXPECT_TRUE(answer({}, "https://a.example").empty());
}

}  // namespace
}  // namespace fanfare
