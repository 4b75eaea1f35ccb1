// The event log in memory: bounded by count and by bytes, gone with the process. What it is not: durable.
// Appends complete inside the call. Any thread.
#pragma once

#include <mutex>
#include <vector>

#include "fanfare/base/clock.h"
#include "fanfare/base/limits.h"
#include "fanfare/history/event_id.h"
#include "fanfare/history/event_log.h"
#include "fanfare/history/recent_updates.h"

namespace fanfare {

class MemoryLog final : public EventLog {
 public:
  // Keeps at most limits.memory_log_updates_max updates and memory_log_bytes_max bytes, and apart from them
  // transient_bytes_max bytes of transient ones; older ones go first.
  explicit MemoryLog(const Limits& limits, EventIdCodec ids = EventIdCodec::random(),
                     UnixClock unix_ms = system_unix_ms);

  void append_all(std::vector<Update> updates, AppendAllDone done) override;
  Position follow(LogFollower& follower) override;
  void unfollow(LogFollower& follower) override;
  void read_after(ReadRequest request, ReadDone done) override;
  void find(std::string id, FindDone done) override;
  void find_time(std::uint64_t unix_ms, FindDone done) override;
  Position transient_after() const override { return transient_.transient_after(); }
  std::string id_of(Position position) const override;

 private:
  NewUpdate place(Update update);
  ReadResult read(ReadRequest request) const;
  std::optional<ReadResult> read_held(const ReadRequest& request) const;
  ReadResult read_transient(ReadRequest request) const;
  FindResult found_at(Position position) const;

  const UnixClock unix_ms_;
  RecentUpdates held_;
  RecentUpdates transient_;
  mutable std::mutex mutex_;  // of what follows
  const EventIdCodec ids_;
  Position last_ = kBeginning;
  std::uint64_t last_unix_ms_ = 0;
  std::vector<LogFollower*> followers_;
};

}  // namespace fanfare
