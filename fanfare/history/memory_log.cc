#include "fanfare/history/memory_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/history/read_bounds.h"

namespace fanfare {
namespace {

// What two logs answered to one request, as one log would have: in order, as far as both have looked.
ReadResult merged(const ReadRequest& request, const ReadResult& one, const ReadResult& other) {
  std::vector<LoggedUpdatePtr> all;
  std::ranges::merge(one.updates, other.updates, std::back_inserter(all), {}, &LoggedUpdate::position,
                     &LoggedUpdate::position);
  ReadResult result;
  result.read_through = std::min(one.read_through, other.read_through);
  ReadBounds bounds(request);
  for (auto& logged : all) {
    if (logged->position > result.read_through) break;
    result.updates.push_back(std::move(logged));
    const LoggedUpdate& last = *result.updates.back();
    if (!bounds.is_reached_by(last.update, /*wanted=*/true)) continue;
    result.read_through = last.position;
    break;
  }
  return result;
}

}  // namespace

MemoryLog::MemoryLog(const Limits& limits, EventIdCodec ids, UnixClock unix_ms)
    : unix_ms_(std::move(unix_ms)),
      held_({limits.memory_log_updates_max, limits.memory_log_bytes_max}, kBeginning),
      transient_({SIZE_MAX, limits.transient_bytes_max}, kBeginning),
      ids_(std::move(ids)) {}

void MemoryLog::append_all(std::vector<Update> updates, AppendAllDone done) {
  FANFARE_CHECK(!updates.empty());
  std::vector<Appended> appended;
  std::vector<NewUpdate> placed;
  std::vector<NewUpdate> transient;
  std::vector<LoggedUpdatePtr> batch;
  {
    std::lock_guard lock(mutex_);
    last_unix_ms_ = std::max(last_unix_ms_, unix_ms_());
    for (auto& update : updates) {
      auto& kind = update.is_transient ? transient : placed;
      const LoggedUpdatePtr& logged = kind.emplace_back(place(std::move(update))).logged;
      appended.push_back({logged->position, logged->update.id});
      batch.push_back(logged);
    }
    held_.push(placed);
    transient_.push(transient);
    for (LogFollower* follower : followers_) follower->on_committed(batch);
  }
  done(std::move(appended));
}

// With mutex_.
NewUpdate MemoryLog::place(Update update) {
  FANFARE_CHECK(!update.topics.empty());
  const Position position = ++last_;
  const IdOrigin id_origin = update.id.empty() ? IdOrigin::kHub : IdOrigin::kPublisher;
  if (id_origin == IdOrigin::kHub) update.id = ids_.encode(position);
  return {std::make_shared<LoggedUpdate>(position, std::move(update), last_unix_ms_), id_origin};
}

Position MemoryLog::follow(LogFollower& follower) {
  std::lock_guard lock(mutex_);
  followers_.push_back(&follower);
  return last_;
}

void MemoryLog::unfollow(LogFollower& follower) {
  std::lock_guard lock(mutex_);
  std::erase(followers_, &follower);
}

void MemoryLog::read_after(ReadRequest request, ReadDone done) {
  ReadResult result = read(request);
  if (has_transient_gap(request, transient_after())) result = ReadResult{.updates = {}, .gap = true};
  done(std::move(result));
}

ReadResult MemoryLog::read(ReadRequest request) const {
  const bool from_the_beginning = request.after == kBeforeAll;
  {
    std::lock_guard lock(mutex_);
    request.through = std::max(request.after, std::min(request.through, last_));
  }
  while (true) {
    ReadResult result;
    const Position trimmed = held_.after();
    result.gap = !from_the_beginning && request.after < trimmed;
    if (result.gap) return result;
    if (trimmed >= request.through) {
      result.read_through = request.through;
      return result;
    }
    if (from_the_beginning) request.after = trimmed;
    if (auto read = read_held(request)) return std::move(*read);
  }
}

// Nothing if it has been trimmed meanwhile.
std::optional<ReadResult> MemoryLog::read_held(const ReadRequest& request) const {
  auto held = held_.read(request);
  if (!held || transient_.last() <= request.after) return held;
  return merged(request, *held, read_transient(request));
}

ReadResult MemoryLog::read_transient(ReadRequest request) const {
  while (true) {
    request.after = std::max(request.after, std::min(transient_.after(), request.through));
    if (auto read = transient_.read(request)) return std::move(*read);
  }
}

void MemoryLog::find(std::string id, FindDone done) {
  std::optional<Position> position;
  {
    std::lock_guard lock(mutex_);
    position = ids_.decode(id);
    if (position && *position > last_) position.reset();
  }
  if (!position) position = held_.find_chosen_id(id);
  done(position ? found_at(*position) : FindResult{});
}

void MemoryLog::find_time(std::uint64_t unix_ms, FindDone done) {
  done(found_at(held_.find_time(unix_ms).value_or(kBeginning)));
}

FindResult MemoryLog::found_at(Position position) const {
  return {position < held_.after() ? FindStatus::kTrimmed : FindStatus::kHeld, position};
}

std::string MemoryLog::id_of(Position position) const {
  if (position <= kBeginning) return {};
  std::lock_guard lock(mutex_);
  return ids_.encode(position);
}

}  // namespace fanfare
