#include "fanfare/history/memory_log.h"

#include <algorithm>
#include <utility>

#include "fanfare/base/check.h"

namespace fanfare {

MemoryLog::MemoryLog(const Limits& limits, EventIdCodec ids, UnixClock unix_ms)
    : unix_ms_(std::move(unix_ms)),
      held_({limits.memory_log_updates_max, limits.memory_log_bytes_max}, kBeginning),
      ids_(std::move(ids)) {}

void MemoryLog::append_all(std::vector<Update> updates, AppendAllDone done) {
  FANFARE_CHECK(!updates.empty());
  std::vector<Appended> appended;
  std::vector<NewUpdate> placed;
  std::vector<LoggedUpdatePtr> batch;
  {
    std::lock_guard lock(mutex_);
    last_unix_ms_ = std::max(last_unix_ms_, unix_ms_());
    for (auto& update : updates) {
      const LoggedUpdatePtr& logged = placed.emplace_back(place(std::move(update))).logged;
      appended.push_back({logged->position, logged->update.id});
      batch.push_back(logged);
    }
    held_.push(placed);
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
  done(read(std::move(request)));
}

ReadResult MemoryLog::read(ReadRequest request) const {
  const bool from_the_beginning = request.after == kBeforeAll;
  request.through = std::max(request.after, std::min(request.through, held_.last()));
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
    if (auto read = held_.read(request)) return std::move(*read);
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
