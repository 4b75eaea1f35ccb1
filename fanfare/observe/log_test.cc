#include "fanfare/observe/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "fanfare/observe/log_line.h"

namespace fanfare {
namespace {

constexpr LogTime kTime{std::chrono::milliseconds{1'795'251'600'007}};

std::string text_of(std::string_view value) {
  const LogField field{"v", value};
  const std::string line = text_log_line(kTime, LogLevel::kInfo, "e", {&field, 1}, LogColour::kPlain);
  constexpr std::string_view kHead = "2026-11-21T09:00:00.007Z INFO e v=";
  EXPECT_TRUE(line.starts_with(kHead)) << line;
  return line.substr(kHead.size());
}

std::string json_of(std::string_view value) {
  const LogField field{"v", value};
  const std::string line = json_log_line(kTime, LogLevel::kInfo, "e", {&field, 1});
  constexpr std::string_view kHead = R"({"time":"2026-11-21T09:00:00.007Z","level":"info","event":"e","v":)";
  EXPECT_TRUE(line.starts_with(kHead)) << line;
  return line.substr(kHead.size(), line.size() - kHead.size() - 1);
}

TEST(LogLine, TextIsTimeLevelEventAndFields) {
  const LogField fields[] = {
      {"address", "127.0.0.1:8080"}, {"status", std::int64_t{-7}}, {"ratio", 0.5}, {"dev", true}};
  EXPECT_EQ(text_log_line(kTime, LogLevel::kWarning, "listening", fields, LogColour::kPlain),
            "2026-11-21T09:00:00.007Z WARN listening address=127.0.0.1:8080 status=-7 ratio=0.5 dev=true");
  EXPECT_EQ(text_log_line(kTime, LogLevel::kError, "failed", {}, LogColour::kColoured),
            "2026-11-21T09:00:00.007Z \x1B[31mERROR\x1B[0m failed");
}

TEST(LogLine, JsonIsOneObjectInTheOrderOfTheFields) {
  const LogField fields[] = {{"z", "a\"b"}, {"status", std::int64_t{200}}, {"a", 0.5}, {"dev", false}};
  EXPECT_EQ(json_log_line(kTime, LogLevel::kError, "failed", fields),
            R"({"time":"2026-11-21T09:00:00.007Z","level":"error","event":"failed",)"
            R"("z":"a\"b","status":200,"a":0.5,"dev":false})");
}

TEST(LogLine, ALevelHasOneNameInEachFormat) {
  const char* texts[] = {"DEBUG", "INFO", "WARN", "ERROR"};
  const char* jsons[] = {"debug", "info", "warning", "error"};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto level = static_cast<LogLevel>(i);
    EXPECT_NE(text_log_line(kTime, level, "e", {}, LogColour::kPlain).find(texts[i]), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(json_log_line(kTime, level, "e", {}))["level"], jsons[i]);
  }
}

TEST(LogLine, ATextValueIsQuotedWhenItIsNoPlainWord) {
  const struct {
    std::string_view value, text;
  } rows[] = {
      {"plain/word?x&y%20;~", "plain/word?x&y%20;~"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"a=b", "\"a=b\""},
      {"say \"hi\"", R"("say \"hi\"")"},
      {"back\\slash", R"("back\\slash")"},
      {"\xC3\xA9t\xC3\xA9 \xF0\x9F\x8E\xBA \xE2\x82\xAC", "\"\xC3\xA9t\xC3\xA9 \xF0\x9F\x8E\xBA \xE2\x82\xAC\""},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(row.value), row.text);
}

TEST(LogLine, APeersBytesForgeNoLineAndReachNoTerminal) {
  const struct {
    std::string_view value, text, json;
  } rows[] = {
      {"a\nb\r\tc", R"("a\nb\r\tc")", R"("a\nb\r\tc")"},
      {"\x1B[2J", R"("\x1b[2J")", R"("\u001b[2J")"},
      {"\x7F", R"("\x7f")", R"("\u007f")"},
      {"\xC2\x9B"
       "2J",
       R"("\xc2\x9b2J")", R"("\u009b2J")"},
      {"\x9B", R"("\x9b")", R"("\ufffd")"},
      {"\xFF\xC3", R"("\xff\xc3")", R"("\ufffd\ufffd")"},
      {"\xC3\x28", R"("\xc3(")", R"("\ufffd(")"},
      {"\xE2\x80\xAE", R"("\xe2\x80\xae")", R"("\u202e")"},
      {"\xE2\x80\xA8", R"("\xe2\x80\xa8")", R"("\u2028")"},
      {"\xEF\xBB\xBF", R"("\xef\xbb\xbf")", R"("\ufeff")"},
      {"\xF3\xA0\x81\x81", R"("\xf3\xa0\x81\x81")", R"("\udb40\udc41")"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(text_of(row.value), row.text);
    EXPECT_EQ(json_of(row.value), row.json);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value(1, static_cast<char>(byte));
    for (const std::string& shown : {text_of(value), json_of(value)}) {
      for (const char c : shown) EXPECT_TRUE(c >= ' ' && c <= '~') << byte;
    }
  }
  EXPECT_EQ(text_log_line(kTime, LogLevel::kInfo, "a\nb", {}, LogColour::kPlain),
            "2026-11-21T09:00:00.007Z INFO \"a\\nb\"");
}

std::vector<std::string> lines_of(const std::ostringstream& sink) {
  std::vector<std::string> lines;
  std::istringstream in(sink.str());
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Log, WritesFromItsLevelUp) {
  std::ostringstream sink;
  Log log(LogFormat::kText, LogLevel::kWarning, sink);
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    log.write(level, "event");
    EXPECT_EQ(log.writes(level), level >= LogLevel::kWarning);
  }
  const auto lines = lines_of(sink);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(std::regex_match(lines[0], std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARN event)")))
      << lines[0];
  EXPECT_TRUE(lines[1].ends_with("Z ERROR event")) << lines[1];
}

TEST(Log, ADebugLineIsWrittenAndAValueIsNoFormat) {
  std::ostringstream sink;
  Log log(LogFormat::kJson, LogLevel::kDebug, sink);
  log.write(LogLevel::kDebug, "detail", {{"percent", "100%v {} %n"}});
  const auto line = nlohmann::json::parse(sink.str());
  EXPECT_EQ(line["level"], "debug");
  EXPECT_EQ(line["percent"], "100%v {} %n");
}

TEST(Log, AutoIsJsonWhereThereIsNoTerminal) {
  std::ostringstream sink;
  Log(LogFormat::kAuto, LogLevel::kInfo, sink).write(LogLevel::kInfo, "event");
  EXPECT_TRUE(nlohmann::json::accept(sink.str())) << sink.str();
}

TEST(Log, LinesOfManyThreadsDoNotMix) {
  std::ostringstream sink;
  Log log(LogFormat::kJson, LogLevel::kInfo, sink);
  std::vector<std::thread> threads;
  for (std::int64_t id = 0; id < 4; ++id) {
    threads.emplace_back([&log, id] {
      for (std::int64_t i = 0; i < 250; ++i) log.write(LogLevel::kInfo, "event", {{"thread", id}, {"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  const auto lines = lines_of(sink);
  EXPECT_EQ(lines.size(), 1000u);
  std::vector<std::int64_t> next(4, 0);
  for (const auto& line : lines) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_EQ(json["i"], next[json["thread"].get<std::size_t>()]++);
  }
}

}  // namespace
}  // namespace fanfare
