#include "fanfare/cli/update_line.h"

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

LoggedUpdate logged(Update update) {
  return {.position = 7, .update = std::move(update), .unix_ms = 1'500};
}

TEST(UpdateLine, LeavesOutWhatIsNotSet) {
  Update update;
  update.topics = {"a"};
  update.id = "1";
  EXPECT_EQ(update_line(logged(update)).value(),
            R"({"id":"1","time":"1970-01-01T00:00:01.500Z","topics":["a"],"data":""})"
            "\n");
}

TEST(UpdateLine, IsReadAsItWasWritten) {
  Update update;
  update.topics = {"a", "https://example.com/\"ü\"", "\\"};
  update.id = "urn:1";
  update.type = "t";
  update.retry_ms = UINT64_MAX;
  update.is_private = true;
  update.data = "one\r\ntwo\n\n\ttab \x1b\x7f \u0085 \u2028 \U0001F600 {\"a\":[1]}\n";
  update.data.push_back('\0');
  std::string line = update_line(logged(update)).value();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  line.pop_back();
  const LinedUpdate read = read_update_line(line).value();
  EXPECT_EQ(read.fields.topics, update.topics);
  EXPECT_EQ(read.fields.id, update.id);
  EXPECT_EQ(read.fields.type, update.type);
  EXPECT_EQ(read.fields.retry_ms, update.retry_ms);
  EXPECT_EQ(read.fields.privacy, Privacy::kPrivate);
  EXPECT_EQ(read.data, update.data);
}

TEST(UpdateLine, OfBytesThatAreNotUtf8IsAnError) {
  Update update;
  update.topics = {"a"};
  update.data = "\xff";
  EXPECT_EQ(update_line(logged(update)).error().message, "the update at position 7 is not UTF-8");
}

TEST(UpdateLine, TopicsAndDataAreEnough) {
  const LinedUpdate read = read_update_line(R"( {"data":"x","topics":["a"]} )").value();
  EXPECT_EQ(read.fields.id, "");
  EXPECT_EQ(read.fields.type, "");
  EXPECT_EQ(read.fields.retry_ms, std::nullopt);
  EXPECT_EQ(read.fields.privacy, Privacy::kPublic);
}

TEST(UpdateLine, WhatIsNoUpdateIsTold) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {R"({"topics":["a"],"data":"x"} {})", "not JSON"},
      {"{\"topics\":[\"a\"],\"data\":\"\xff\"}", "not JSON"},
      {R"(["a"])", "not a JSON object"},
      {R"({"data":"x"})", "\"topics\" is missing"},
      {R"({"topics":["a"]})", "\"data\" is missing"},
      {R"({"topics":[],"data":"x"})", "\"topics\" is not a list"},
      {R"({"topics":"a","data":"x"})", "\"topics\" is not a list"},
      {R"({"topics":["a",1],"data":"x"})", "\"topics\" is not a list"},
      {R"({"topics":["a"],"data":{}})", "\"data\" is not a string"},
      {R"({"topics":["a"],"data":"x","id":1})", "\"id\" is not a string"},
      {R"({"topics":["a"],"data":"x","type":null})", "\"type\" is not a string"},
      {R"({"topics":["a"],"data":"x","retry":"5"})", "\"retry\" is not a whole number"},
      {R"({"topics":["a"],"data":"x","retry":-5})", "\"retry\" is not a whole number"},
      {R"({"topics":["a"],"data":"x","retry":1.5})", "\"retry\" is not a whole number"},
      {R"({"topics":["a"],"data":"x","private":"on"})", "\"private\" is neither"},
      {R"({"topics":["a"],"data":"x","Type":"t"})", "\"Type\" is not known"},
  };
  for (const auto& [line, told] : cases) {
    const auto read = read_update_line(line);
    ASSERT_FALSE(read) << line;
    EXPECT_NE(read.error().message.find(told), std::string::npos) << line << ": " << read.error().message;
  }
}

}  // namespace
}  // namespace fanfare::cli
