#include "fanfare/history/recent_updates.h"

#include <algorithm>
#include <array>

#include "fanfare/history/read_bounds.h"
#include "fanfare/history/state.h"

namespace fanfare {
namespace {

constexpr std::size_t kUpdateOverheadBytes = 64;  // of one update: its place in the deque, the shared pointer's block
constexpr std::size_t kTopicOverheadBytes = 160;  // of one topic in the index
constexpr std::size_t kCopiedAtOnce = 128;        // updates taken out under the lock, then looked at without it
constexpr std::size_t kNotHeld = SIZE_MAX;

std::size_t held_bytes(const LoggedUpdate& logged) {
  return logged.update.memory_bytes() + logged.update.topics.size() * sizeof(LoggedUpdatePtr) + kUpdateOverheadBytes;
}

std::size_t index_bytes(std::string_view topic) {
  return topic.size() + kTopicOverheadBytes;
}

}  // namespace

void RecentUpdates::Topic::push(const LoggedUpdatePtr& logged) {
  updates_.push_back(logged);
}

void RecentUpdates::Topic::drop_first() {
  updates_[dropped_++].reset();
  if (2 * dropped_ < updates_.size()) return;
  updates_.erase(updates_.begin(), updates_.begin() + static_cast<std::ptrdiff_t>(dropped_));
  dropped_ = 0;
}

void RecentUpdates::push(std::span<const NewUpdate> batch) {
  std::lock_guard lock(mutex_);
  for (const auto& [logged, id_origin] : batch) {
    updates_.push_back(logged);
    bytes_ += held_bytes(*logged);
    add_to_topics(logged);
    if (id_origin == IdOrigin::kPublisher) chosen_ids_.emplace(logged->update.id, logged->position);
  }
  if (!batch.empty()) last_ = batch.back().logged->position;
  while (updates_.size() > bounds_.updates_max || bytes_ > bounds_.bytes_max) {
    if (updates_.size() <= 1) break;
    drop_oldest();
  }
}

void RecentUpdates::add_to_topics(const LoggedUpdatePtr& logged) {
  for (const auto& text : logged->update.topics) {
    const auto [entry, is_new] = topics_.try_emplace(text);
    if (is_new) bytes_ += index_bytes(text);
    Topic& topic = entry->second;
    if (topic.held().empty() || topic.held().back() != logged) topic.push(logged);
  }
}

void RecentUpdates::drop_oldest() {
  const LoggedUpdatePtr oldest = std::move(updates_.front());
  updates_.pop_front();
  after_ = oldest->position;
  if (oldest->update.is_transient) transient_after_ = oldest->position;
  after_unix_ms_ = oldest->unix_ms;
  bytes_ -= held_bytes(*oldest);
  chosen_ids_.erase({oldest->update.id, oldest->position});
  for (const auto& text : oldest->update.topics) {
    const auto entry = topics_.find(text);
    if (entry == topics_.end()) continue;  // it stands in the update twice
    Topic& topic = entry->second;
    if (topic.held().front() == oldest) topic.drop_first();
    if (!topic.held().empty()) continue;
    bytes_ -= index_bytes(text);
    topics_.erase(entry);
  }
}

Position RecentUpdates::after() const {
  std::lock_guard lock(mutex_);
  return after_;
}

Position RecentUpdates::transient_after() const {
  std::lock_guard lock(mutex_);
  return transient_after_;
}

Position RecentUpdates::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

std::optional<ReadResult> RecentUpdates::read(const ReadRequest& request) const {
  if (!request.state_as_of) return read_forward(request);
  if (request.after < after()) return std::nullopt;
  const auto newest = [&](std::string_view topic) -> Result<LoggedUpdatePtr> {
    return newest_wanted(topic, *request.state_as_of, *request.filter);
  };
  auto state = read_state(request, newest, [&]() -> Result<ReadResult> {
    auto forward = read_forward(request);
    if (!forward) return fail("no longer in memory");
    return std::move(*forward);
  });
  if (!state) return std::nullopt;
  return std::move(*state);
}

std::optional<ReadResult> RecentUpdates::read_forward(const ReadRequest& request) const {
  ReadResult result;
  result.read_through = request.after;
  ReadBounds bounds(request);
  std::array<LoggedUpdatePtr, kCopiedAtOnce> copied;
  while (true) {
    const std::size_t count = copy_after(request, result.read_through, copied);
    if (count == kNotHeld) {
      // What was looked at before the rest was dropped is an answer; the rest is the next read's.
      if (result.read_through == request.after) return std::nullopt;
      return result;
    }
    for (const auto& logged : std::span(copied).first(count)) {
      result.read_through = logged->position;
      const bool wanted = request.filter->wants(logged->update);
      if (wanted) result.updates.push_back(logged);
      if (bounds.is_reached_by(logged->update, wanted)) return result;
    }
    if (count < copied.size()) {
      result.read_through = std::max(request.after, request.through);
      return result;
    }
  }
}

std::size_t RecentUpdates::copy_after(const ReadRequest& request, Position after,
                                      std::span<LoggedUpdatePtr> out) const {
  const auto topics = request.filter->exact_topics();
  std::lock_guard lock(mutex_);
  if (after < after_) return kNotHeld;
  return topics ? copy_of_topics(*topics, after, request.through, out) : copy_all(after, request.through, out);
}

std::size_t RecentUpdates::copy_all(Position after, Position through, std::span<LoggedUpdatePtr> out) const {
  auto next = std::ranges::upper_bound(updates_, after, {}, &LoggedUpdate::position);
  std::size_t count = 0;
  for (; next != updates_.end() && (*next)->position <= through && count < out.size(); ++next) out[count++] = *next;
  return count;
}

std::size_t RecentUpdates::copy_of_topics(std::span<const std::string> topics, Position after, Position through,
                                          std::span<LoggedUpdatePtr> out) const {
  std::vector<std::span<const LoggedUpdatePtr>> rests;
  for (const auto& text : topics) {
    const auto topic = topics_.find(text);
    if (topic == topics_.end()) continue;
    const auto held = topic->second.held();
    const auto first = std::ranges::upper_bound(held, after, {}, &LoggedUpdate::position);
    const auto last = std::ranges::upper_bound(held, through, {}, &LoggedUpdate::position);
    if (first < last) rests.emplace_back(first, last);
  }
  std::size_t count = 0;
  while (count < out.size() && !rests.empty()) {
    out[count] = *std::ranges::min_element(rests, {}, [](const auto& rest) { return rest.front()->position; })->begin();
    for (auto& rest : rests) {
      if (rest.front() == out[count]) rest = rest.subspan(1);
    }
    std::erase_if(rests, [](const auto& rest) { return rest.empty(); });
    ++count;
  }
  return count;
}

LoggedUpdatePtr RecentUpdates::newest_wanted(std::string_view text, Position through,
                                             const UpdateFilter& filter) const {
  LoggedUpdatePtr candidate;
  while (true) {
    {
      std::lock_guard lock(mutex_);
      const auto topic = topics_.find(text);
      if (topic == topics_.end()) return nullptr;
      const auto held = topic->second.held();
      // Before the last candidate; at first, not beyond `through`.
      const auto end = candidate ? std::ranges::lower_bound(held, candidate->position, {}, &LoggedUpdate::position)
                                 : std::ranges::upper_bound(held, through, {}, &LoggedUpdate::position);
      if (end == held.begin()) return nullptr;
      candidate = *std::prev(end);
    }
    if (filter.wants(candidate->update)) return candidate;
  }
}

std::optional<Position> RecentUpdates::find_chosen_id(std::string_view id) const {
  std::lock_guard lock(mutex_);
  const auto chosen = chosen_ids_.lower_bound({id, kBeforeAll});
  if (chosen == chosen_ids_.end() || chosen->first != id) return std::nullopt;
  return chosen->second;
}

std::optional<Position> RecentUpdates::find_time(std::uint64_t unix_ms) const {
  std::lock_guard lock(mutex_);
  const auto next = std::ranges::lower_bound(updates_, unix_ms, {}, &LoggedUpdate::unix_ms);
  if (next != updates_.begin()) return (*std::prev(next))->position;
  if (after_unix_ms_ != 0 && after_unix_ms_ < unix_ms) return after_;
  return std::nullopt;
}

}  // namespace fanfare
