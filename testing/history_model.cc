#include "testing/history_model.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "testing/delays.h"

namespace fanfare::simulation {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool expands_to(std::string_view text, std::string_view topic) {
  if (text.empty()) return topic.empty();
  if (text.front() != '{') return !topic.empty() && text[0] == topic[0] && expands_to(text.substr(1), topic.substr(1));
  const std::string_view rest = text.substr(text.find('}') + 1);
  for (std::size_t taken = 0;; ++taken) {
    if (expands_to(rest, topic.substr(taken))) return true;
    if (taken == topic.size() || !is_letter_or_digit(topic[taken])) return false;
  }
}

bool any_selects(const std::vector<std::string>& selectors, const Update& update) {
  return std::ranges::any_of(selectors, [&](const auto& selector) {
    return std::ranges::any_of(update.topics, [&](const auto& topic) { return selects(selector, topic); });
  });
}

class Everything final : public UpdateFilter {
 public:
  bool wants(const Update&) const override { return true; }
  bool selects(std::string_view) const override { return true; }
};

}  // namespace

bool selects(std::string_view selector, std::string_view topic) {
  if (selector == "*" || selector == topic) return true;
  const bool is_template = selector.find('{') != selector.npos && selector.find('}') != selector.npos;
  return is_template && expands_to(selector, topic);
}

bool should_receive(const std::vector<std::string>& selectors, const std::vector<std::string>& grants,
                    const Update& update) {
  return any_selects(selectors, update) && (!update.is_private || any_selects(grants, update));
}

std::size_t HistoryModel::index_after(Position position) const {
  const auto next = std::ranges::upper_bound(updates_, position, {}, &Published::position);
  return static_cast<std::size_t>(next - updates_.begin());
}

std::size_t HistoryModel::oldest_held() const {
  static const auto kEverything = std::make_shared<Everything>();
  const ReadResult oldest = read_now(log_, {.after = kBeforeAll,
                                            .through = std::numeric_limits<Position>::max(),
                                            .filter = kEverything,
                                            .bytes_max = 0,
                                            .scan_updates_max = 1});
  if (oldest.updates.empty()) return updates_.size();
  return index_after(oldest.updates.front()->position) - 1;
}

}  // namespace fanfare::simulation
