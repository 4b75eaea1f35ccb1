// What an event source tells its user, and asks. The order of calls of one source:
//
//   ( judge_response  on_open  ( on_event | on_comment )*  |  judge_response )?   one connection, or an attempt at one
//   judge_failure?  on_error?                                                     how that is over
//   ... and again, until
//   on_closed                                                                     once, the last call ever
//
// Calls do not nest, and must not throw. From within any of them, close(), pause() and resume() of the session may be
// called, and nothing else that is not const: after close() only on_closed follows, right after the call that closed.
// All on the session's thread. Views are valid during the call.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fanfare/client/failure.h"
#include "fanfare/client/response_head.h"
#include "fanfare/event_stream/parser.h"

namespace fanfare::client {

// What a response means: what the policy says, or what the user says. If that is not to accept it, the failure is of
// kind kRefused, and neither judge_failure nor the policy is asked, attempts_max included.
struct ResponseVerdict {
  enum class What { kByPolicy, kAccept, kRefuse, kRetry };
  What what = What::kByPolicy;
  std::uint64_t retry_in_ms = 0;  // of kRetry

  static ResponseVerdict by_policy() { return {}; }
  // Its body is read as an event stream, whatever its status and type.
  static ResponseVerdict accept() { return {What::kAccept, 0}; }
  // A final failure.
  static ResponseVerdict refuse() { return {What::kRefuse, 0}; }
  // A failure after which the source connects again in so many ms, exactly.
  static ResponseVerdict retry_in(std::uint64_t ms) { return {What::kRetry, ms}; }
};

struct FailureVerdict {
  enum class What { kByPolicy, kRetry, kGiveUp };
  What what = What::kByPolicy;
  std::uint64_t retry_in_ms = 0;  // of kRetry

  static FailureVerdict by_policy() { return {}; }
  static FailureVerdict retry_in(std::uint64_t ms) { return {What::kRetry, ms}; }  // exactly, whatever the policy says
  static FailureVerdict give_up() { return {What::kGiveUp, 0}; }
};

// A connection that is open.
struct Opened {
  std::string_view origin;        // of the final URL: that of its events
  std::uint64_t connections = 0;  // opened so far, this one included

  // The hub admits a gap: it no longer holds what followed the id that was sent, and the stream goes on from this one
  // (a response's Last-Event-ID that is not the request's). Nothing if there is none, or the server does not tell.
  std::optional<std::string_view> resumed_from;
};

enum class CloseReason {
  kByUser,  // close()
  kEnded,   // the server ended the stream, and the policy takes that for the end
  kFailed,  // on_error has said why
};

class SourceVisitor {
 public:
  virtual ~SourceVisitor() = default;

  // A response has come. readyState is CONNECTING.
  virtual ResponseVerdict judge_response(const ResponseHead& /*head*/) { return ResponseVerdict::by_policy(); }
  // A connection is over, or was never made; failure says what the policy would do. Also asked about a clean end with
  // which the policy closes the source.
  virtual FailureVerdict judge_failure(const Failure& /*failure*/) { return FailureVerdict::by_policy(); }

  // readyState is OPEN.
  virtual void on_open(const Opened& /*opened*/) {}
  virtual void on_event(const event_stream::Event& event) = 0;
  // A comment, the space after the colon included; only if SourceOptions asks for them.
  virtual void on_comment(std::string_view /*text*/) {}
  // What is decided: readyState is CONNECTING, or CLOSED if it is final. A clean end is one too, unless it closes the
  // source by the policy.
  virtual void on_error(const Failure& /*failure*/) {}
  // The end of everything, exactly once, whatever came before.
  virtual void on_closed(CloseReason /*reason*/) {}
};

}  // namespace fanfare::client
