#include "fanfare/url/form.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace fanfare::url {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Parses from a buffer of exactly the right size, so that a sanitizer sees any read past its end.
Pairs parse(std::string_view encoded, std::size_t fields_max = 100) {
  const auto exact = std::make_unique<char[]>(encoded.size());
  encoded.copy(exact.get(), encoded.size());
  const auto fields = parse_form({exact.get(), encoded.size()}, fields_max);
  EXPECT_TRUE(fields) << encoded;
  Pairs pairs;
  for (const auto& field : fields.value()) pairs.emplace_back(field.name, field.value);
  return pairs;
}

TEST(Form, SplitsAndDecodesAsTheStandardSays) {
  const struct {
    std::string_view encoded;
    Pairs fields;
  } rows[] = {
      {"", {}},
      {"&", {}},
      {"&&&", {}},
      {"a", {{"a", ""}}},
      {"a=", {{"a", ""}}},
      {"=", {{"", ""}}},
      {"=b", {{"", "b"}}},
      {"a=b", {{"a", "b"}}},
      {"a=b&", {{"a", "b"}}},
      {"&a=b&&c", {{"a", "b"}, {"c", ""}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"topic=x&topic=y&topic=x", {{"topic", "x"}, {"topic", "y"}, {"topic", "x"}}},
      {"a+b=c+d", {{"a b", "c d"}}},
      {"a%2Bb=%2b", {{"a+b", "+"}}},
      {"%3D=%26%3d", {{"=", "&="}}},
      {"a=%0D%0A", {{"a", "\r\n"}}},
      {"a=%c3%A9", {{"a", "\xC3\xA9"}}},
      {"a=\xC3\xA9\xFF", {{"a", "\xC3\xA9\xFF"}}},
      {"a=%", {{"a", "%"}}},
      {"a=%4", {{"a", "%4"}}},
      {"a=%4g%g4%%41", {{"a", "%4g%g4%A"}}},
      {"a=%+1", {{"a", "% 1"}}},
      {"a=%00", {{"a", std::string(1, '\0')}}},
      {"a;b=c", {{"a;b", "c"}}},
  };
  for (const auto& row : rows) EXPECT_EQ(parse(row.encoded), row.fields) << row.encoded;
}

TEST(Form, ADecodedByteIsNeverDecodedAgain) {
  EXPECT_EQ(parse("a=%2541&b=%25%34%31"), (Pairs{{"a", "%41"}, {"b", "%41"}}));
}

TEST(Form, MoreFieldsThanAllowedAreRefusedAndEmptyPartsDoNotCount) {
  EXPECT_EQ(parse("a&b&c", 3).size(), 3u);
  EXPECT_EQ(parse("&&a&&b&&c&&", 3).size(), 3u);
  const auto refused = parse_form("a&b&c&d", 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the form has more than 3 fields");
  EXPECT_FALSE(parse_form("a", 0));
  EXPECT_TRUE(parse_form("", 0));
}

TEST(Form, EveryByteSurvivesEncodingAndParsing) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(parse(encode_form_value(all) + "=" + encode_form_value(all)), (Pairs{{all, all}}));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(Form, EncodingLeavesWhatItsStandardLeaves) {
  EXPECT_EQ(encode_form_value("aZ09*-._ ~+%&=\xC3\xA9"), "aZ09*-._+%7E%2B%25%26%3D%C3%A9");
  EXPECT_EQ(percent_encode("aZ09-._~ *+/%"), "aZ09-._~%20%2A%2B%2F%25");
}

TEST(Form, PercentDecodingLeavesPlusAlone) {
  EXPECT_EQ(percent_decode("a+b%20c%2"), "a+b c%2");
}

}  // namespace
}  // namespace fanfare::url
