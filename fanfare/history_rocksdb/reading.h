// Reads of the stored log: forward from a position, by topic, and what is found by event id or by time.
// What it is not: it knows neither what is trimmed nor what is committed; its callers bound the request.
// Any thread, given a codec of the thread's own.
#pragma once

#include <algorithm>
#include <optional>

#include "fanfare/base/error.h"
#include "fanfare/history/event_id.h"
#include "fanfare/history/event_log.h"
#include "fanfare/history_rocksdb/database.h"

namespace fanfare {

// As EventLog::read_after: by the index of topics if the filter names them, so that it costs what it finds, else by
// looking at every update. What cannot be read is an error that names the file and the position; what stands before it
// is given first.
Result<ReadResult> read_stored(const Database& database, const EventIdCodec& codec, const ReadRequest& request);

// The newest update of a topic at or before `through` that the filter wants; null if there is none.
Result<LoggedUpdatePtr> newest_wanted_stored(const Database& database, const EventIdCodec& codec,
                                             std::string_view topic, Position through, const UpdateFilter& filter);

// The last position in [after, through] that is `after` or of an update appended before that time. Times never go back
// along the log, so that a few lookups find it.
Result<Position> find_time_stored(const Database& database, std::uint64_t unix_ms, Position after, Position through);

// The earliest update after `after` for which the publisher chose this id.
Result<std::optional<Position>> find_chosen_id(const Database& database, std::string_view id, Position after);

// The last position in (after, last] that cannot be read on from, given that `after` cannot. Found by steps that
// double, then by halving: a damaged block spans an unknown number of positions, few of which are updates.
template <typename CanReadAfter>
Position skip_unreadable(Position after, Position last, CanReadAfter can_read_after) {
  Position bad = after;
  Position step = 1;
  while (last - bad > step && !can_read_after(bad + step)) {
    bad += step;
    step *= 2;
  }
  Position good = bad + std::min(step, last - bad);
  while (good - bad > 1) {
    const Position middle = bad + (good - bad) / 2;
    (can_read_after(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace fanfare
