#include "fanfare/cli/history_rules.h"

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

TopicRule rule_of(const TopicRules& rules, std::string_view topic) {
  return rules.rules()[rules.rule_of(topic)];
}

// What it is told; "read" if nothing is wrong.
std::string told(std::string_view text, const Limits& limits = {}, LogPlace place = LogPlace::kDisk) {
  const auto rules = parse_history_rules(text, "rules.toml", limits, place);
  return rules ? "read" : rules.error().message;
}

std::string told_by_memory(std::string_view text) {
  return told(text, {}, LogPlace::kMemory);
}

TEST(HistoryRules, AreReadFromTheirFile) {
  Limits limits;
  limits.history_updates_per_topic_max = 7;
  const auto rules = parse_history_rules(R"(
# Prices: the last of each.
[[rule]]
topics = ["https://example.com/prices/{id}", "price"]
max_updates = 1

[[rule]]
topics = ["presence"]
max_age = "1h30m"
durable = false

[[rule]]
topics = ["https://example.com/{+rest}"]
durable = true
)",
                                         "rules.toml", limits, LogPlace::kDisk);
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ((*rules)->rules().size(), 4U);
  for (const char* topic : {"price", "https://example.com/prices/1"}) {
    EXPECT_EQ(rule_of(**rules, topic).updates_max, 1U);
    EXPECT_EQ(rule_of(**rules, topic).age_ms_max, 0U);
    EXPECT_TRUE(rule_of(**rules, topic).durable);
  }
  EXPECT_EQ(rule_of(**rules, "presence").updates_max, 0U) << "a rule says all about its topics";
  EXPECT_EQ(rule_of(**rules, "presence").age_ms_max, 5'400'000U);
  EXPECT_FALSE(rule_of(**rules, "presence").durable);
  EXPECT_EQ(rule_of(**rules, "https://example.com/books").updates_max, 0U);
  EXPECT_TRUE(rule_of(**rules, "https://example.com/books").durable);
  EXPECT_EQ(rule_of(**rules, "another").updates_max, 7U) << "the command line's";
  EXPECT_TRUE(rule_of(**rules, "another").durable);
}

// Run from the project's folder.
TEST(HistoryRules, TheExampleOfTheDocumentationIsGood) {
  std::stringstream page;
  page << std::ifstream("docs/cli.md").rdbuf();
  const std::string text = std::move(page).str();
  constexpr std::string_view kBegin = "```toml\n";
  const auto begin = text.find(kBegin);
  ASSERT_NE(begin, text.npos);
  const std::string example = text.substr(begin + kBegin.size(), text.find("```\n", begin + 1) - begin - kBegin.size());
  const auto rules = parse_history_rules(example, "docs/cli.md", {}, LogPlace::kDisk);
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(rule_of(**rules, "https://example.com/prices/1").updates_max, 1U);
  EXPECT_FALSE(rule_of(**rules, "typing/kitchen/ann").durable);
  EXPECT_EQ(rule_of(**rules, "another").age_ms_max, 30ULL * 24 * 3'600'000);
}

TEST(HistoryRules, AFileWithoutRulesLeavesTheCommandLines) {
  Limits limits;
  limits.history_updates_per_topic_max = 7;
  for (const char* text : {"", "# nothing yet\n", "rule = []"}) {
    const auto rules = parse_history_rules(text, "rules.toml", limits, LogPlace::kDisk);
    ASSERT_TRUE(rules) << rules.error().message;
    EXPECT_EQ(rule_of(**rules, "t").updates_max, 7U);
  }
}

