// The most recent updates, in memory, with indexes by topic, by chosen event id and by time. The log in memory is made
// of it; the durable log has one so that who is hardly behind is answered without the disk.
// What it is not: it makes neither positions nor ids, and tells nobody what is new.
// Any thread (one mutex, never held while a filter runs).
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fanfare/history/event_log.h"

namespace fanfare {

class RecentUpdates {
 public:
  struct Bounds {
    std::size_t updates_max;
    std::size_t bytes_max;  // of updates, with their indexes; one update is always held
  };
  // beginning: what is pushed comes after it.
  RecentUpdates(Bounds bounds, Position beginning) : bounds_(bounds), after_(beginning), last_(beginning) {}

  // In log order. What exceeds the bounds goes, the oldest first.
  void push(std::span<const NewUpdate> batch);

  // All that was pushed after this position is held.
  Position after() const;
  // All transient updates after this position are held.
  Position transient_after() const;
  // The position of the last update that was pushed.
  Position last() const;

  // Answers a request whose `through` is not beyond last(), as EventLog::read_after does but without a word of gaps;
  // nothing if what follows request.after is no longer held.
  std::optional<ReadResult> read(const ReadRequest& request) const;
  // The newest update of a topic, at or before `through`, that the filter wants. Null if none is held.
  LoggedUpdatePtr newest_wanted(std::string_view topic, Position through, const UpdateFilter& filter) const;

  // The earliest update for which the publisher chose this id.
  std::optional<Position> find_chosen_id(std::string_view id) const;
  // The position that all updates of that time or later come after; nothing if that may be before what is held.
  std::optional<Position> find_time(std::uint64_t unix_ms) const;

 private:
  // The updates of one topic, in log order.
  class Topic {
   public:
    void push(const LoggedUpdatePtr& logged);
    void drop_first();
    std::span<const LoggedUpdatePtr> held() const { return std::span(updates_).subspan(dropped_); }

   private:
    std::vector<LoggedUpdatePtr> updates_;  // the first of them are dropped: their places go later, all at once
    std::size_t dropped_ = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  std::optional<ReadResult> read_forward(const ReadRequest& request) const;
  std::size_t copy_after(const ReadRequest& request, Position after, std::span<LoggedUpdatePtr> out) const;
  std::size_t copy_all(Position after, Position through, std::span<LoggedUpdatePtr> out) const;
  std::size_t copy_of_topics(std::span<const std::string> topics, Position after, Position through,
                             std::span<LoggedUpdatePtr> out) const;
  void add_to_topics(const LoggedUpdatePtr& logged);
  void drop_oldest();

  const Bounds bounds_;
  mutable std::mutex mutex_;
  std::deque<LoggedUpdatePtr> updates_;
  std::unordered_map<std::string, Topic, Hash, std::equal_to<>> topics_;
  // Ids that publishers chose; the views point into updates_. Ordered, so that the earliest of equal ids comes first.
  std::set<std::pair<std::string_view, Position>> chosen_ids_;
  std::size_t bytes_ = 0;
  Position after_;
  Position transient_after_ = kBeginning;
  Position last_;
  std::uint64_t after_unix_ms_ = 0;  // of the newest update that was dropped
};

}  // namespace fanfare
