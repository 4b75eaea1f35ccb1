// The most recent updates in memory, so that who is hardly behind is answered without the disk.
// What it is not: the truth. Whatever it holds is in the database too, and what it has dropped must be read there.
// Any thread (one mutex, never held while a filter runs).
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>

#include "fanfare/history/event_log.h"

namespace fanfare {

class Tail {
 public:
  // Holds at most bytes_max. `after`: the log's last position when it was opened.
  Tail(std::size_t bytes_max, Position after) : bytes_max_(bytes_max), after_(after), last_(after) {}

  void push(std::span<const LoggedUpdatePtr> batch);
  // The position of the last update that was pushed.
  Position last() const;

  // Answers a request whose `through` is not beyond last(), as EventLog::read_after does; nothing if the tail no longer
  // holds all that follows request.after.
  std::optional<ReadResult> read(const ReadRequest& request) const;

 private:
  std::size_t copy_after(Position after, Position through, std::span<LoggedUpdatePtr> out) const;

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::deque<LoggedUpdatePtr> updates_;  // all that were committed after after_
  std::size_t bytes_ = 0;
  Position after_;
  Position last_;
};

}  // namespace fanfare
