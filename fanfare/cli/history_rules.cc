#include "fanfare/cli/history_rules.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "fanfare/base/time_text.h"
#include "fanfare/cli/file_text.h"
#include "fanfare/cli/pattern_rules.h"
#include "fanfare/cli/suggest.h"

namespace fanfare::cli {
namespace {

std::string name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

// One file. Steps fail with the place in the file.
class RuleFile {
 public:
  RuleFile(const std::string& name, const Limits& limits, LogPlace place)
      : name_(name),
        limits_(limits),
        place_(place),
        rules_(TopicRule{.updates_max = limits.history_updates_per_topic_max}, limits.rule_templates_max) {}

  Result<TopicRulesPtr> parse(std::string_view text);

 private:
  std::unexpected<Error> wrong(const toml::source_region& at, const std::string& message) const;
  std::unexpected<Error> unknown(const toml::key& key, const std::vector<std::string>& known) const;
  std::unexpected<Error> wrong_type(const toml::key& key, const toml::node& value, const char* wanted) const;

  Result<void> take_rules(const toml::array& rules);
  Result<void> take_rule(const toml::table& table);
  Result<void> take_setting(const toml::key& key, const toml::node& value, TopicRule& rule) const;
  Result<void> take_age(const toml::key& key, const toml::node& value, TopicRule& rule) const;
  Result<void> take_updates(const toml::key& key, const toml::node& value, TopicRule& rule) const;
  Result<void> take_durable(const toml::key& key, const toml::node& value, TopicRule& rule) const;
  Result<void> take_topics(const toml::table& table);
  Result<void> take_topic(const toml::node& value);

