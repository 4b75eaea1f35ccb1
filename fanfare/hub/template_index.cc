#include "fanfare/hub/template_index.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/hub/template_set.h"

namespace fanfare {

// `templates` and `automaton` are used and made off the thread; `members` belongs to the index.
struct TemplateIndex::Set {
  std::vector<CompiledTemplatePtr> templates;
  std::vector<TemplatePtr> members;  // the same order
  std::optional<TemplateSet> automaton;

  void build() { automaton.emplace(std::move(templates)); }
};

TemplateIndex::TemplateIndex(std::size_t cache_bytes_max, OffThread& off_thread)
    : off_thread_(off_thread), cache_bytes_max_(cache_bytes_max), alive_(std::make_shared<TemplateIndex*>(this)) {}

TemplateIndex::~TemplateIndex() {
  *alive_ = nullptr;
}

void TemplateIndex::add(const CompiledTemplatePtr& compiled, Audience& audience, std::uint32_t selector) {
  TemplatePtr& known = templates_[compiled->text()];
  if (known == nullptr) {
    known = std::make_shared<Template>(Template{compiled, {}, false});
    tail_.push_back(known);
  } else if (known->in_set && known->audiences.empty()) {
    --unused_in_set_;
  }
  known->audiences.add(audience, selector);
  rebuild_if_worth_it();
}

void TemplateIndex::remove(const CompiledTemplate& compiled, Audience& audience, std::uint32_t selector) {
  const auto found = templates_.find(compiled.text());
  FANFARE_CHECK(found != templates_.end());
  const TemplatePtr known = found->second;
  known->audiences.remove(audience, selector);
  if (!known->audiences.empty()) return;
  if (known->in_set) {
    ++unused_in_set_;
    rebuild_if_worth_it();
  } else {
    std::erase(tail_, known);
    templates_.erase(found);
  }
}

void TemplateIndex::match(std::string_view topic, std::vector<std::span<const IndexEntry>>& lists) {
  for (const auto& each : tail_) {
    if (each->compiled->matches(topic)) lists.push_back(each->audiences.entries());
  }
  if (set_ == nullptr) return;
  for (const std::uint32_t i : match_set(topic)) {
    const Template& found = *set_->members[i];
    if (!found.audiences.empty()) lists.push_back(found.audiences.entries());
  }
}

const std::vector<std::uint32_t>& TemplateIndex::match_set(std::string_view topic) {
  std::string key(topic);
  if (const auto known = cache_.find(key); known != cache_.end()) return known->second;
  set_->automaton->match(topic, scratch_);
  std::vector<std::uint32_t> found(scratch_.begin(), scratch_.end());
  const std::size_t bytes = 2 * sizeof(std::string) + 2 * key.size() + found.size() * sizeof(found[0]) + 64;
  if (cache_bytes_ + bytes > cache_bytes_max_) {
    cache_.clear();
    cache_bytes_ = 0;
  }
  cache_bytes_ += bytes;
  return cache_.emplace(std::move(key), std::move(found)).first->second;
}

void TemplateIndex::rebuild_if_worth_it() {
  const std::size_t in_set = set_ == nullptr ? 0 : set_->members.size();
  const std::size_t worth_it = std::max(kTailMin, in_set / 8);
  if (building_ || (tail_.size() < worth_it && unused_in_set_ < worth_it)) return;
  building_ = true;
  auto next = std::make_shared<Set>();
  for (const auto& [text, each] : templates_) {
    if (each->audiences.empty()) continue;
    next->members.push_back(each);
    next->templates.push_back(each->compiled);
  }
  off_thread_.run([next] { next->build(); },
                  [next, alive = alive_] {
                    if (*alive != nullptr) (*alive)->install(next);
                  });
}

void TemplateIndex::install(std::shared_ptr<Set> built) {
  building_ = false;
  const std::shared_ptr<Set> old = std::exchange(set_, std::move(built));
  cache_.clear();
  cache_bytes_ = 0;
  if (old != nullptr) {
    for (const auto& each : old->members) each->in_set = false;
  }
  unused_in_set_ = 0;
  for (const auto& each : set_->members) {
    each->in_set = true;
    unused_in_set_ += each->audiences.empty() ? 1 : 0;
  }
  std::erase_if(tail_, [](const auto& each) { return each->in_set; });
  if (old != nullptr) keep_or_forget(old->members);
  rebuild_if_worth_it();
}

// Templates that had no audience when the new set was begun are not in it: they are forgotten, or are new again.
void TemplateIndex::keep_or_forget(const std::vector<TemplatePtr>& members) {
  for (const auto& each : members) {
    if (each->in_set) continue;
    const auto known = templates_.find(each->compiled->text());
    if (known == templates_.end() || known->second != each) continue;
    if (each->audiences.empty()) {
      templates_.erase(known);
    } else {
      tail_.push_back(each);
    }
  }
}

}  // namespace fanfare
