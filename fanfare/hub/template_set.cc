#include "fanfare/hub/template_set.h"

#include <re2/set.h>

#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/hub/template_options.h"

namespace fanfare {
namespace {

RE2::Options set_options(std::int64_t bytes_max) {
  RE2::Options options = template_options();
  options.set_max_mem(bytes_max);
  return options;
}

}  // namespace

struct TemplateSet::Automaton {
  RE2::Set re2;
  bool usable = false;
  explicit Automaton(std::int64_t bytes_max) : re2(set_options(bytes_max), RE2::ANCHOR_BOTH) {}
};

TemplateSet::TemplateSet(std::vector<CompiledTemplatePtr> templates, std::int64_t bytes_max)
    : templates_(std::move(templates)), automaton_(std::make_unique<Automaton>(bytes_max)) {
  for (const auto& each : templates_) FANFARE_CHECK(automaton_->re2.Add(each->regex(), nullptr) >= 0);
  automaton_->usable = automaton_->re2.Compile();
}

TemplateSet::~TemplateSet() = default;

void TemplateSet::match(std::string_view topic, std::vector<int>& places) const {
  RE2::Set::ErrorInfo error{RE2::Set::kNoError};
  const re2::StringPiece text(topic.data(), topic.size());
  places.clear();
  if (automaton_->usable && (automaton_->re2.Match(text, &places, &error) || error.kind == RE2::Set::kNoError)) return;
  // The automaton ran out of memory: one by one, slower but right.
  places.clear();
  for (std::size_t i = 0; i < templates_.size(); ++i) {
    if (templates_[i]->matches(topic)) places.push_back(static_cast<int>(i));
  }
}

}  // namespace fanfare
