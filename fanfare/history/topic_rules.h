// What a log keeps of the updates of some topics, beside what it keeps of all. An update with several topics is kept
// for as long as the rule of any of them keeps it.
// Immutable; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "fanfare/history/update.h"

namespace fanfare {

// 0: no bound. The holes that bounds of topics make are no gaps.
struct TopicRule {
  std::uint64_t age_ms_max = 0;
  std::uint64_t updates_max = 0;  // the topic's newest so many are kept at least
  bool durable = true;            // else its updates are in memory only, as long as they are recent
};

class TopicRules {
 public:
  virtual ~TopicRules() = default;
  // At least one.
  virtual std::span<const TopicRule> rules() const = 0;
  // The place in rules() of a topic's rule.
  virtual std::size_t rule_of(std::string_view topic) const = 0;
};
using TopicRulesPtr = std::shared_ptr<const TopicRules>;

// The same rule for all topics.
class OneTopicRule final : public TopicRules {
 public:
  explicit OneTopicRule(TopicRule rule = {}) : rule_(rule) {}
  std::span<const TopicRule> rules() const override { return {&rule_, 1}; }
  std::size_t rule_of(std::string_view) const override { return 0; }

 private:
  const TopicRule rule_;
};

inline bool is_durable(const TopicRules& rules, const Update& update) {
  const auto has_durable_rule = [&](const auto& topic) { return rules.rules()[rules.rule_of(topic)].durable; };
  return !update.is_transient && std::ranges::any_of(update.topics, has_durable_rule);
}

}  // namespace fanfare
