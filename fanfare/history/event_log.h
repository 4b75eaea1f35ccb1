// The event log: the truth that everything else is made from. Updates are appended and get a position; followers are
// told of what is committed, in order; readers that are behind read from it. Asynchronous, so that a log may sit on a
// disk or on other machines. Implementations: memory_log.h.
//
// Threads: every member may be called from any thread. Completions run on whatever thread completes the work, possibly
// inside the call; they must be short and must not call the log. Followers are called one batch at a time, in log
// order, and see an update before or after its append completes, but never without it being committed.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/history/update.h"

namespace fanfare {

struct Appended {
  Position position;
  std::string id;
};
using AppendDone = std::move_only_function<void(Result<Appended>)>;
// One for each update, in their order.
using AppendAllDone = std::move_only_function<void(Result<std::vector<Appended>>)>;

// Receives what is committed.
class LogFollower {
 public:
  virtual ~LogFollower() = default;
  // One or more updates in log order. Must not block: it runs on the log's committing thread.
  virtual void on_committed(std::span<const LoggedUpdatePtr> batch) = 0;
};

// Which updates a reader wants. Immutable; any thread.
class UpdateFilter {
 public:
  virtual ~UpdateFilter() = default;
  virtual bool wants(const Update& update) const = 0;
  // Whether an update is selected by this topic of it; some topic of every wanted update is.
  virtual bool selects(std::string_view topic) const = 0;
  // Whether a transient update could be wanted; few readers want any.
  virtual bool may_want_transient() const { return true; }
  // If set, only updates with one of these topics can be wanted (wants() still decides): a log may look them up instead
  // of reading all. Valid as long as the filter; no topic twice.
  virtual std::optional<std::span<const std::string>> exact_topics() const { return std::nullopt; }
};

struct ReadRequest {
  Position after = kBeforeAll;  // exclusive
  Position through = 0;         // inclusive
  std::shared_ptr<const UpdateFilter> filter;
  // Stop once the data, ids and types of the updates found reach bytes_max, or after looking at scan_updates_max. One
  // update is always looked at and allowed.
  std::size_t bytes_max = 0;
  std::size_t scan_updates_max = 0;
  // If set, only the state as of this position: of the updates wanted, those that are the newest one at or before it of
  // some topic that the filter selects.
  std::optional<Position> state_as_of = {};
  // The reader knows that transient updates up to here may be missing: they make no gap.
  Position holes_known_through = kBeforeAll;
};

struct ReadResult {
  std::vector<LoggedUpdatePtr> updates;  // those wanted, in order
  Position read_through = 0;             // all wanted updates in (after, read_through] are in `updates`
  // The log has dropped updates after `after` by age or size, or transient ones that the reader may want, so it cannot
  // say what the reader misses; the other members are empty. Never set for after == kBeforeAll, nor for holes made by
  // per-topic retention or by damage: find() tells of damage.
  bool gap = false;
};
using ReadDone = std::move_only_function<void(Result<ReadResult>)>;

enum class FindStatus {
  kHeld,     // the position is known and the log holds all that follows it
  kTrimmed,  // the position is known but the log has dropped updates after it
  kDamaged,  // the position is known but of what follows it some was lost: the rest can be read on from there
  kUnknown,  // the log does not know the id
};

struct FindResult {
  FindStatus status = FindStatus::kUnknown;
  Position position = kBeforeAll;  // of the update with that id, unless kUnknown
};
using FindDone = std::move_only_function<void(Result<FindResult>)>;

// Whether the reader may miss transient updates: all after this position are held.
inline bool has_transient_gap(const ReadRequest& request, Position transient_after) {
  return request.after != kBeforeAll && std::max(request.after, request.holes_known_through) < transient_after &&
         request.filter->may_want_transient();
}

class EventLog {
 public:
  virtual ~EventLog() = default;

  // Appends one or more updates, all or none of them, also where the process or the machine ends meanwhile. Their
  // positions follow each other: no other update comes between. Completes when they are as durable as the log promises.
  virtual void append_all(std::vector<Update> updates, AppendAllDone done) = 0;
  // The same with one.
  void append(Update update, AppendDone done);

  // From now on the follower gets every committed batch; returns the position of the last update it will not get. That
  // is never kBeforeAll, also when the log is empty: who reads after it later must hear of a gap. The follower must
  // live until unfollow, after which it is not called again.
  virtual Position follow(LogFollower& follower) = 0;
  virtual void unfollow(LogFollower& follower) = 0;

  virtual void read_after(ReadRequest request, ReadDone done) = 0;

  // Where the update with this event id stands; of several with the same id, the earliest. A lookup, never a scan.
  virtual void find(std::string id, FindDone done) = 0;
  // The position that all updates appended at that time (Unix, milliseconds) or later come after: kHeld, or kTrimmed or
  // kDamaged if some of them may be missing.
  virtual void find_time(std::uint64_t unix_ms, FindDone done) = 0;
  // All transient updates after this position are held, unless they were appended before the log was opened.
  virtual Position transient_after() const = 0;
  // An event id that find() takes to this position, whether or not there is an update. Of an empty log's: empty.
  virtual std::string id_of(Position position) const = 0;
};

}  // namespace fanfare
