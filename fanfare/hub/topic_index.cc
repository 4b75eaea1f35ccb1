#include "fanfare/hub/topic_index.h"

#include "fanfare/base/check.h"
#include "fanfare/hub/audience.h"

namespace fanfare {

void IndexList::add(Audience& audience, std::uint32_t selector) {
  audience.index_slots[selector] = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({&audience, selector});
}

void IndexList::remove(Audience& audience, std::uint32_t selector) {
  const std::uint32_t slot = audience.index_slots[selector];
  FANFARE_CHECK(slot < entries_.size() && entries_[slot].audience == &audience);
  entries_[slot] = entries_.back();
  entries_[slot].audience->index_slots[entries_[slot].selector] = slot;
  entries_.pop_back();
}

void TopicIndex::add(Audience& audience) {
  const SelectorSet& selectors = audience.filter()->selectors();
  const bool may_get_hub_topics = audience.filter()->may_get_hub_topics();
  audience.index_slots.resize(selectors.exact().size() + selectors.templates().size() + (selectors.has_any() ? 1 : 0) +
                              (may_get_hub_topics ? 1 : 0));
  std::uint32_t selector = 0;
  for (const auto& topic : selectors.exact()) exact_[topic].add(audience, selector++);
  for (const auto& each : selectors.templates()) templates_.add(each, audience, selector++);
  if (selectors.has_any()) any_.add(audience, selector++);
  if (may_get_hub_topics) of_hub_topics_.add(audience, selector);
}

void TopicIndex::remove(Audience& audience) {
  const SelectorSet& selectors = audience.filter()->selectors();
  std::uint32_t selector = 0;
  for (const auto& topic : selectors.exact()) {
    const auto found = exact_.find(topic);
    FANFARE_CHECK(found != exact_.end());
    found->second.remove(audience, selector++);
    if (found->second.empty()) exact_.erase(found);
  }
  for (const auto& each : selectors.templates()) templates_.remove(*each, audience, selector++);
  if (selectors.has_any()) any_.remove(audience, selector++);
  if (audience.filter()->may_get_hub_topics()) of_hub_topics_.remove(audience, selector);
}

void TopicIndex::match(std::string_view topic, std::vector<std::span<const Entry>>& lists) {
  if (!any_.empty()) lists.push_back(any_.entries());
  if (const auto found = exact_.find(topic); found != exact_.end()) lists.push_back(found->second.entries());
  templates_.match(topic, lists);
}

void TopicIndex::match_hub_topic(std::vector<std::span<const Entry>>& lists) const {
  if (!of_hub_topics_.empty()) lists.push_back(of_hub_topics_.entries());
}

}  // namespace fanfare
