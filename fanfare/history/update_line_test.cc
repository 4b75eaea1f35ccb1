#include "fanfare/history/update_line.h"

#include <gtest/gtest.h>

namespace fanfare {
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
  const Update read = read_update_line(line, OtherMembers::kRefused).value();
  EXPECT_EQ(read.topics, update.topics);
  EXPECT_EQ(read.id, update.id);
  EXPECT_EQ(read.type, update.type);
  EXPECT_EQ(read.retry_ms, update.retry_ms);
  EXPECT_TRUE(read.is_private);
  EXPECT_EQ(read.data, update.data);
}

TEST(UpdateLine, OfBytesThatAreNotUtf8IsAnError) {
  Update update;
  update.topics = {"a"};
  update.data = "\xff";
  EXPECT_EQ(update_line(logged(update)).error().message, "the update at position 7 is not UTF-8");
}

TEST(UpdateLine, ATopicIsEnough) {
  for (const char* line : {R"( {"topics":["a"]} )", R"({"topic":"a"})", R"({"topic":"a","private":false,"data":""})"}) {
    const Update read = read_update_line(line, OtherMembers::kRefused).value();
    EXPECT_EQ(read.topics, std::vector<std::string>{"a"}) << line;
    EXPECT_EQ(read.data + read.id + read.type, "") << line;
    EXPECT_EQ(read.retry_ms, std::nullopt) << line;
    EXPECT_FALSE(read.is_private) << line;
  }
}

TEST(UpdateLine, OtherMembersAreLetPassWhereTheyAreIgnored) {
  constexpr std::string_view kLine =
      R"({"a":null,"b":[[1,-1,1.5,true,"x"],{"topics":"y","data":2}],"topics":["t"],"time":{"id":1},"c":{"id":[]},"data":"z"})";
  const Update read = read_update_line(kLine, OtherMembers::kIgnored).value();
  EXPECT_EQ(read.topics, std::vector<std::string>{"t"});
  EXPECT_EQ(read.data, "z");
  EXPECT_EQ(read.id, "");
  EXPECT_EQ(read_update_line(kLine, OtherMembers::kRefused).error().message.substr(0, 18), "\"a\" is not known: ");
}

TEST(UpdateLine, WhatIsNestedIsLetPassToADepth) {
  const auto line = [](std::size_t depth) {
    return R"({"topic":"a","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(read_update_line(line(1'000), OtherMembers::kIgnored));
  for (const auto& deep : {line(1'025), line(1'000'000)}) {
    EXPECT_EQ(read_update_line(deep, OtherMembers::kIgnored).error().message, "it is nested deeper than 1024");
  }
  EXPECT_FALSE(read_update_line(R"({"topic":"a","x":)" + std::string(1'000'000, '['), OtherMembers::kIgnored));
}

TEST(UpdateLine, LongLinesAreReadLikeShortOnes) {
  const std::string data(1'000'000, 'x');
  EXPECT_EQ(read_update_line(R"({"topic":"a","data":")" + data + "\"}", OtherMembers::kRefused).value().data, data);
}

TEST(UpdateLine, WhatIsNoUpdateIsTold) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "not JSON: Empty: no JSON found"},
      {"{", "not JSON: "},
      {R"({"topics":["a"],"data":"x"} {})", "not JSON: "},
      {R"({"topics":["a"],"data":"x)", "not JSON: A string is opened, but never closed."},
      {R"({"topics":["a"],"data":"\ud800"})", "not JSON"},
      {R"({"topics":["a"],"data":"\udc00"})", "not JSON"},
      {R"({"topics":["a"],"data":"\ud800\u0041"})", "not JSON"},
      {"{\"topics\":[\"a\"],\"data\":\"\t\"}", "not JSON"},
      {"{\"topics\":[\"a\"],\"data\":\"\xff\"}", "not UTF-8"},
      {R"(["a"])", "not a JSON object"},
      {R"("a")", "not a JSON object"},
      {"1", "not a JSON object"},
      {R"({"data":"x"})", "\"topics\" is missing"},
      {R"({"topics":[],"data":"x"})", "\"topics\" takes a list of one or more strings"},
      {R"({"topics":"a","data":"x"})", "\"topics\" takes a list"},
      {R"({"topics":["a",1],"data":"x"})", "\"topics\" takes a list"},
      {R"({"topics":[["a"]],"data":"x"})", "\"topics\" takes a list"},
      {R"({"topics":{"a":"b"},"data":"x"})", "\"topics\" takes a list"},
      {R"({"topic":["a"]})", "\"topic\" takes a string"},
      {R"({"topic":"a","topics":["b"]})", "give either \"topics\" or \"topic\""},
      {R"({"topics":["a"],"topics":["b"]})", "\"topics\" stands twice"},
      {R"({"topics":["a"],"data":"x","data":"y"})", "\"data\" stands twice"},
      {R"({"topics":["a"],"data":{}})", "\"data\" takes a string"},
      {R"({"topics":["a"],"data":"x","id":1})", "\"id\" takes a string"},
      {R"({"topics":["a"],"data":"x","type":null})", "\"type\" takes a string"},
      {R"({"topics":["a"],"data":"x","retry":"5"})", "\"retry\" takes a whole number of milliseconds"},
      {R"({"topics":["a"],"data":"x","retry":-5})", "\"retry\" takes a whole number"},
      {R"({"topics":["a"],"data":"x","retry":1.5})", "\"retry\" takes a whole number"},
      {R"({"topics":["a"],"data":"x","retry":18446744073709551616})", "a number is misspelt, or is beyond 64 bits"},
      {R"({"topics":["a"],"data":"x","private":"on"})", "\"private\" takes true or false"},
      {R"({"topics":["a"],"data":"x","Type":"t"})", "\"Type\" is not known"},
  };
  for (const auto& [line, told] : cases) {
    const auto read = read_update_line(line, OtherMembers::kRefused);
    ASSERT_FALSE(read) << line;
    EXPECT_NE(read.error().message.find(told), std::string::npos) << line << ": " << read.error().message;
  }
}

}  // namespace
}  // namespace fanfare
