#include "fanfare/client/failure_text.h"

#include <string_view>
#include <utility>

#include "fanfare/base/json_string.h"
#include "fanfare/base/utf8.h"

namespace fanfare::client {
namespace {

constexpr std::size_t kQuotedBytesMax = 100;

std::string quoted(std::string_view text) {
  std::string valid;
  append_utf8_with_replacement(valid, text.substr(0, kQuotedBytesMax));
  std::string quote;
  append_json_string(quote, valid);
  return quote;
}

Failure failure(FailureKind kind, std::string message) {
  return {.kind = kind, .message = std::move(message), .retry_in_ms = {}};
}

std::string ms(std::uint64_t milliseconds) {
  return std::to_string(milliseconds) + " ms";
}

}  // namespace

Failure failure_of(const ResponseHead& head) {
  if (head.status == 204) {
    return failure(FailureKind::kNoContent, "the server asks clients to stop (204 No Content)");
  }
  if (head.status != 200) {
    return failure(FailureKind::kStatus,
                   "the server answered with status " + std::to_string(head.status) + ", not 200");
  }
  const auto type = head.field("content-type");
  return failure(FailureKind::kContentType,
                 "not an event stream: the answer has " +
                     (type ? "the content type " + quoted(*type) : std::string("no content type")) +
                     ", not text/event-stream");
}

Failure refused_failure(const ResponseHead& head) {
  return failure(FailureKind::kRefused,
                 "the program refused the response (status " + std::to_string(head.status) + ")");
}

Failure no_answer(const Policy& policy) {
  return failure(FailureKind::kTimeout,
                 "no answer within " + ms(policy.connect_timeout_ms) + " (the policy's connect_timeout_ms)");
}

Failure idle_failure(const Policy& policy) {
  return failure(FailureKind::kIdle, "the stream was silent for " + ms(policy.idle_timeout_ms) +
                                         " (the policy's idle_timeout_ms; comments would count)");
}

Failure ended_failure() {
  return failure(FailureKind::kEnded, "the server ended the stream");
}

Failure limit_failure(const std::string& parser_error) {
  return failure(
      FailureKind::kLimit,
      parser_error +
          " (the policy's line_bytes_max and event_bytes_max); the same would come again, so it is not tried "
          "again");
}

void say_not_repeated(Failure& failure, const std::string& method) {
  failure.message +=
      "; a " + method + " request is not idempotent, so it is not sent again (the policy's non_idempotent)";
}

void say_attempts_used_up(Failure& failure, std::uint64_t attempts) {
  failure.kind = FailureKind::kAttemptsUsedUp;
  failure.message = "gave up after " + std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts in a row") +
                    " (the policy's attempts_max): " + failure.message;
}

}  // namespace fanfare::client
