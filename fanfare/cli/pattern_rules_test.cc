#include "fanfare/cli/pattern_rules.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

using Patterns = std::vector<std::string>;

constexpr std::size_t kTemplatesMax = 4;

// The rules of these patterns, each known by its updates_max: 100, 101, …; that of all other topics by 99.
PatternRulesMaker maker_of(const std::vector<Patterns>& rules) {
  PatternRulesMaker made(TopicRule{.updates_max = 99}, kTemplatesMax);
  std::uint64_t updates_max = 100;
  for (const Patterns& patterns : rules) {
    made.add_rule(TopicRule{.updates_max = updates_max++});
    for (const std::string& pattern : patterns) {
      const auto added = made.add_pattern(pattern);
      EXPECT_TRUE(added) << added.error().message;
    }
  }
  return made;
}

// Why the last pattern of the last rule cannot be added.
std::string refusal(std::vector<Patterns> rules) {
  const std::string refused = rules.back().back();
  rules.back().pop_back();
  PatternRulesMaker made = maker_of(rules);
  const auto added = made.add_pattern(refused);
  return added ? "" : added.error().message;
}

TEST(PatternRules, TheFirstRuleThatMatchesIsTheTopics) {
  const auto rules =
      maker_of({{"a", "b/1"}, {"b/{id}", "c"}, {"b{/all*}", "https://example.com/{+any}", "a/{x}/{y}"}}).make();
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"a", 100},
      {"b/1", 100},
      {"b/2", 101},
      {"b/", 101},
      {"b/2/3", 102},
      {"b", 102},
      {"b/{id}", 101},  // its own text
      {"c", 101},
      {"https://example.com/a/b", 102},
      {"https://example.org/a/b", 99},
      {"a/1/2", 102},
      {"a/1", 99},
      {"A", 99},
      {"", 99},
      {"*", 99},
  };
  for (const auto& [topic, updates_max] : cases) {
    EXPECT_EQ(rules->rules()[rules->rule_of(topic)].updates_max, updates_max) << topic;
  }
}

TEST(PatternRules, AStarTakesAllThatTheRulesBeforeItDoNot) {
  const auto rules = maker_of({{"a"}, {"b{x}"}, {"c", "*"}}).make();
  const std::pair<const char*, std::uint64_t> cases[] = {{"a", 100}, {"b1", 101}, {"c", 102}, {"d", 102}, {"*", 102}};
  for (const auto& [topic, updates_max] : cases) {
    EXPECT_EQ(rules->rules()[rules->rule_of(topic)].updates_max, updates_max) << topic;
  }
}

TEST(PatternRules, WhatWouldNeverCountIsRefused) {
  EXPECT_EQ(refusal({{"a"}, {"b", "a"}}), "rule 1 takes 'a' already");
  EXPECT_EQ(refusal({{"x"}, {"{a}/{b}"}, {"{a}/{b}"}}), "rule 2 takes '{a}/{b}' already");
  EXPECT_EQ(refusal({{"a/{b}"}, {"a/1"}}), "rule 1 takes 'a/1' already, by 'a/{b}'; put the narrower rule first");
  EXPECT_EQ(refusal({{"*"}, {"a"}}), "rule 1 takes 'a' already, by '*'; put the narrower rule first");
  EXPECT_EQ(refusal({{"*"}, {"*"}}), "rule 1 takes '*' already");
  EXPECT_EQ(refusal({{"a", "a/{b}", "*"}}), "");
  // In one rule it does no harm.
  EXPECT_EQ(refusal({{"a", "a"}}), "");
  EXPECT_EQ(refusal({{"a/{b}", "a/1"}}), "");
  EXPECT_EQ(refusal({{"*", "a"}}), "");
}

TEST(PatternRules, TextWithBracesMustBeATemplate) {
  EXPECT_EQ(refusal({{"a/{b"}}), "the URI template is wrong at byte 4: '{' is not closed");
  EXPECT_EQ(refusal({{"a}"}}), "the URI template is wrong at byte 1: '}' without '{'");
  EXPECT_EQ(refusal({{"{}"}}), "the URI template is wrong at byte 1: the expression is empty");
}

TEST(PatternRules, TemplatesHaveABoundAndTheSameOneCountsOnce) {
  const Patterns full = {"{a}1", "{a}2", "{a}3", "{a}4"};
  const std::string told = "the rules have more than 4 URI templates (--limit rule_templates_max)";
  EXPECT_EQ(refusal({full, {"{a}5"}}), told);
  EXPECT_EQ(refusal({full, {"a5"}}), "");
  EXPECT_EQ(refusal({{"{a}1", "{a}1", "{a}1", "{a}1", "{a}1"}}), "");
}

}  // namespace
}  // namespace fanfare::cli
