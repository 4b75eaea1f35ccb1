#include "fanfare/cli/pattern_rules.h"

#include <algorithm>
#include <span>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/hub/template_set.h"

namespace fanfare::cli {
namespace {

std::vector<CompiledTemplatePtr> compiled_of(const std::vector<RulePatterns::Template>& templates) {
  std::vector<CompiledTemplatePtr> compiled;
  for (const auto& each : templates) compiled.push_back(each.compiled);
  return compiled;
}

class PatternRules final : public TopicRules {
 public:
  PatternRules(std::vector<TopicRule> rules, RulePatterns patterns)
      : rules_(std::move(rules)), patterns_(std::move(patterns)), templates_(compiled_of(patterns_.templates)) {}

  std::span<const TopicRule> rules() const override { return rules_; }
  std::size_t rule_of(std::string_view topic) const override;

 private:
  const std::vector<TopicRule> rules_;
  const RulePatterns patterns_;
  const TemplateSet templates_;
};

std::size_t PatternRules::rule_of(std::string_view topic) const {
  if (const auto exact = patterns_.exact.find(topic); exact != patterns_.exact.end()) return exact->second;
  if (patterns_.templates.empty()) return patterns_.others;
  std::vector<int> places;
  templates_.match(topic, places);
  if (places.empty()) return patterns_.others;
  return patterns_.templates[static_cast<std::size_t>(std::ranges::min(places))].rule;
}

std::unexpected<Error> taken(std::string_view pattern, std::size_t rule, std::string_view by) {
  std::string message = "rule " + std::to_string(rule) + " takes '" + std::string(pattern) + "' already";
  if (by != pattern) message.append(", by '").append(by).append("'; put the narrower rule first");
  return fail(std::move(message));
}

}  // namespace

Result<void> PatternRulesMaker::add_pattern(std::string_view pattern) {
  const std::size_t rule = rules_.size() - 1;
  FANFARE_CHECK(rule > 0);
  if (auto is_free = check_is_free(pattern); !is_free) return is_free;
  if (pattern == "*") {
    patterns_.others = rule;
    return {};
  }
  if (pattern.find_first_of("{}") != pattern.npos && !patterns_.exact.contains(pattern)) {
    auto compiled = CompiledTemplate::make(pattern);
    if (!compiled) return std::unexpected(std::move(compiled.error()));
    if (patterns_.templates.size() == templates_max_) {
      return fail("the rules have more than " + std::to_string(templates_max_) +
                  " URI templates (--limit rule_templates_max)");
    }
    patterns_.templates.push_back({std::move(*compiled), rule});
  }
  patterns_.exact.emplace(pattern, rule);
  return {};
}

Result<void> PatternRulesMaker::check_is_free(std::string_view pattern) const {
  const std::size_t rule = rules_.size() - 1;
  const auto& [exact, templates, others] = patterns_;
  if (others != 0 && others != rule) return taken(pattern, others, "*");
  const auto same = exact.find(pattern);
  if (same != exact.end() && same->second != rule) return taken(pattern, same->second, pattern);
  const auto wider = std::ranges::find_if(templates, [&](const auto& each) { return each.compiled->matches(pattern); });
  if (wider != templates.end() && wider->rule != rule) return taken(pattern, wider->rule, wider->compiled->text());
  return {};
}

TopicRulesPtr PatternRulesMaker::make() {
  return std::make_shared<PatternRules>(std::move(rules_), std::move(patterns_));
}

}  // namespace fanfare::cli
