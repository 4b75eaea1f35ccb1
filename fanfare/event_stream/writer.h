// Writes text/event-stream (WHATWG HTML 9.2.5): one event to the bytes that every EventSource reads the same way.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::event_stream {

// The first bytes of every stream, and the heartbeat of an idle one: an empty comment.
inline constexpr std::string_view kComment = ":\n";

// What one event carries. The views are borrowed for the call. An empty type is left out (the reader takes "message");
// an empty id is left out (the reader keeps its last one).
struct Fields {
  std::string_view type;
  std::optional<std::uint64_t> retry_ms;
  std::string_view id;
  std::string_view data;
};

// Why these fields cannot be written: CR, LF or NUL in the id, CR or LF in the type. They would forge other fields.
Result<void> validate(const Fields& fields);

// Appends the event: event, retry, id, then one data line for each line of data (split at LF, CR and CRLF), then a
// blank line. Precondition: validate(fields).
void append_event(std::string& out, const Fields& fields);

// Appends ":" text "\n" for each line of text.
void append_comment(std::string& out, std::string_view text);

// Appends a retry field alone, which takes effect without an event.
void append_retry(std::string& out, std::uint64_t retry_ms);

}  // namespace fanfare::event_stream