  const std::string& name_;
  const Limits& limits_;
  const LogPlace place_;
  PatternRulesMaker rules_;
};

std::unexpected<Error> RuleFile::wrong(const toml::source_region& at, const std::string& message) const {
  return fail(name_ + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) + ": " + message);
}

std::unexpected<Error> RuleFile::unknown(const toml::key& key, const std::vector<std::string>& known) const {
  std::string message = "unknown key '" + std::string(key.str()) + "'; ";
  const std::string nearest = nearest_word(key.str(), known);
  if (!nearest.empty()) return wrong(key.source(), message + "did you mean '" + nearest + "'?");
  message += "there is ";
  for (const auto& each : known) message.append(&each == &known.front() ? "" : ", ").append(each);
  return wrong(key.source(), message);
}

std::unexpected<Error> RuleFile::wrong_type(const toml::key& key, const toml::node& value, const char* wanted) const {
  return wrong(value.source(), std::string(key.str()) + " takes " + wanted + ", not " + name_of(value.type()));
}

Result<TopicRulesPtr> RuleFile::parse(std::string_view text) {
  toml::table file;
  try {
    file = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return wrong(error.source(), "this is no TOML: " + std::string(error.description()));
  }
  for (const auto& [key, value] : file) {
    if (key.str() != "rule") return unknown(key, {"rule"});
    const toml::array* rules = value.as_array();
    if (rules == nullptr) return wrong(key.source(), "there may be several rules: begin each with [[rule]]");
    if (auto taken = take_rules(*rules); !taken) return std::unexpected(std::move(taken.error()));
  }
  return rules_.make();
}

Result<void> RuleFile::take_rules(const toml::array& rules) {
  std::size_t count = 0;
  for (const toml::node& each : rules) {
    if (++count > limits_.rules_max) {
      return wrong(each.source(), "more than " + std::to_string(limits_.rules_max) + " rules (--limit rules_max)");
    }
    const toml::table* table = each.as_table();
    if (table == nullptr) return wrong(each.source(), "a rule is a table: begin each with [[rule]]");
    if (auto taken = take_rule(*table); !taken) return taken;
  }
  return {};
}

Result<void> RuleFile::take_rule(const toml::table& table) {
  TopicRule rule;
  for (const auto& [key, value] : table) {
    if (auto taken = take_setting(key, value, rule); !taken) return taken;
  }
  rules_.add_rule(rule);
  return take_topics(table);
}

Result<void> RuleFile::take_setting(const toml::key& key, const toml::node& value, TopicRule& rule) const {
  if (key.str() == "topics") return {};
  if (key.str() == "max_age") return take_age(key, value, rule);
  if (key.str() == "max_updates") return take_updates(key, value, rule);
  if (key.str() == "durable") return take_durable(key, value, rule);
  return unknown(key, {"topics", "max_age", "max_updates", "durable"});
}

Result<void> RuleFile::take_age(const toml::key& key, const toml::node& value, TopicRule& rule) const {
  if (!value.is_string()) return wrong_type(key, value, "a duration in quotes, such as \"10m\"");
  const auto age_ms = parse_duration_ms(value.ref<std::string>());
  if (!age_ms) return wrong(value.source(), "max_age: " + age_ms.error().message);
  if (*age_ms == 0) return wrong(value.source(), "max_age of nothing would keep nothing; leave it out for no bound");
  if (place_ == LogPlace::kMemory) {
    return wrong(key.source(), "--log memory keeps no max_age of single topics: leave it out, or give --data DIR");
  }
  if (limits_.history_age_ms_max != 0 && *age_ms > limits_.history_age_ms_max) {
    return wrong(value.source(), "max_age is longer than any update is kept: --limit history_age_ms_max=" +
                                     std::to_string(limits_.history_age_ms_max));
  }
  rule.age_ms_max = *age_ms;
  return {};
}

Result<void> RuleFile::take_updates(const toml::key& key, const toml::node& value, TopicRule& rule) const {
  if (!value.is_integer()) return wrong_type(key, value, "a whole number");
  const std::int64_t count = value.ref<std::int64_t>();
  if (count < 1) return wrong(value.source(), "max_updates takes 1 or more; leave it out for no bound");
  if (place_ == LogPlace::kMemory) {
    return wrong(key.source(), "--log memory keeps no max_updates of single topics: leave it out, or give --data DIR");
  }
  const auto updates = static_cast<std::uint64_t>(count);
  if (limits_.history_updates_max != 0 && updates > limits_.history_updates_max) {
    return wrong(value.source(), "max_updates is more than the log keeps altogether: --limit history_updates_max=" +
                                     std::to_string(limits_.history_updates_max));
  }
  rule.updates_max = updates;
  return {};
}

Result<void> RuleFile::take_durable(const toml::key& key, const toml::node& value, TopicRule& rule) const {
  if (!value.is_boolean()) return wrong_type(key, value, "true or false");
  rule.durable = value.ref<bool>();
  if (rule.durable && place_ == LogPlace::kMemory) {
    return wrong(value.source(), "nothing is durable with --log memory: leave this out, or give --data DIR");
  }
  return {};
}

Result<void> RuleFile::take_topics(const toml::table& table) {
  const auto topics = table.find("topics");
  if (topics == table.end()) {
    return wrong(table.source(), "the rule is for no topic: give it topics = [\"…\"], and \"*\" for all");
  }
  const toml::array* patterns = topics->second.as_array();
  if (patterns == nullptr) return wrong_type(topics->first, topics->second, "an array of strings");
  if (patterns->empty()) {
    return wrong(patterns->source(), "the rule is for no topic: topics is empty; \"*\" is for all");
  }
  for (const toml::node& each : *patterns) {
    if (!each.is_string()) return wrong_type(topics->first, each, "strings");
    if (auto taken = take_topic(each); !taken) return taken;
  }
  return {};
}

Result<void> RuleFile::take_topic(const toml::node& value) {
  const std::string& pattern = value.ref<std::string>();
  if (pattern.empty()) return wrong(value.source(), "a topic is not empty; \"*\" is for all");
  if (pattern.size() > limits_.topic_bytes_max) {
    return wrong(value.source(),
                 "a topic has at most " + std::to_string(limits_.topic_bytes_max) + " bytes (--limit topic_bytes_max)");
  }
  if (auto added = rules_.add_pattern(pattern); !added) return wrong(value.source(), added.error().message);
  return {};
}

}  // namespace

Result<TopicRulesPtr> parse_history_rules(std::string_view text, const std::string& name, const Limits& limits,
                                          LogPlace place) {
  return RuleFile(name, limits, place).parse(text);
}

Result<TopicRulesPtr> read_history_rules(const std::string& path, const Limits& limits, LogPlace place) {
  const auto text = read_file(path, limits.rule_file_bytes_max, "rule_file_bytes_max");
  if (!text) return fail("cannot read the rules in '" + path + "': " + text.error().message);
  return parse_history_rules(*text, path, limits, place);
}

}  // namespace fanfare::cli
