#include "fanfare/cli/history_rules.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fanfare/base/time_text.h"
#include "fanfare/cli/pattern_rules.h"
#include "fanfare/cli/toml_file.h"

namespace fanfare::cli {
namespace {

// One file. Steps fail with the place in the file.
class RuleFile {
 public:
  RuleFile(const TomlFile& file, const Limits& limits, LogPlace place)
      : file_(file),
        limits_(limits),
        place_(place),
        rules_(TopicRule{.updates_max = limits.history_updates_per_topic_max}, limits.rule_templates_max) {}

  Result<TopicRulesPtr> make();

 private:
  Result<void> take_rules(const TomlValue& rules);
  Result<void> take_rule(const TomlValue& table);
  Result<void> take_setting(const TomlMember& setting, TopicRule& rule) const;
  Result<void> take_age(const TomlMember& setting, TopicRule& rule) const;
  Result<void> take_updates(const TomlMember& setting, TopicRule& rule) const;
  Result<void> take_durable(const TomlMember& setting, TopicRule& rule) const;
  Result<void> take_topics(const TomlValue& table);
  Result<void> take_topic(const TomlValue& value);

  const TomlFile& file_;
  const Limits& limits_;
  const LogPlace place_;
  PatternRulesMaker rules_;
};

Result<TopicRulesPtr> RuleFile::make() {
  static const std::vector<std::string> kKnown = {"rule"};
  for (const TomlMember& member : file_.root().members) {
    if (member.key != kKnown.front()) return file_.unknown_key(member, kKnown);
    if (member.value.type != TomlType::kArray) {
      return file_.wrong(member.place, "there may be several rules: begin each with [[rule]]");
    }
    if (auto taken = take_rules(member.value); !taken) return std::unexpected(std::move(taken.error()));
  }
  return rules_.make();
}

Result<void> RuleFile::take_rules(const TomlValue& rules) {
  std::size_t count = 0;
  for (const TomlValue& each : rules.elements) {
    if (++count > limits_.rules_max) {
      return file_.wrong(each.place, "more than " + std::to_string(limits_.rules_max) + " rules (--limit rules_max)");
    }
    if (each.type != TomlType::kTable) return file_.wrong(each.place, "a rule is a table: begin each with [[rule]]");
    if (auto taken = take_rule(each); !taken) return taken;
  }
  return {};
}

Result<void> RuleFile::take_rule(const TomlValue& table) {
  TopicRule rule;
  for (const TomlMember& each : table.members) {
    if (auto taken = take_setting(each, rule); !taken) return taken;
  }
  rules_.add_rule(rule);
  return take_topics(table);
}

Result<void> RuleFile::take_setting(const TomlMember& setting, TopicRule& rule) const {
  if (setting.key == "topics") return {};
  if (setting.key == "max_age") return take_age(setting, rule);
  if (setting.key == "max_updates") return take_updates(setting, rule);
  if (setting.key == "durable") return take_durable(setting, rule);
  static const std::vector<std::string> kKnown = {"topics", "max_age", "max_updates", "durable"};
  return file_.unknown_key(setting, kKnown);
}

Result<void> RuleFile::take_age(const TomlMember& setting, TopicRule& rule) const {
  if (setting.value.type != TomlType::kString)
    return file_.wrong_type(setting, setting.value, "a duration in quotes, such as \"10m\"");
  const auto age_ms = parse_duration_ms(setting.value.string);
  if (!age_ms) return file_.wrong(setting.value.place, "max_age: " + age_ms.error().message);
  if (*age_ms == 0)
    return file_.wrong(setting.value.place, "max_age of nothing would keep nothing; leave it out for no bound");
  if (place_ == LogPlace::kMemory) {
    return file_.wrong(setting.place,
                       "--log memory keeps no max_age of single topics: leave it out, or give --data DIR");
  }
  if (limits_.history_age_ms_max != 0 && *age_ms > limits_.history_age_ms_max) {
    return file_.wrong(setting.value.place, "max_age is longer than any update is kept: --limit history_age_ms_max=" +
                                                std::to_string(limits_.history_age_ms_max));
  }
  rule.age_ms_max = *age_ms;
  return {};
}

Result<void> RuleFile::take_updates(const TomlMember& setting, TopicRule& rule) const {
  if (setting.value.type != TomlType::kInteger) return file_.wrong_type(setting, setting.value, "a whole number");
  const std::int64_t count = setting.value.integer;
  if (count < 1) return file_.wrong(setting.value.place, "max_updates takes 1 or more; leave it out for no bound");
  if (place_ == LogPlace::kMemory) {
    return file_.wrong(setting.place,
                       "--log memory keeps no max_updates of single topics: leave it out, or give --data DIR");
  }
  const auto updates = static_cast<std::uint64_t>(count);
  if (limits_.history_updates_max != 0 && updates > limits_.history_updates_max) {
    return file_.wrong(setting.value.place,
                       "max_updates is more than the log keeps altogether: --limit history_updates_max=" +
                           std::to_string(limits_.history_updates_max));
  }
  rule.updates_max = updates;
  return {};
}

Result<void> RuleFile::take_durable(const TomlMember& setting, TopicRule& rule) const {
  if (setting.value.type != TomlType::kBoolean) return file_.wrong_type(setting, setting.value, "true or false");
  rule.durable = setting.value.boolean;
  if (rule.durable && place_ == LogPlace::kMemory) {
    return file_.wrong(setting.value.place, "nothing is durable with --log memory: leave this out, or give --data DIR");
  }
  return {};
}

Result<void> RuleFile::take_topics(const TomlValue& table) {
  const TomlMember* topics = table.find("topics");
  if (topics == nullptr) {
    return file_.wrong(table.place, "the rule is for no topic: give it topics = [\"…\"], and \"*\" for all");
  }
  const TomlValue& patterns = topics->value;
  if (patterns.type != TomlType::kArray) return file_.wrong_type(*topics, patterns, "an array of strings");
  if (patterns.elements.empty()) {
    return file_.wrong(patterns.place, "the rule is for no topic: topics is empty; \"*\" is for all");
  }
  for (const TomlValue& each : patterns.elements) {
    if (each.type != TomlType::kString) return file_.wrong_type(*topics, each, "strings");
    if (auto taken = take_topic(each); !taken) return taken;
  }
  return {};
}

Result<void> RuleFile::take_topic(const TomlValue& value) {
  const std::string& pattern = value.string;
  if (pattern.empty()) return file_.wrong(value.place, "a topic is not empty; \"*\" is for all");
  if (pattern.size() > limits_.topic_bytes_max) {
    return file_.wrong(value.place, "a topic has at most " + std::to_string(limits_.topic_bytes_max) +
                                        " bytes (--limit topic_bytes_max)");
  }
  if (auto added = rules_.add_pattern(pattern); !added) return file_.wrong(value.place, added.error().message);
  return {};
}

}  // namespace

Result<TopicRulesPtr> parse_history_rules(std::string_view text, const std::string& name, const Limits& limits,
                                          LogPlace place) {
  const auto file = TomlFile::parse(text, name);
  if (!file) return std::unexpected(file.error());
  return RuleFile(*file, limits, place).make();
}

}  // namespace fanfare::cli
