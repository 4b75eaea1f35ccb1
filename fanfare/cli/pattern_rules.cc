#include "fanfare/cli/pattern_rules.h"

#include <algorithm>

#include "fanfare/base/check.h"

namespace fanfare::cli {
namespace {

std::unexpected<Error> taken(std::string_view pattern, std::size_t rule, std::string_view by) {
  std::string message = "rule " + std::to_string(rule) + " takes '" + std::string(pattern) + "' already";
  if (by != pattern) message.append(", by '").append(by).append("'; put the narrower rule first");
  return fail(std::move(message));
}

}  // namespace

Result<void> PatternRules::add_pattern(std::string_view pattern) {
  const std::size_t rule = rules_.size() - 1;
  FANFARE_CHECK(rule > 0);
  if (auto is_free = check_is_free(pattern); !is_free) return is_free;
  if (pattern == "*") {
    others_ = rule;
    return {};
  }
  if (pattern.find_first_of("{}") != pattern.npos && !exact_.contains(pattern)) {
    auto compiled = CompiledTemplate::make(pattern);
    if (!compiled) return std::unexpected(std::move(compiled.error()));
    if (templates_.size() == templates_max_) {
      return fail("the rules have more than " + std::to_string(templates_max_) +
                  " URI templates (--limit rule_templates_max)");
    }
    templates_.push_back({std::move(*compiled), rule});
  }
  exact_.emplace(pattern, rule);
  return {};
}

Result<void> PatternRules::check_is_free(std::string_view pattern) const {
  const std::size_t rule = rules_.size() - 1;
  if (others_ != 0 && others_ != rule) return taken(pattern, others_, "*");
  const auto exact = exact_.find(pattern);
  if (exact != exact_.end() && exact->second != rule) return taken(pattern, exact->second, pattern);
  const Template* const found = first_template(pattern);
  if (found != nullptr && found->rule != rule) return taken(pattern, found->rule, found->compiled->text());
  return {};
}

std::size_t PatternRules::rule_of(std::string_view topic) const {
  if (const auto exact = exact_.find(topic); exact != exact_.end()) return exact->second;
  const Template* const found = first_template(topic);
  return found != nullptr ? found->rule : others_;
}

const PatternRules::Template* PatternRules::first_template(std::string_view topic) const {
  const auto found = std::ranges::find_if(templates_, [&](const auto& each) { return each.compiled->matches(topic); });
  return found != templates_.end() ? &*found : nullptr;
}

}  // namespace fanfare::cli