TEST(HistoryRules, WhatIsWrongIsToldWithItsPlaceAndWhatWouldBeRight) {
  const std::pair<const char*, const char*> cases[] = {
      {"[[rules]]", "1:3: unknown key 'rules'; did you mean 'rule'?"},
      {"colour = 1", "1:1: unknown key 'colour'; there is rule"},
      {"[rule]\ntopics = [\"t\"]", "1:2: there may be several rules: begin each with [[rule]]"},
      {"rule = [1]", "1:9: a rule is a table: begin each with [[rule]]"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_update = 1", "3:1: unknown key 'max_update'; did you mean 'max_updates'?"},
      {"[[rule]]\ntopics = [\"t\"]\ncolour = 1",
       "3:1: unknown key 'colour'; there is topics, max_age, max_updates, durable"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_age = 10",
       "3:11: max_age takes a duration in quotes, such as \"10m\", not an integer"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_age = \"soon\"",
       "3:11: max_age: 'soon' is no duration: write 90s, 10m, 1h30m or 2d"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_age = \"0s\"",
       "3:11: max_age of nothing would keep nothing; leave it out for no bound"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_updates = 1.5", "3:15: max_updates takes a whole number, not a float"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_updates = 1979-05-27",
       "3:15: max_updates takes a whole number, not a date or time"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_updates = 0", "3:15: max_updates takes 1 or more; leave it out for no bound"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_updates = -1", "3:15: max_updates takes 1 or more; leave it out for no bound"},
      {"[[rule]]\ntopics = [\"t\"]\ndurable = \"no\"", "3:11: durable takes true or false, not a string"},
      {"[[rule]]\nmax_updates = 1", "1:1: the rule is for no topic: give it topics = [\"…\"], and \"*\" for all"},
      {"[[rule]]\ntopics = []", "2:10: the rule is for no topic: topics is empty; \"*\" is for all"},
      {"[[rule]]\ntopics = \"t\"", "2:10: topics takes an array of strings, not a string"},
      {"[[rule]]\ntopics = {}", "2:10: topics takes an array of strings, not a table"},
      {"[[rule]]\ntopics = [\"t\", true]", "2:16: topics takes strings, not a boolean"},
      {"[[rule]]\ntopics = [\"t\", [\"u\"]]", "2:16: topics takes strings, not an array"},
      {"[[rule]]\ntopics = [\"\"]", "2:11: a topic is not empty; \"*\" is for all"},
      {"[[rule]]\ntopics = [\"a\",\n  \"b/{id\"]", "3:3: the URI template is wrong at byte 5: '{' is not closed"},
      {"[[rule]]\ntopics = [\"t\"]\n[[rule]]\ntopics = [\"t\"]", "4:11: rule 1 takes 't' already"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(told(text), std::string("rules.toml:") + message);
}

TEST(HistoryRules, WhatIsNoTomlIsToldInTheReadersWords) {
  const std::pair<std::string, const char*> cases[] = {
      {"[[rule]", "1:8: this is no TOML: Error while parsing table header: "},
      {"[[rule]]\ntopics = [\"t\"]\ntopics = [\"u\"]", "3:10: this is no TOML: Error while parsing key-value pair: "},
      {"[[rule]]\ntopics = [\"\xff\"]", "2:11: this is no TOML: "},
      {"rule = " + std::string(1'000, '['), "1:264: this is no TOML: Error while parsing value: "},
  };
  for (const auto& [text, beginning] : cases) {
    EXPECT_TRUE(told(text).starts_with(std::string("rules.toml:") + beginning)) << told(text);
  }
}

TEST(HistoryRules, WhatTheLogGivesUpNoRuleCanKeep) {
  Limits limits;
  limits.history_age_ms_max = 60'000;
  limits.history_updates_max = 10;
  const std::string rule = "[[rule]]\ntopics = [\"t\"]\n";
  EXPECT_EQ(told(rule + "max_age = \"1m\"\nmax_updates = 10", limits), "read");
  EXPECT_EQ(told(rule + "max_age = \"1m1s\"", limits),
            "rules.toml:3:11: max_age is longer than any update is kept: --limit history_age_ms_max=60000");
  EXPECT_EQ(told(rule + "max_updates = 11", limits),
            "rules.toml:3:15: max_updates is more than the log keeps altogether: --limit history_updates_max=10");
}

TEST(HistoryRules, TheLogInMemoryTakesWhatItCanKeep) {
  const std::string rule = "[[rule]]\ntopics = [\"t\"]\n";
  EXPECT_EQ(told_by_memory(rule + "durable = false"), "read");
  EXPECT_EQ(told_by_memory(rule), "read");
  EXPECT_EQ(told_by_memory(rule + "durable = true"),
            "rules.toml:3:11: nothing is durable with --log memory: leave this out, or give --data DIR");
  EXPECT_EQ(told_by_memory(rule + "max_age = \"1m\""),
            "rules.toml:3:1: --log memory keeps no max_age of single topics: leave it out, or give --data DIR");
  EXPECT_EQ(told_by_memory(rule + "max_updates = 1"),
            "rules.toml:3:1: --log memory keeps no max_updates of single topics: leave it out, or give --data DIR");
}

TEST(HistoryRules, HaveBounds) {
  Limits limits;
  limits.rules_max = 1;
  limits.rule_templates_max = 1;
  limits.topic_bytes_max = 5;
  EXPECT_EQ(told("[[rule]]\ntopics = [\"12345\", \"{a}\"]", limits), "read");
  EXPECT_EQ(told("[[rule]]\ntopics = [\"a\"]\n[[rule]]\ntopics = [\"b\"]", limits),
            "rules.toml:3:1: more than 1 rules (--limit rules_max)");
  EXPECT_EQ(told("[[rule]]\ntopics = [\"{a}\", \"{b}\"]", limits),
            "rules.toml:2:18: the rules have more than 1 URI templates (--limit rule_templates_max)");
  EXPECT_EQ(told("[[rule]]\ntopics = [\"123456\"]", limits),
            "rules.toml:2:11: a topic has at most 5 bytes (--limit topic_bytes_max)");
}

}  // namespace
}  // namespace fanfare::cli
