#include "fanfare/http/message.h"

#include <gtest/gtest.h>

namespace fanfare::http {
namespace {

TEST(Message, HeadersAreFoundWithoutRegardToCaseFirstOneFirst) {
  Headers headers;
  EXPECT_TRUE(headers.empty());
  headers.add("Accept", "a");
  headers.add("X-Id", "first");
  headers.add("x-iD", "second");
  ASSERT_NE(headers.find("X-ID"), nullptr);
  EXPECT_EQ(*headers.find("X-ID"), "first");
  EXPECT_EQ(headers.find("X-I"), nullptr);
  EXPECT_EQ(headers.find("X-Idx"), nullptr);
  EXPECT_EQ(headers.count("x-id"), 2u);
  EXPECT_EQ(headers.count("accept"), 1u);
  EXPECT_EQ(headers.count("host"), 0u);
}

TEST(Message, OnlyAsciiLettersLoseTheirCase) {
  EXPECT_TRUE(equals_ignoring_case("Chunked", "cHUNKED"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("\xc4", "\xe4"));
  EXPECT_FALSE(equals_ignoring_case("close", "closed"));
}

TEST(Message, ATextResponseIsOneLineOfPlainText) {
  const Response response = text_response(404, "No such page.");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "No such page.\n");
  EXPECT_EQ(*response.headers.find("content-type"), "text/plain; charset=utf-8");
}

TEST(Message, AProblemIsALineOfJsonWithTheSentence) {
  const Response response = problem_response(404, "there is no 'a\"b\xff\n'");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body,
            "{\"title\":\"Not Found\",\"status\":404,\"detail\":\"there is no 'a\\\"b\xef\xbf\xbd\\n'\"}\n");
  EXPECT_EQ(*response.headers.find("content-type"), "application/problem+json");
}

TEST(Message, AProblemThatMayBeGoneLaterSaysWhen) {
  const Response response = retry_response(503, "full", 7);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, problem_response(503, "full").body);
  EXPECT_EQ(*response.headers.find("retry-after"), "7");
}

TEST(Message, SpacesAndTabsAroundAValueAreNoPartOfIt) {
  EXPECT_EQ(trimmed(" \ta \tb\t "), "a \tb");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \t"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Message, AnIfNoneMatchListsEntityTags) {
  for (const char* value : {"\"a\"", "W/\"a\"", "*", "\"b\", \"a\"", " \"b\" ,W/\"a\" "}) {
    EXPECT_TRUE(matches_etag(value, "\"a\"")) << value;
    EXPECT_TRUE(matches_etag(value, "W/\"a\"")) << value;
  }
  for (const char* value : {"", "a", "\"b\"", "\"a", ",", "\"aa\", \"b\"", "W/ \"a\""}) {
    EXPECT_FALSE(matches_etag(value, "\"a\"")) << value;
  }
}

TEST(Message, StatusesHaveThePhrasesOfTheirSpecifications) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(429), "Too Many Requests");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

}  // namespace
}  // namespace fanfare::http
