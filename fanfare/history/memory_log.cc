#include "fanfare/history/memory_log.h"

#include <algorithm>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

// What one held update costs beside its own bytes: its place in held_, the shared pointer's control block.
constexpr std::size_t kOverheadBytes = 64;

}  // namespace

MemoryLog::MemoryLog(const Limits& limits, EventIdCodec ids)
    : updates_max_(std::max<std::size_t>(1, limits.memory_log_updates_max)),
      bytes_max_(limits.memory_log_bytes_max),
      ids_(std::move(ids)) {}

void MemoryLog::append(Update update, AppendDone done) {
  FANFARE_CHECK(!update.topics.empty());
  Appended appended;
  {
    std::lock_guard lock(mutex_);
    const bool chosen = !update.id.empty();
    appended.position = ++last_;
    if (!chosen) update.id = ids_.encode(appended.position);
    appended.id = update.id;
    const LoggedUpdatePtr logged = std::make_shared<LoggedUpdate>(appended.position, std::move(update));
    held_.push_back(logged);
    held_bytes_ += logged->update.memory_bytes() + kOverheadBytes;
    if (chosen) chosen_ids_.emplace(logged->update.id, appended.position);
    trim_locked();
    for (LogFollower* follower : followers_) follower->on_committed({&logged, 1});
  }
  done(std::move(appended));
}

void MemoryLog::trim_locked() {
  while (held_.size() > updates_max_ || (held_bytes_ > bytes_max_ && held_.size() > 1)) {
    const LoggedUpdate& oldest = *held_.front();
    chosen_ids_.erase({oldest.update.id, oldest.position});
    held_bytes_ -= oldest.update.memory_bytes() + kOverheadBytes;
    trimmed_through_ = oldest.position;
    held_.pop_front();
  }
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
  ReadResult result;
  {
    std::lock_guard lock(mutex_);
    result = read_locked(request);
  }
  done(std::move(result));
}

ReadResult MemoryLog::read_locked(const ReadRequest& request) const {
  ReadResult result;
  if (request.after != kBeforeAll && request.after < trimmed_through_) {
    result.gap = true;
    return result;
  }
  const Position through = std::min(request.through, last_);
  const std::size_t first = request.after > trimmed_through_ ? request.after - trimmed_through_ : 0;
  std::size_t bytes = 0;
  std::size_t scanned = 0;
  result.read_through = std::max(request.after, through);
  for (std::size_t i = first; i < held_.size() && held_[i]->position <= through; ++i) {
    const Update& update = held_[i]->update;
    if (request.filter->wants(update)) {
      bytes += update.data.size() + update.id.size() + update.type.size();
      result.updates.push_back(held_[i]);
    }
    const bool full = !result.updates.empty() && bytes >= request.bytes_max;
    if (full || ++scanned >= request.scan_updates_max) {
      result.read_through = held_[i]->position;
      break;
    }
  }
  return result;
}

void MemoryLog::find(std::string id, FindDone done) {
  FindResult result;
  {
    std::lock_guard lock(mutex_);
    result = find_locked(id);
  }
  done(result);
}

FindResult MemoryLog::find_locked(std::string_view id) const {
  Position position = kBeforeAll;
  if (const auto own = ids_.decode(id); own && *own <= last_) {
    position = *own;
  } else if (const auto chosen = chosen_ids_.lower_bound({id, kBeforeAll});
             chosen != chosen_ids_.end() && chosen->first == id) {
    position = chosen->second;
  } else {
    return {};
  }
  return {position < trimmed_through_ ? FindStatus::kTrimmed : FindStatus::kHeld, position};
}

}  // namespace fanfare
