#include "fanfare/cli/event_text.h"

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

std::string pretty(const event_stream::Event& event, Colour colour = Colour::kOff) {
  std::string out;
  append_pretty(out, event, "12:00:00.000", colour);
  return out;
}

std::string json(const event_stream::Event& event) {
  std::string out;
  append_json(out, event, "2026-01-02T03:04:05.678Z");
  return out;
}

TEST(EventText, PrettyIndentsEveryLineOfTheData) {
  EXPECT_EQ(pretty({"message", "one\n\n two", "#7"}), "12:00:00.000  message  #7\n  one\n  \n   two\n");
  EXPECT_EQ(pretty({"ping", "", ""}), "12:00:00.000  ping\n");
}

TEST(EventText, PrettyShowsNothingThatATerminalWouldObey) {
  EXPECT_EQ(pretty({"t\x1b[2J", "d\x1b]0;x\x07", "\u009b"}), "12:00:00.000  t\\x1b[2J  \\u{9b}\n  d\\x1b]0;x\\x07\n");
  std::string coloured = pretty({"t\x1b[2J", "d", "i"}, Colour::kOn);
  EXPECT_EQ(coloured, "\x1b[2m12:00:00.000\x1b[0m  \x1b[1;36mt\\x1b[2J\x1b[0m  \x1b[2mi\x1b[0m\n  d\n");
}

TEST(EventText, JsonIsOneLineThatEscapesWhatItMust) {
  EXPECT_EQ(json({"message", "{\"a\":\"\\\"}", "#7"}),
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"type\":\"message\",\"id\":\"#7\","
            "\"data\":\"{\\\"a\\\":\\\"\\\\\\\"}\"}\n");
  std::string out = json({"x", std::string_view("a\nb\tc\0\x1b\x7f\u0085é世\u00a0", 17), ""});
  EXPECT_NE(out.find("\"data\":\"a\\nb\\tc\\u0000\\u001b\\u007f\\u0085é世\u00a0\"}"), std::string::npos) << out;
}

TEST(EventText, DataIsRaw) {
  std::string out;
  append_data(out, {"x", "a\nb\x1b", "i"});
  append_data(out, {"x", "", "i"});
  EXPECT_EQ(out, "a\nb\x1b\n\n");
}

}  // namespace
}  // namespace fanfare::cli
