#include "fanfare/history/state.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fanfare/history/read_bounds.h"

namespace fanfare {
namespace {

Position position_of(const LoggedUpdatePtr& logged) {
  return logged->position;
}

Result<ReadResult> newest_of(std::span<const std::string> topics, const ReadRequest& request,
                             const NewestOfTopic& newest) {
  std::vector<LoggedUpdatePtr> found;
  for (const auto& topic : topics) {
    auto logged = newest(topic);
    if (!logged) return std::unexpected(std::move(logged.error()));
    if (*logged && (*logged)->position > request.after && (*logged)->position <= request.through) {
      found.push_back(std::move(*logged));
    }
  }
  std::ranges::sort(found, {}, position_of);
  const auto repeated = std::ranges::unique(found, {}, position_of);
  found.erase(repeated.begin(), repeated.end());

  ReadResult result;
  result.read_through = std::max(request.after, request.through);
  ReadBounds bounds(request);
  for (auto& logged : found) {
    result.updates.push_back(std::move(logged));
    if (!bounds.is_reached_by(result.updates.back()->update, true)) continue;
    result.read_through = result.updates.back()->position;
    break;
  }
  return result;
}

}  // namespace

Result<ReadResult> read_state(const ReadRequest& request, const NewestOfTopic& newest,
                              const std::function<Result<ReadResult>()>& read_forward) {
  if (const auto topics = request.filter->exact_topics()) return newest_of(*topics, request, newest);
  auto result = read_forward();
  if (!result) return result;
  std::unordered_map<std::string_view, Position> known;  // of topics in result->updates
  std::vector<LoggedUpdatePtr> kept;
  for (const auto& logged : result->updates) {
    bool is_newest = false;
    for (const auto& topic : logged->update.topics) {
      if (!request.filter->selects(topic)) continue;
      auto entry = known.find(topic);
      if (entry == known.end()) {
        const auto found = newest(topic);
        if (!found) return std::unexpected(found.error());
        entry = known.emplace(topic, *found ? (*found)->position : kBeforeAll).first;
      }
      is_newest = is_newest || entry->second == logged->position;
    }
    if (is_newest) kept.push_back(logged);
  }
  result->updates = std::move(kept);
  return result;
}

}  // namespace fanfare
