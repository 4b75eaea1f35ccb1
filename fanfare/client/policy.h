// What an event source does when things go wrong: plain data, with two presets. Change what you like of either:
//
//   client::Policy policy = client::Policy::resilient();
//   policy.attempts_max = 10;
//
// What it is not: what to do about one particular response or failure; the hooks of source_visitor.h decide that.
// WHATWG HTML 9.2.3, RFC 9110 sections 9.2.2 and 10.2.3. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::client {

// Responses with another status than 200 that are tried again. 204 never is: by it a server asks clients to stop.
enum class RetryStatuses {
  kNone,
  kTransient,  // 408, 429 and all of 5xx
};

// The server has ended the stream as HTTP ends a response.
enum class CleanEnd {
  kReconnect,
  kClose,  // the source is done, without an error
};

// Requests whose method is not idempotent (POST, PATCH), once any of it has been sent: whether the server acts on it
// twice matters. One of which nothing has been sent is repeated like any other.
enum class NonIdempotent {
  kSendOnce,  // a clean end of the stream is then the end of the source (as CleanEnd::kClose), a failure is final
  kRepeat,
};

// From one attempt that fails to the next one in a row.
enum class Growth {
  kNone,
  kDoubling,
};

enum class Jitter {
  kNone,  // wait exactly the delay
  kFull,  // wait any time from 0 to the delay, so that clients who lost a server together do not come back together
};

// The delay before an attempt is
//
//   min(delay_ms_max, reconnection time * 2^n),   n: attempts in a row that have failed before this failure
//
// without growth n is 0; with jitter it is the longest of the times that may be chosen. The reconnection time is what
// the server's last `retry` field said, at first reconnection_time_ms. Failures are in a row until a connection has
// been stable: open for stable_ms, or ended cleanly after at least one event. What ends a stable connection does not
// count as a failed attempt.
struct Policy {
  // What is tried again. Whatever the network causes is, at the first connection as at later ones, unless the driver
  // knows that it is futile; a content type other than text/event-stream or a stream beyond the bounds never is.
  RetryStatuses retry_statuses = RetryStatuses::kTransient;
  CleanEnd clean_end = CleanEnd::kReconnect;
  NonIdempotent non_idempotent = NonIdempotent::kSendOnce;
  std::uint64_t attempts_max =
      0;  // failed ones in a row, the first one included; then the source gives up. 0: no limit

  // When. A `retry` field of 0 counts as 1 ms where delays grow.
  std::uint64_t reconnection_time_ms = 3'000;
  Growth growth = Growth::kDoubling;
  std::uint64_t delay_ms_max = 60'000;  // also of the server's `retry`. 0: no bound
  Jitter jitter = Jitter::kFull;
  std::uint64_t stable_ms = 10'000;

  // Retry-After of a response that is tried again, in both of its forms: its time is waited, at most so long, and then
  // the delay of above, so that a server which says 0 is not run down and clients do not all come at one moment. 0: the
  // field is ignored.
  std::uint64_t retry_after_ms_max = 300'000;

  // 0: none. From the beginning of the request to the head of the response, redirects included.
  std::uint64_t connect_timeout_ms = 30'000;
  // 0: none. Without any byte of the stream; comments are bytes, so a server's heartbeats keep it open. Must be longer
  // than the time between these: hubs usually send one every 15 s, and proxies usually give up after 60 s.
  std::uint64_t idle_timeout_ms = 90'000;

  // What the stream may make the client hold: a line, and the data of an event, in bytes once content codings are
  // undone. More is a final failure, since the same would come again.
  std::size_t line_bytes_max = 16 * 1024 * 1024;
  std::size_t event_bytes_max = 16 * 1024 * 1024;

  // Exactly WHATWG's EventSource: any status but 200 and any other type is final, an end and a network error reconnect
  // after the reconnection time, for ever. No growth, jitter, timeouts or Retry-After.
  static Policy standard();
  // The default: what programs want. All members as declared above.
  static Policy resilient();
};

// Fails with the first member that cannot be meant: by name, with what it takes.
Result<void> check_policy(const Policy& policy);

// RFC 9110 section 9.2.2: GET, HEAD, OPTIONS, TRACE, PUT and DELETE. Methods are case-sensitive; unknown ones are not.
bool is_idempotent(std::string_view method);

}  // namespace fanfare::client
