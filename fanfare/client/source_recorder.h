// For tests: a visitor that writes down every call as a line and does what the test wants from within it, and a session
// with a clock to turn. Not part of the library. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/client/source_session.h"

namespace fanfare::client {

inline constexpr std::uint64_t kUnixMs = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT
inline constexpr std::string_view kOrigin = "https://example.com";

inline std::string name_of(ReadyState state) {
  return state == ReadyState::kConnecting ? "CONNECTING" : state == ReadyState::kOpen ? "OPEN" : "CLOSED";
}

inline std::string name_of(FailureKind kind) {
  constexpr const char* kNames[] = {"network", "futile",       "timeout", "idle",  "ended",           "no content",
                                    "status",  "content type", "refused", "limit", "attempts used up"};
  return kNames[static_cast<std::size_t>(kind)];
}

// "judge STATUS", "judge failure KIND", "open ORIGIN", "event TYPE [ID] DATA", "comment TEXT",
// "error KIND STATUS in MS READY-STATE" or "error KIND STATUS final READY-STATE", "closed by user|at the end|by
// failure".
class SourceRecorder final : public SourceVisitor {
 public:
  explicit SourceRecorder(SourceOptions options) : session(*this, std::move(options)) {}

  ResponseVerdict judge_response(const ResponseHead& head) override {
    judged = "judge " + std::to_string(head.status);
    if (during) during(judged);
    return response_verdict;
  }
  FailureVerdict judge_failure(const Failure& failure) override {
    planned = failure;
    judged = "judge failure " + name_of(failure.kind);
    if (during) during(judged);
    return failure_verdict;
  }
  void on_open(const Opened& opened) override {
    connections = opened.connections;
    resumed_from = opened.resumed_from ? std::optional(std::string(*opened.resumed_from)) : std::nullopt;
    note("open " + std::string(opened.origin) + " " + name_of(session.ready_state()));
  }
  void on_event(const event_stream::Event& event) override {
    note("event " + std::string(event.type) + " [" + std::string(event.last_event_id) + "] " + std::string(event.data));
  }
  void on_comment(std::string_view text) override { note("comment " + std::string(text)); }
  void on_error(const Failure& failure) override {
    failures.push_back(failure);
    note("error " + name_of(failure.kind) + " " + std::to_string(failure.status) +
         (failure.retry_in_ms ? " in " + std::to_string(*failure.retry_in_ms) : " final") + " " +
         name_of(session.ready_state()));
  }
  void on_closed(CloseReason reason) override {
    constexpr const char* kReasons[] = {"closed by user", "closed at the end", "closed by failure"};
    note(kReasons[static_cast<std::size_t>(reason)]);
  }

  // The driver's side, at now_ms.
  std::string connect() { return session.begin_request(now_ms); }
  void head(int status, std::vector<HeaderField> fields) {
    session.receive_head({.status = status, .fields = fields, .origin = kOrigin, .unix_ms = kUnixMs, .body_start = {}},
                         now_ms);
  }
  void head(int status = 200) { head(status, {{"Content-Type", "text/event-stream"}}); }
  // From a buffer of its exact size that is gone afterwards.
  void bytes(std::string_view piece) {
    const auto exact = std::make_unique<char[]>(piece.size());
    piece.copy(exact.get(), piece.size());
    session.receive({exact.get(), piece.size()}, now_ms);
  }
  void end() { session.receive_end(now_ms); }
  void broken(TransportFailure::Outlook outlook = TransportFailure::Outlook::kMayPass) {
    session.transport_failed({.message = "connection refused", .outlook = outlook}, now_ms);
  }
  void open() {
    connect();
    head();
  }
  // Turns the clock to when the session wants to be woken, and wakes it.
  void wake() {
    now_ms = session.next().wake_ms;
    session.tick(now_ms);
  }
  void pass(std::uint64_t ms) {
    now_ms += ms;
    session.tick(now_ms);
  }
  Next::Do what() const { return session.next().what; }
  std::vector<std::string> take() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;  // the hooks are not among them
  std::string judged;              // the last hook that was called
  Failure planned;
  std::vector<Failure> failures;
  std::uint64_t connections = 0;
  std::optional<std::string> resumed_from;
  ResponseVerdict response_verdict;
  FailureVerdict failure_verdict;
  std::function<void(const std::string&)> during;  // from within each call, with its line
  std::uint64_t now_ms = 1'000'000;
  SourceSession session;

 private:
  void note(std::string call) {
    calls.push_back(std::move(call));
    if (during) during(std::string(calls.back()));
  }
};

}  // namespace fanfare::client
