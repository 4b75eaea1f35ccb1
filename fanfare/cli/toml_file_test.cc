#include "fanfare/cli/toml_file.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

TEST(TomlFile, ValuesKnowTheirTypesAndPlaces) {
  const auto file = TomlFile::parse("text = \"a\"\nwhole = 7\n[table]\nyes = true\nlist = [1, \"b\"]\n", "f.toml");
  ASSERT_TRUE(file) << file.error().message;
  const auto& members = file->root().members;
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].key, "text");
  EXPECT_EQ(members[0].value.string, "a");
  EXPECT_EQ(members[1].value.integer, 7);
  EXPECT_EQ(members[1].place.line, 2u);
  EXPECT_EQ(members[1].value.place.column, 9u);
  const TomlMember* yes = members[2].value.find("yes");
  ASSERT_NE(yes, nullptr);
  EXPECT_TRUE(yes->value.type == TomlType::kBoolean && yes->value.boolean);
  EXPECT_EQ(members[2].value.find("no"), nullptr);
  const auto& list = members[2].value.find("list")->value.elements;
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].type, TomlType::kString);
  EXPECT_EQ(file->line_of(list[1].place), "f.toml:5");
}

TEST(TomlFile, MembersStandAsInTheFile) {
  const auto file = TomlFile::parse("b = 1\na = 2\nc = 3\n", "f.toml");
  ASSERT_TRUE(file);
  std::string keys;
  for (const TomlMember& member : file->root().members) keys += member.key;
  EXPECT_EQ(keys, "bac");
}

TEST(TomlFile, WhatIsNoTomlIsToldWithItsPlace) {
  for (const char* text : {"a", "a = ", "a = 1\na = 2", "[a\n", "a = \"b\n"}) {
    const auto file = TomlFile::parse(text, "f.toml");
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().message.find("f.toml:"), 0u) << file.error().message;
    EXPECT_NE(file.error().message.find(": this is no TOML: "), std::string::npos) << file.error().message;
  }
}

TEST(TomlFile, MessagesNameTheTypesThatWereFound) {
  const std::pair<const char*, const char*> rows[] = {{"k = {}", "a table"},
                                                      {"k = []", "an array"},
                                                      {"k = \"\"", "a string"},
                                                      {"k = 1", "an integer"},
                                                      {"k = 1.5", "a float"},
                                                      {"k = true", "a boolean"},
                                                      {"k = 1979-05-27", "a date or time"}};
  for (const auto& [text, type] : rows) {
    const auto file = TomlFile::parse(text, "f");
    ASSERT_TRUE(file) << text;
    const TomlMember& member = file->root().members.front();
    EXPECT_EQ(file->wrong_type(member, member.value, "a dream").error().message,
              "f:1:5: k takes a dream, not " + std::string(type));
  }
}

TEST(TomlString, IsReadAsItWas) {
  std::string all;
  for (char each = 1; each < 127; ++each) all += each;
  all += "\x7f é \xe2\x80\xae";
  const auto file = TomlFile::parse("k = " + toml_string(all), "f");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->root().members.front().value.string, all);
  EXPECT_EQ(toml_string("a\"b\\c\nd"), R"("a\"b\\c\nd")");
}

}  // namespace
}  // namespace fanfare::cli
