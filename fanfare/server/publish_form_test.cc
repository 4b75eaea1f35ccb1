#include <gtest/gtest.h>

#include "fanfare/server/publish_endpoint.h"

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
  const auto update = read_update(form, small_limits());
  return update ? 200 : update.error().status;
}

Update update_of(std::string_view form) {
  auto update = read_update(form, small_limits());
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

TEST(PublishForm, TooManyFieldsAreTooMuch) {
  std::string form = "topic=a";
  for (int i = 0; i < 60; ++i) form += "&x";
  EXPECT_EQ(status_of(form), 200);
  for (int i = 0; i < 60; ++i) form += "&x";
  EXPECT_EQ(status_of(form), 413);
}

}  // namespace
}  // namespace fanfare
