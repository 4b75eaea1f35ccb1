#include "fanfare/cli/publish_form.h"

#include <gtest/gtest.h>

#include "fanfare/url/form.h"

namespace fanfare::cli {
namespace {

TEST(PublishForm, LeavesOutWhatIsNotSet) {
  Update update;
  update.topics = {"a"};
  EXPECT_EQ(publish_form(update), "topic=a&data=");
  update.data = "hello world";
  EXPECT_EQ(publish_form(update), "topic=a&data=hello+world");
}

TEST(PublishForm, CarriesEveryFieldWhateverItsBytes) {
  Update update{.topics = {"https://example.com/books/1?x=1&y=2", "b"},
                .data = std::string("a=b&c+d%41\r\n\0\xff", 14),
                .id = "#42",
                .type = "größer",
                .retry_ms = 1500,
                .is_private = true};
  auto parsed = url::parse_form(publish_form(update), 10);
  ASSERT_TRUE(parsed);
  const std::pair<std::string, std::string> expected[] = {
      {"topic", update.topics[0]}, {"topic", "b"},    {"id", "#42"},        {"type", "größer"},
      {"retry", "1500"},           {"private", "on"}, {"data", update.data}};
  ASSERT_EQ(parsed->size(), std::size(expected));
  for (std::size_t i = 0; i < parsed->size(); ++i) {
    EXPECT_EQ((*parsed)[i].name, expected[i].first);
    EXPECT_EQ((*parsed)[i].value, expected[i].second);
  }
}

}  // namespace
}  // namespace fanfare::cli
