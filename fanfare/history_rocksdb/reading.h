// Reads of the stored log: forward from a position, by topic, and of publishers' event ids.
// What it is not: it knows neither what is trimmed nor what is committed; its callers bound the request.
// Any thread, given a codec of the thread's own.
#pragma once

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

// The earliest update after `after` for which the publisher chose this id.
Result<std::optional<Position>> find_chosen_id(const Database& database, std::string_view id, Position after);

}  // namespace fanfare
