#include "fanfare/server/publication.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

Limits small_limits() {
  Limits limits;
  limits.update_bytes_max = 10;
  limits.topics_per_update_max = 3;
  limits.topic_bytes_max = 5;
  limits.event_id_bytes_max = 8;
  limits.event_type_bytes_max = 8;
  return limits;
}

int status_of(std::string_view form) {
  const auto update = read_form(form, small_limits());
  return update ? 200 : update.error().status;
}

Update update_of(std::string_view form) {
  auto update = read_form(form, small_limits());
  EXPECT_TRUE(update.has_value()) << form;
  return update ? *update : Update{};
}

TEST(PublishForm, GivesAllFieldsOfAnUpdate) {
  const Update update = update_of("topic=a&data=x%0Ay&id=i&type=t&retry=15&private=on&topic=b");
  EXPECT_EQ(update.topics, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(update.data, "x\ny");
  EXPECT_EQ(update.id, "i");
  EXPECT_EQ(update.type, "t");
  EXPECT_EQ(update.retry_ms, 15u);
  EXPECT_TRUE(update.is_private);
}

TEST(PublishForm, ATopicIsEnough) {
  const Update update = update_of("topic=a");
  EXPECT_EQ(update.data, "");
  EXPECT_EQ(update.id, "");
  EXPECT_EQ(update.retry_ms, std::nullopt);
  EXPECT_FALSE(update.is_private);
}

TEST(PublishForm, APrivateUpdateIsPrivateWhateverTheFieldSays) {
  for (const char* form : {"topic=a&private", "topic=a&private=", "topic=a&private=off", "private&topic=a"}) {
    EXPECT_TRUE(update_of(form).is_private) << form;
  }
  EXPECT_FALSE(update_of("topic=a&Private=on").is_private);
}

TEST(PublishForm, OfAFieldThatStandsTwiceTheFirstCounts) {
  const Update update = update_of("topic=a&data=1&data=2&id=1&id=2&type=1&type=2&retry=1&retry=2");
  EXPECT_EQ(update.data, "1");
  EXPECT_EQ(update.id, "1");
  EXPECT_EQ(update.type, "1");
  EXPECT_EQ(update.retry_ms, 1u);
  EXPECT_EQ(update_of("topic=a&data=&data=2").data, "");
}

struct StatusCase {
  const char* form;
  int status;
};

TEST(PublishForm, EachRuleHasItsStatus) {
  const StatusCase cases[] = {
      {"", 400},
      {"data=1", 400},
      {"Topic=a", 400},
      {"topic=", 400},
      {"topic", 400},
      {"topic=a&topic=", 400},
      {"topic=*", 400},
      {"topic=a*", 200},
      {"topic=12345", 200},
      {"topic=123456", 400},
      {"topic=%ff", 400},
      {"topic=%C3%A9", 200},
      {"topic=a%0A", 400},
      {"topic=a%00", 400},
      {"topic=a%7F", 400},
      {"topic=a&topic=a&topic=a", 200},
      {"topic=a&topic=a&topic=a&topic=a", 413},
      {"topic=a&data=1234567890", 200},
      {"topic=a&data=12345678901", 413},
      {"topic=a&data=%ff", 400},
      {"topic=a&data=%00", 200},
      {"topic=a&data=%0D%0Ax", 200},
      {"topic=a&id=12345678", 200},
      {"topic=a&id=123456789", 400},
      {"topic=a&id=earliest", 400},
      {"topic=a&id=Earliest", 200},
      {"topic=a&id=%23x", 400},
      {"topic=a&id=x%23", 200},
      {"topic=a&id=%ff", 400},
      {"topic=a&id=a%0Ab", 400},
      {"topic=a&id=a%0Db", 400},
      {"topic=a&id=a%00b", 400},
      {"topic=a&id=", 200},
      {"topic=a&type=12345678", 200},
      {"topic=a&type=123456789", 400},
      {"topic=a&type=a%0Ab", 400},
      {"topic=a&type=%ff", 400},
      {"topic=a&retry=", 200},
      {"topic=a&retry=0", 200},
      {"topic=a&retry=18446744073709551615", 200},
      {"topic=a&retry=18446744073709551616", 400},
      {"topic=a&retry=-1", 400},
      {"topic=a&retry=%2B1", 400},
      {"topic=a&retry=1.5", 400},
      {"topic=a&retry=+1", 400},
      {"topic=a&retry=x", 400},
      {"topic=a&unknown=%ff&another", 200},
  };
  for (const auto& [form, status] : cases) EXPECT_EQ(status_of(form), status) << form;
}

TEST(PublishForm, ARefusalSaysWhatWouldBeRight) {
  const std::pair<const char*, const char*> cases[] = {
      {"data=1", "the field 'topic' is missing: an update has one topic or more"},
      {"topic=", "a topic is empty: a topic is a URL or any other text"},
      {"topic=*", "'*' selects all topics and is none: publish to a topic of its own"},
      {"topic=123456", "a topic has at most 5 bytes, and this one 6"},
      {"topic=%ff", "a topic is not UTF-8; in a form, its bytes are percent-encoded"},
      {"topic=a%0A", "a topic has control characters: it is a single line of text"},
      {"topic=?",
       "the topic '?' is the hub's own: it leads to /.well-known/mercure, where nobody may publish; choose "
       "another path"},
      {"topic=a&topic=a&topic=a&topic=a", "an update has at most 3 topics, and this one 4"},
      {"topic=a&data=12345678901", "the data of an update has at most 10 bytes, and this one 11"},
      {"topic=a&data=%ff", "the data is not UTF-8, as an event stream is: encode it, with base64 say"},
      {"topic=a&id=123456789", "an id has at most 8 bytes, and this one 9"},
      {"topic=a&id=%ff", "the id is not UTF-8"},
      {"topic=a&id=a%0Ab", "the id has control characters: it is a single line of text"},
      {"topic=a&id=%23x", "the id begins with '#', as only ids that a hub chooses do: leave that out"},
      {"topic=a&id=earliest", "the id 'earliest' means the beginning of the log: choose another"},
      {"topic=a&type=123456789", "a type has at most 8 bytes, and this one 9"},
      {"topic=a&type=%ff", "the type is not UTF-8"},
      {"topic=a&type=a%00b", "the type has control characters: it is a single line of text"},
      {"topic=a&retry=soon", "retry is a whole number of milliseconds, in digits, below 2^64"},
  };
  for (const auto& [form, reason] : cases) EXPECT_EQ(read_form(form, small_limits()).error().reason, reason) << form;
}

TEST(PublishForm, ReservedTopicsAreRefusedAndThoseThatLookLikeThemAreNot) {
  for (const char* topic : {"https://example.com/.well-known/mercure/x", "mercure%2Fsubscriptions%2Ffoo"}) {
    const auto refused = read_form("topic=a&topic=" + std::string(topic), Limits());
    ASSERT_FALSE(refused) << topic;
    EXPECT_EQ(refused.error().status, 400);
  }
  for (const char* topic : {"a+topic+with+spaces", "bar", "urn:example:mercure", "mercure-dashboard"}) {
    EXPECT_TRUE(read_form("topic=" + std::string(topic), Limits())) << topic;
  }
}

TEST(PublishForm, TooManyFieldsAreTooMuch) {
  std::string form = "topic=a";
  for (int i = 0; i < 60; ++i) form += "&x";
  EXPECT_EQ(status_of(form), 200);
  for (int i = 0; i < 60; ++i) form += "&x";
  EXPECT_EQ(status_of(form), 413);
}

constexpr std::string_view kLine = R"({"topic":"a"})";

TEST(PublishLines, GiveTheUpdatesInTheirOrder) {
  const std::string body =
      R"({"topics":["a","b"],"data":"x\ny","id":"i","type":"t","retry":15,"private":true,"more":[1]})"
      "\r\n"
      R"({"data":"2","topic":"c","time":"whenever"})";
  for (const char* end : {"", "\n", "\r\n"}) {
    const auto updates = read_lines(body + end, small_limits()).value();
    ASSERT_EQ(updates.size(), 2u);
    EXPECT_EQ(updates[0].topics, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(updates[0].data, "x\ny");
    EXPECT_EQ(updates[0].id, "i");
    EXPECT_EQ(updates[0].type, "t");
    EXPECT_EQ(updates[0].retry_ms, 15u);
    EXPECT_TRUE(updates[0].is_private);
    EXPECT_EQ(updates[1].topics, std::vector<std::string>{"c"});
    EXPECT_EQ(updates[1].data, "2");
    EXPECT_FALSE(updates[1].is_private);
  }
}

TEST(PublishLines, ARefusalNamesTheLineAndWhatWouldBeRight) {
  struct Case {
    const char* line;
    int status;
    const char* reason;
  };
  const Case cases[] = {
      {"", 400, "it is empty: each line is an update"},
      {"topic=a", 400, "it is not JSON"},
      {"{\"topic\":\"\xff\"}", 400, "it is not UTF-8"},
      {"[]", 400, "it is not a JSON object"},
      {R"({"data":"x"})", 400, R"("topics" is missing: ["a"], or "topic":"a")"},
      {R"({"topic":"a","data":1})", 400, R"("data" takes a string)"},
      {R"({"topic":"a","retry":"1"})", 400, R"("retry" takes a whole number of milliseconds)"},
      {R"({"topic":""})", 400, "a topic is empty"},
      {R"({"topic":"123456"})", 400, "a topic has at most 5 bytes"},
      {R"({"topic":"a\u0000"})", 400, "a topic has control characters"},
      {R"({"topic":"?"})", 400, "the topic '?' is the hub's own"},
      {R"({"topics":["a","a","a","a"]})", 413, "an update has at most 3 topics"},
      {R"({"topic":"a","data":"12345678901"})", 413, "the data of an update has at most 10 bytes"},
      {R"({"topic":"a","id":"#1"})", 400, "the id begins with '#'"},
      {R"({"topic":"a","id":"earliest"})", 400, "the id 'earliest'"},
      {R"({"topic":"a","type":"\n"})", 400, "the type has control characters"},
  };
  for (const auto& [line, status, reason] : cases) {
    for (const std::size_t before : {0u, 2u}) {
      std::string body;
      for (std::size_t i = 0; i < before; ++i) body.append(kLine) += '\n';
      const auto updates = read_lines(body + line + "\n" + std::string(kLine) + "\n", small_limits());
      ASSERT_FALSE(updates) << line;
      EXPECT_EQ(updates.error().status, status) << line;
      const std::string expected = "line " + std::to_string(before + 1) + ": " + reason;
      EXPECT_TRUE(updates.error().reason.starts_with(expected)) << updates.error().reason;
    }
  }
}

TEST(PublishLines, AreAtLeastOneAndAtMostTheLimit) {
  Limits limits = small_limits();
  limits.updates_per_batch_max = 2;
  EXPECT_EQ(read_lines("", limits).error().status, 400);
  const std::string two = std::string(kLine) + "\n" + std::string(kLine);
  EXPECT_EQ(read_lines(two, limits).value().size(), 2u);
  EXPECT_EQ(read_lines(two + "\n", limits).value().size(), 2u);
  EXPECT_EQ(read_lines(two + "\n\n", limits).error().status, 413);
  const auto refused = read_lines(two + "\n" + std::string(kLine), limits);
  EXPECT_EQ(refused.error().status, 413);
  EXPECT_EQ(refused.error().reason, "a request has at most 2 updates, and this one 3 lines");
}

}  // namespace
}  // namespace fanfare
