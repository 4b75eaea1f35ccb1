// The event log in memory: bounded by count and by bytes, gone with the process. What it is not: durable.
// Appends complete inside the call. Any thread (one mutex).
#pragma once

#include <deque>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/history/event_id.h"
#include "fanfare/history/event_log.h"

namespace fanfare {

class MemoryLog final : public EventLog {
 public:
  // Keeps at most limits.memory_log_updates_max updates and memory_log_bytes_max bytes; older ones go first.
  explicit MemoryLog(const Limits& limits, EventIdCodec ids = EventIdCodec::random());

  void append(Update update, AppendDone done) override;
  Position follow(LogFollower& follower) override;
  void unfollow(LogFollower& follower) override;
  void read_after(ReadRequest request, ReadDone done) override;
  void find(std::string id, FindDone done) override;

 private:
  // Where an empty log stands: who has seen nothing of it has seen this, which is not kBeforeAll.
  static constexpr Position kBeginning = kBeforeAll + 1;

  ReadResult read_locked(const ReadRequest& request) const;
  FindResult find_locked(std::string_view id) const;
  void trim_locked();

  const std::size_t updates_max_;
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  const EventIdCodec ids_;
  std::deque<LoggedUpdatePtr> held_;  // positions without holes: held_[i] is at trimmed_through_ + 1 + i
  std::size_t held_bytes_ = 0;
  Position trimmed_through_ = kBeginning;
  Position last_ = kBeginning;
  // Ids that publishers chose; the views point into held_. Ordered, so that the earliest of equal ids comes first.
  std::set<std::pair<std::string_view, Position>> chosen_ids_;
  std::vector<LogFollower*> followers_;
};

}  // namespace fanfare
