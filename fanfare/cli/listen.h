// `fanfare listen`: prints the events of one stream as they come, and reconnects as EventSource does (WHATWG HTML
// 9.2): after the reconnection time, with Last-Event-ID, until a 204 or another final answer. Two differences: the
// very first connection must succeed, so that a wrong URL is told at once; and a gap that the hub admits is told.
// What it is not: the C++ client (it backs off, retries 5xx and so on). One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "fanfare/cli/event_text.h"
#include "fanfare/cli/exit_code.h"

namespace fanfare::cli {

struct ListenOptions {
  std::string url;  // whole, topics included
  std::string token;
  std::string last_event_id;
  EventForm form = EventForm::kPretty;
  bool quiet = false;                                 // no notes on standard error, errors only
  std::uint64_t count = 0;                            // end after so many events; 0: no such end
  std::optional<std::chrono::milliseconds> duration;  // end after this time
};

// Events go to standard output, all else to standard error. Done (0) after Ctrl-C, SIGTERM, a 204, `count` events,
// when the reader of standard output has gone, or when `duration` is over; in this last case kFailed if `count` asked
// for more events than came.
ExitCode listen(const ListenOptions& options);

}  // namespace fanfare::cli
