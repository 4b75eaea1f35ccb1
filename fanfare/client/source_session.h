// One event source's life, without I/O (WHATWG HTML 9.2): when to connect and with which Last-Event-ID, what a response
// means, how long to wait, when to stop. A driver does what next() says and tells what came of it; the user hears of it
// through SourceVisitor (source_visitor.h, with the order of calls).
// What it is not: it knows no URL, header field or body of the request, follows no redirect, reads no clock and makes
// no random seed. Times are ms of one steady clock and never run backwards.
//
//   while (session.next().what != Do::kDone) {
//     kConnect   const std::string& id = session.begin_request(now);   send it as Last-Event-ID unless it is empty
//     kReceive   request_sent, receive_head, receive, receive_end or transport_failed, as these things happen
//     kHold      the same, but read nothing: the user has paused; what is being read may still be given
//     kWait      there is to be no request: drop the one that may be under way, and whatever it still brings
//     in any case call tick(now) when next().wake_ms has come
//   }
//
// One thread. Calls of the driver must not come out of a visitor's call; the session is not destroyed in one either.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/client/failure.h"
#include "fanfare/client/policy.h"
#include "fanfare/client/response_head.h"
#include "fanfare/client/retry_delay.h"
#include "fanfare/client/source_visitor.h"
#include "fanfare/event_stream/parser.h"

namespace fanfare::client {

// As in JavaScript.
enum class ReadyState { kConnecting = 0, kOpen = 1, kClosed = 2 };

enum class Comments { kSkip, kDeliver };

struct SourceOptions {
  Policy policy = Policy::resilient();
  std::string method = "GET";  // whether it is idempotent matters
  std::string last_event_id;   // where to go on; UTF-8
  Comments comments = Comments::kSkip;
  std::uint64_t seed = 0;  // of the jitter: different for each source
};

// Fails if the policy does (check_policy), or if the last event id cannot stand in a header field.
Result<void> check_options(const SourceOptions& options);

// What the driver is to do now. A state, not a message: it may be asked any number of times, and does not change
// except by a call that is not const.
struct Next {
  enum class Do { kConnect, kReceive, kHold, kWait, kDone };
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  Do what = Do::kDone;
  std::uint64_t wake_ms = kNever;  // call tick() then, if not before
  friend bool operator==(const Next&, const Next&) = default;
};

// Why a request did not end as HTTP ends one.
struct TransportFailure {
  enum class Outlook {
    kMayPass,
    kFutile,  // final: a scheme that is not supported, a certificate that is refused
  };
  std::string message;  // a sentence for people, e.g. "could not connect to example.com: connection refused"
  Outlook outlook = Outlook::kMayPass;
};

class SourceSession final : private event_stream::ParserVisitor {
 public:
  // The visitor is borrowed. The options have passed check_options (asserted). The first connection is due at once.
  SourceSession(SourceVisitor& visitor, SourceOptions options);
  SourceSession(const SourceSession&) = delete;
  SourceSession& operator=(const SourceSession&) = delete;

  Next next() const;

  // The driver begins a request; only when next() says kConnect (asserted). Returns last_event_id().
  const std::string& begin_request(std::uint64_t now_ms);
  // Bytes of the request may have reached the server: before any call that tells what came of that. Only matters for
  // methods that are not idempotent. A head implies it.
  void request_sent();

  // What the request brings. Ignored when no request is under way: one that is no longer wanted may still say things,
  // until the driver has dropped it, which it does before it begins another one.
  void receive_head(const ResponseHead& head, std::uint64_t now_ms);
  void receive(std::string_view bytes, std::uint64_t now_ms);  // of the body, content codings undone
  void receive_end(std::uint64_t now_ms);                      // complete as its framing says
  void transport_failed(TransportFailure failure, std::uint64_t now_ms);

  // Time has passed. Calls when none is due do no harm.
  void tick(std::uint64_t now_ms);

  // Ends the source at any time, before the first connection too: no call but on_closed follows, before this returns
  // or, from within a visitor's call, right after that one. Closing again does nothing.
  void close();
  // The user takes no more for now: no on_event, on_comment or failure until resume(), and no connection is begun. What
  // has been received and not delivered is kept, at most what the driver gives before it heeds kHold. A head that comes
  // meanwhile is judged and opens; who pauses in judge_failure is still told the on_error that belongs to it.
  void pause();
  // Goes on with what was kept, in order. From within a visitor's call: after that call.
  void resume(std::uint64_t now_ms);

  ReadyState ready_state() const;
  bool is_paused() const { return paused_; }
  // Of the last event that was delivered, or of a block without data after it.
  const std::string& last_event_id() const { return parser_ ? parser_->last_event_id() : last_event_id_; }
  // Of the connection that was opened last; empty before the first one.
  const std::string& origin() const { return origin_; }
  std::uint64_t reconnection_time_ms() const { return reconnection_time_ms_; }

 private:
  enum class Phase {
    kDue,           // a request is to begin
    kAwaitingHead,  // under way
    kStreaming,     // under way, open
    kOver,          // lost_ says how; told once all is delivered and nobody has paused
    kWaiting,       // for due_ms_
    kClosed,
  };
  // How a connection was lost.
  struct Loss {
    Failure failure;
    bool decided = false;  // by the user: failure.retry_in_ms is what judge_response said
    std::uint64_t at_ms = 0;
    std::uint64_t retry_after_ms = 0;
  };
  class Calling;

  void on_event(const event_stream::Event& event) override;
  void on_comment(std::string_view text) override;
  void on_retry(std::uint64_t milliseconds) override { reconnection_time_ms_ = milliseconds; }

  void open(const ResponseHead& head, std::uint64_t now_ms);
  void refuse(const ResponseHead& head, ResponseVerdict verdict, std::uint64_t now_ms);
  std::string_view feed(std::string_view bytes, std::uint64_t now_ms);
  void feed_kept(std::uint64_t now_ms);
  void lose(Loss loss);
  void conclude(std::uint64_t now_ms);
  void settle(std::uint64_t now_ms);
  bool was_stable(const Loss& loss) const;
  void plan(Loss& loss);
  bool may_retry(Failure& failure) const;
  bool closes_quietly(const Failure& failure) const;
  void tell_closed();

  SourceVisitor& visitor_;
  const SourceOptions options_;
  const bool is_idempotent_;
  RetryDelay delay_;

  Phase phase_ = Phase::kDue;
  bool in_call_ = false;  // of the visitor
  bool paused_ = false;
  bool told_closed_ = false;
  CloseReason close_reason_ = CloseReason::kByUser;
  std::uint64_t due_ms_ = 0;
  std::string last_event_id_;  // while there is no parser
  std::uint64_t reconnection_time_ms_;
  std::uint64_t connections_ = 0;
  std::string origin_;

  // Of the connection.
  bool sent_ = false;
  int status_ = 0;
  bool had_event_ = false;
  std::uint64_t begun_ms_ = 0;
  std::uint64_t opened_ms_ = 0;
  std::uint64_t heard_ms_ = 0;
  std::optional<event_stream::Parser> parser_;  // while it is open, or what it brought is not all delivered
  std::string kept_;                            // received while paused
  std::size_t kept_begin_ = 0;                  // what of it is delivered
  std::optional<Loss> lost_;
};

}  // namespace fanfare::client
