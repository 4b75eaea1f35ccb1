// Reads of the state: of each topic, the newest update that a reader wants (ReadRequest::state_as_of). They come in log
// order like all others, wherever a log keeps its updates.
// Stateless; any thread.
#pragma once

#include <functional>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/history/event_log.h"

namespace fanfare {

// The newest update of a topic at or before request.state_as_of that the filter wants; null if there is none.
using NewestOfTopic = std::function<Result<LoggedUpdatePtr>(std::string_view topic)>;

// By the filter's exact topics, at the cost of one look for each; else what read_forward (the same request without
// state_as_of) gives, less what is not the newest.
Result<ReadResult> read_state(const ReadRequest& request, const NewestOfTopic& newest,
                              const std::function<Result<ReadResult>()>& read_forward);

}  // namespace fanfare
