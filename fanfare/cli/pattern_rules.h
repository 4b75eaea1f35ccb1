// Rules of topics by pattern: exact topics, RFC 6570 URI templates, and "*". The first rule with a pattern that matches
// is the topic's; topics that no pattern matches have a rule of their own.
// What it is not: a reader of files (history_rules.h).
// One thread; what it makes is immutable and any thread's.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/history/topic_rules.h"
#include "fanfare/hub/selector.h"

namespace fanfare::cli {

struct RulePatterns {
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Template {
    CompiledTemplatePtr compiled;
    std::size_t rule;
  };

  // The texts of templates among them: a topic may be called so. No template of an earlier rule matches any of them.
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> exact;
  std::vector<Template> templates;  // in the order of their rules
  std::size_t others = 0;           // the rule of "*", which takes all that is left
};

class PatternRulesMaker {
 public:
  // others: of topics that no pattern matches. templates_max: how many the rules may have together.
  PatternRulesMaker(TopicRule others, std::size_t templates_max) : rules_{others}, templates_max_(templates_max) {}

  // After those before it. Rules count from 1 on: rules()[0] is that of all other topics.
  void add_rule(TopicRule rule) { rules_.push_back(rule); }
  // Gives the last rule a pattern; text with braces must be a template. Fails for one that is none or is too complex,
  // for one too many, and for what an earlier rule has taken already, which would never count.
  Result<void> add_pattern(std::string_view pattern);

  // To be called once. Finding a topic's rule takes a look into a hash table and, unless the topic stands there, one
  // pass over its text.
  TopicRulesPtr make();

 private:
  Result<void> check_is_free(std::string_view pattern) const;

  std::vector<TopicRule> rules_;
  const std::size_t templates_max_;
  RulePatterns patterns_;
};

}  // namespace fanfare::cli
