#include "fanfare/hub/selector.h"

#include <re2/re2.h>

#include <algorithm>

#include "fanfare/hub/hub_topic.h"
#include "fanfare/hub/template_options.h"
#include "fanfare/url/uri_template.h"

namespace fanfare {

struct CompiledTemplate::Automaton {
  RE2 re2;
  explicit Automaton(const std::string& regex) : re2(regex, template_options()) {}
};

CompiledTemplate::CompiledTemplate(std::string_view text, std::string literal_prefix,
                                   std::unique_ptr<Automaton> automaton)
    : text_(text), literal_prefix_(std::move(literal_prefix)), automaton_(std::move(automaton)) {}
CompiledTemplate::~CompiledTemplate() = default;

Result<std::unique_ptr<const CompiledTemplate>> CompiledTemplate::make(std::string_view text) {
  auto pattern = url::parse_uri_template(text);
  if (!pattern) return std::unexpected(std::move(pattern.error()));
  auto automaton = std::make_unique<Automaton>(pattern->regex);
  if (!automaton->re2.ok()) return fail("the URI template '" + std::string(text) + "' is too complex");
  return std::unique_ptr<const CompiledTemplate>(
      new CompiledTemplate(text, std::move(pattern->literal_prefix), std::move(automaton)));
}

const std::string& CompiledTemplate::regex() const {
  return automaton_->re2.pattern();
}

std::size_t CompiledTemplate::memory_bytes() const {
  return kBytesFixed + text_.size() + regex().size() +
         kBytesPerInstruction * static_cast<std::size_t>(automaton_->re2.ProgramSize());
}

bool CompiledTemplate::matches(std::string_view topic) const {
  if (!topic.starts_with(literal_prefix_)) return false;
  return RE2::FullMatch(re2::StringPiece(topic.data(), topic.size()), automaton_->re2);
}

bool SelectorSet::matches(std::string_view topic) const {
  if (any_ || std::ranges::binary_search(exact_, topic, std::less<>())) return true;
  return std::ranges::any_of(templates_, [&](const auto& each) { return each->matches(topic); });
}

bool SelectorSet::matches_any(const std::vector<std::string>& topics) const {
  return std::ranges::any_of(topics, [&](const auto& topic) { return matches(topic); });
}

bool SelectorSet::may_match_hub_topics() const {
  return any_ || std::ranges::any_of(exact_, is_hub_topic) || std::ranges::any_of(templates_, [](const auto& each) {
           const std::string_view prefix = each->literal_prefix();
           return is_hub_topic(prefix) || kHubTopics.starts_with(prefix);
         });
}

std::vector<std::string> canonical_selectors(std::vector<std::string> texts) {
  if (std::ranges::find(texts, "*") != texts.end()) return {"*"};
  std::ranges::sort(texts);
  const auto repeated = std::ranges::unique(texts);
  texts.erase(repeated.begin(), repeated.end());
  return texts;
}

std::vector<std::string> relevant_grants(const SelectorSet& selectors, std::vector<std::string> grants) {
  if (!selectors.may_match_hub_topics()) std::erase_if(grants, is_hub_topic);
  return grants;
}

std::string audience_key(const SelectorSet& selectors, const SelectorSet& grants) {
  std::string key;
  for (const auto* set : {&selectors, &grants}) {
    if (set->has_any()) key.append("*");
    for (const auto& text : set->exact()) key.append(std::to_string(text.size())).append(":").append(text);
    key.append("|");
  }
  return key;
}

std::expected<SelectorSet, SelectorError> SelectorCompiler::compile(const std::vector<std::string>& texts) {
  SelectorSet set;
  for (const auto& text : texts) {
    if (text == "*") {
      set.any_ = true;
      continue;
    }
    set.exact_.push_back(text);
    if (!url::has_template_expression(text)) continue;
    auto compiled = compile_template(text);
    if (!compiled) return std::unexpected(std::move(compiled.error()));
    if (*compiled != nullptr) set.templates_.push_back(std::move(*compiled));
  }
  std::erase_if(set.exact_, [&](const std::string& text) {
    return !url::has_template_expression(text) &&
           std::ranges::any_of(set.templates_, [&](const auto& each) { return each->matches(text); });
  });
  return set;
}

std::expected<CompiledTemplatePtr, SelectorError> SelectorCompiler::compile_template(const std::string& text) {
  if (const auto known = known_.find(text); known != known_.end()) {
    if (auto compiled = known->second.lock()) return compiled;
  }
  if (!url::parse_uri_template(text)) return nullptr;
  auto made = CompiledTemplate::make(text);
  if (!made) return std::unexpected(SelectorError{SelectorFailure::kTooComplex, made.error().message});
  const std::size_t bytes = (*made)->memory_bytes();
  if (*charged_bytes_ + bytes > bytes_max_) {
    return std::unexpected(
        SelectorError{SelectorFailure::kOverBudget, "too many URI templates are subscribed to at the moment"});
  }
  *charged_bytes_ += bytes;
  // The last user may be a reader of the log on another thread, and may outlive this compiler.
  CompiledTemplatePtr compiled(made->release(), [charged = charged_bytes_, bytes](const CompiledTemplate* done) {
    *charged -= bytes;
    delete done;
  });
  forget_unused();
  known_[text] = compiled;
  return compiled;
}

void SelectorCompiler::forget_unused() {
  if (known_.size() < sweep_at_) return;
  std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
  sweep_at_ = std::max<std::size_t>(64, 2 * known_.size());
}

}  // namespace fanfare
