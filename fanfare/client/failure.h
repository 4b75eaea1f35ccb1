// What went wrong with an event source, as a value. Plain data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fanfare::client {

enum class FailureKind {
  kNetwork,         // no connection, or it broke
  kFutile,          // every attempt would end the same way: an unsupported scheme, a certificate that is refused
  kTimeout,         // no response within connect_timeout_ms
  kIdle,            // nothing received for idle_timeout_ms
  kEnded,           // the server ended the stream
  kNoContent,       // the server asks to stop: 204
  kStatus,          // neither 200 nor 204
  kContentType,     // 200, but not text/event-stream
  kRefused,         // judge_response did: final, or tried again when it said
  kLimit,           // the stream is beyond line_bytes_max or event_bytes_max
  kAttemptsUsedUp,  // attempts_max; message and status tell the last failure
};

struct Failure {
  FailureKind kind = FailureKind::kNetwork;
  int status = 0;       // of the response; 0 if there was none
  std::string message;  // a sentence for people: what was wrong and, where it helps, what would be right

  // When the source connects again, in ms from the call that tells the failure. Nothing: it does not; it is closed.
  std::optional<std::uint64_t> retry_in_ms;
  bool is_final() const { return !retry_in_ms.has_value(); }
};

}  // namespace fanfare::client
