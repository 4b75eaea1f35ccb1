// Rules of topics by pattern: exact topics, RFC 6570 URI templates, and "*". The first rule with a pattern that matches
// is the topic's; topics that no pattern matches have a rule of their own.
// What it is not: a reader of files (history_rules.h).
// Made by one thread; constant from then on, and any thread's.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/history/topic_rules.h"
#include "fanfare/hub/selector.h"

namespace fanfare::cli {

class PatternRules final : public TopicRules {
 public:
  // templates_max: how many URI templates the rules may have together, as each costs a look at each topic.
  PatternRules(TopicRule others, std::size_t templates_max) : rules_{others}, templates_max_(templates_max) {}

  // After those before it. Rules count from 1 on: rules()[0] is that of all other topics.
  void add_rule(TopicRule rule) { rules_.push_back(rule); }
  // Gives the last rule a pattern; text with braces must be a template. Fails for one that is none or is too complex,
  // for one too many, and for what an earlier rule has taken already, which would never count.
  Result<void> add_pattern(std::string_view pattern);

  std::span<const TopicRule> rules() const override { return rules_; }
  // A look into a hash table, and, unless the topic stands there, at each template until one matches.
  std::size_t rule_of(std::string_view topic) const override;

 private:
  struct Template {
    CompiledTemplatePtr compiled;
    std::size_t rule;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  Result<void> check_is_free(std::string_view pattern) const;
  const Template* first_template(std::string_view topic) const;

  std::vector<TopicRule> rules_;
  const std::size_t templates_max_;
  // The texts of templates among them: a topic may be called so. No template of an earlier rule matches any of them.
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> exact_;
  std::vector<Template> templates_;  // in the order of their rules
  std::size_t others_ = 0;           // the rule of "*", which takes all that is left
};

}  // namespace fanfare::cli
