#include "fanfare/client/source_session.h"

#include <algorithm>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/base/utf8.h"
#include "fanfare/client/failure_text.h"

namespace fanfare::client {
namespace {

using Do = Next::Do;

constexpr std::string_view kSpaces = " \t";

// What kept_ may keep of its memory once it is delivered.
constexpr std::size_t kKeptBytesIdle = 16 * 1024;

std::uint64_t later(std::uint64_t time_ms, std::uint64_t by_ms) {
  return by_ms > Next::kNever - time_ms ? Next::kNever : time_ms + by_ms;
}

// When a timeout that begins now is over; 0 is none.
std::uint64_t timeout_at(std::uint64_t begin_ms, std::uint64_t timeout_ms) {
  return timeout_ms == 0 ? Next::kNever : later(begin_ms, timeout_ms);
}

// As it arrives at the other side of HTTP, which cuts the spaces around a field's value.
std::string_view as_field(std::string_view id) {
  const std::size_t begin = std::min(id.find_first_not_of(kSpaces), id.size());
  return id.substr(begin, id.find_last_not_of(kSpaces) + 1 - begin);
}

bool is_transient(int status) {
  return status == 408 || status == 429 || (status >= 500 && status <= 599);
}

}  // namespace

Result<void> check_options(const SourceOptions& options) {
  if (auto checked = check_policy(options.policy); !checked) return checked;
  if (options.last_event_id.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return fail("the last event id holds a line end or NUL, which no event id can");
  }
  if (!is_valid_utf8(options.last_event_id)) return fail("the last event id is not UTF-8");
  return {};
}

// While it lives, a call of the visitor is under way.
class SourceSession::Calling {
 public:
  explicit Calling(SourceSession& session) : session_(session) {
    FANFARE_CHECK(!session_.in_call_);
    session_.in_call_ = true;
  }
  ~Calling() { session_.in_call_ = false; }
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;

 private:
  SourceSession& session_;
};

SourceSession::SourceSession(SourceVisitor& visitor, SourceOptions options)
    : visitor_(visitor),
      options_(std::move(options)),
      is_idempotent_(is_idempotent(options_.method)),
      delay_(options_.policy, options_.seed),
      last_event_id_(options_.last_event_id),
      reconnection_time_ms_(options_.policy.reconnection_time_ms) {
  FANFARE_CHECK(check_options(options_).has_value());
}

Next SourceSession::next() const {
  const Policy& policy = options_.policy;
  switch (phase_) {
    case Phase::kDue:
      return paused_ ? Next{Do::kWait} : Next{Do::kConnect};
    case Phase::kAwaitingHead:
      return {paused_ ? Do::kHold : Do::kReceive, timeout_at(begun_ms_, policy.connect_timeout_ms)};
    case Phase::kStreaming:
      return paused_ ? Next{Do::kHold} : Next{Do::kReceive, timeout_at(heard_ms_, policy.idle_timeout_ms)};
    case Phase::kOver:
      return {Do::kWait};
    case Phase::kWaiting:
      return {Do::kWait, paused_ ? Next::kNever : due_ms_};
    case Phase::kClosed:
      break;
  }
  return {Do::kDone};
}

ReadyState SourceSession::ready_state() const {
  if (phase_ == Phase::kClosed) return ReadyState::kClosed;
  return parser_ ? ReadyState::kOpen : ReadyState::kConnecting;
}

const std::string& SourceSession::begin_request(std::uint64_t now_ms) {
  FANFARE_CHECK(!in_call_ && next().what == Do::kConnect);
  phase_ = Phase::kAwaitingHead;
  begun_ms_ = now_ms;
  sent_ = false;
  status_ = 0;
  return last_event_id_;
}

void SourceSession::request_sent() {
  sent_ = true;
}

void SourceSession::receive_head(const ResponseHead& head, std::uint64_t now_ms) {
  if (phase_ != Phase::kAwaitingHead) return;
  sent_ = true;
  status_ = head.status;
  ResponseVerdict verdict;
  {
    Calling calling(*this);
    verdict = visitor_.judge_response(head);
  }
  if (phase_ != Phase::kClosed) {
    const bool by_policy = verdict.what == ResponseVerdict::What::kByPolicy;
    const bool opens =
        by_policy ? head.status == 200 && is_event_stream(head) : verdict.what == ResponseVerdict::What::kAccept;
    opens ? open(head, now_ms) : refuse(head, verdict, now_ms);
  }
  conclude(now_ms);
}

void SourceSession::open(const ResponseHead& head, std::uint64_t now_ms) {
  const auto acknowledged = head.field("last-event-id");
  const bool has_gap = acknowledged && !last_event_id_.empty() && *acknowledged != as_field(last_event_id_);
  phase_ = Phase::kStreaming;
  opened_ms_ = heard_ms_ = now_ms;
  had_event_ = false;
  origin_ = head.origin;
  parser_.emplace(static_cast<event_stream::ParserVisitor&>(*this), last_event_id_,
                  event_stream::ParserLimits{.line_bytes_max = options_.policy.line_bytes_max,
                                             .event_bytes_max = options_.policy.event_bytes_max});
  ++connections_;
  Calling calling(*this);
  visitor_.on_open({.origin = origin_,
                    .connections = connections_,
                    .resumed_from = has_gap ? acknowledged : std::optional<std::string_view>()});
}

void SourceSession::refuse(const ResponseHead& head, ResponseVerdict verdict, std::uint64_t now_ms) {
  if (verdict.what == ResponseVerdict::What::kByPolicy) {
    const std::uint64_t asked_ms = std::min(retry_after_ms(head).value_or(0), options_.policy.retry_after_ms_max);
    return lose({.failure = failure_of(head), .at_ms = now_ms, .retry_after_ms = asked_ms});
  }
  Loss loss{.failure = refused_failure(head), .decided = true, .at_ms = now_ms};
  if (verdict.what == ResponseVerdict::What::kRetry) loss.failure.retry_in_ms = verdict.retry_in_ms;
  lose(std::move(loss));
}

void SourceSession::receive(std::string_view bytes, std::uint64_t now_ms) {
  if (phase_ != Phase::kStreaming) return;
  heard_ms_ = now_ms;
  kept_.append(feed(bytes, now_ms));
  conclude(now_ms);
}

// Returns what is left when the user pauses.
std::string_view SourceSession::feed(std::string_view bytes, std::uint64_t now_ms) {
  while (!bytes.empty() && !paused_ && phase_ != Phase::kClosed) {
    Calling calling(*this);
    const auto fed = parser_->feed(bytes);
    bytes.remove_prefix(bytes.size() - parser_->unread_bytes());
    if (!fed) {
      lose({.failure = limit_failure(fed.error().message), .at_ms = now_ms});
      return {};
    }
  }
  return bytes;
}

void SourceSession::feed_kept(std::uint64_t now_ms) {
  const std::string_view left = feed(std::string_view(kept_).substr(kept_begin_), now_ms);
  kept_begin_ = kept_.size() - left.size();
  if (!left.empty()) return;
  kept_begin_ = 0;
  kept_.capacity() > kKeptBytesIdle ? std::string().swap(kept_) : kept_.clear();
}

void SourceSession::on_event(const event_stream::Event& event) {
  had_event_ = true;
  visitor_.on_event(event);
  if (paused_ || phase_ == Phase::kClosed) parser_->stop();
}

void SourceSession::on_comment(std::string_view text) {
  if (options_.comments == Comments::kSkip) return;
  visitor_.on_comment(text);
  if (paused_ || phase_ == Phase::kClosed) parser_->stop();
}

void SourceSession::receive_end(std::uint64_t now_ms) {
  if (phase_ == Phase::kAwaitingHead) {
    return transport_failed({.message = "the connection ended without a response"}, now_ms);
  }
  if (phase_ == Phase::kStreaming) lose({.failure = ended_failure(), .at_ms = now_ms});
  conclude(now_ms);
}

void SourceSession::transport_failed(TransportFailure failure, std::uint64_t now_ms) {
  if (phase_ != Phase::kAwaitingHead && phase_ != Phase::kStreaming) return;
  const bool futile = failure.outlook == TransportFailure::Outlook::kFutile;
  lose({.failure = {.kind = futile ? FailureKind::kFutile : FailureKind::kNetwork,
                    .message = std::move(failure.message),
                    .retry_in_ms = {}},
        .at_ms = now_ms});
  conclude(now_ms);
}

void SourceSession::tick(std::uint64_t now_ms) {
  const Next due = next();
  if (phase_ == Phase::kClosed || now_ms < due.wake_ms) return;
  if (phase_ == Phase::kWaiting) phase_ = Phase::kDue;
  if (phase_ == Phase::kAwaitingHead) lose({.failure = no_answer(options_.policy), .at_ms = now_ms});
  if (phase_ == Phase::kStreaming) lose({.failure = idle_failure(options_.policy), .at_ms = now_ms});
  conclude(now_ms);
}

void SourceSession::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  close_reason_ = CloseReason::kByUser;
  if (!in_call_) tell_closed();
}

void SourceSession::pause() {
  if (phase_ != Phase::kClosed) paused_ = true;
}

void SourceSession::resume(std::uint64_t now_ms) {
  if (!paused_) return;
  paused_ = false;
  heard_ms_ = now_ms;
  if (in_call_) return;
  if (!kept_.empty()) feed_kept(now_ms);
  conclude(now_ms);
}

void SourceSession::lose(Loss loss) {
  phase_ = Phase::kOver;
  lost_ = std::move(loss);
  lost_->failure.status = status_;
}

// What every call of the driver ends with: what it has led to happens when no visitor's call is under way.
void SourceSession::conclude(std::uint64_t now_ms) {
  if (in_call_) return;
  if (phase_ == Phase::kOver && !paused_ && kept_.empty()) settle(now_ms);
  if (phase_ == Phase::kClosed) tell_closed();
}

// The connection is over, and all that it brought is delivered: decides how it goes on, and says so.
void SourceSession::settle(std::uint64_t now_ms) {
  Loss loss = std::move(*lost_);
  lost_.reset();
  plan(loss);
  if (parser_) last_event_id_ = parser_->last_event_id();
  parser_.reset();
  phase_ = Phase::kWaiting;
  Failure& failure = loss.failure;
  const bool quiet = closes_quietly(failure);
  FailureVerdict verdict;
  if (!loss.decided) {
    Calling calling(*this);
    verdict = visitor_.judge_failure(failure);
  }
  if (phase_ == Phase::kClosed) return;
  if (verdict.what == FailureVerdict::What::kRetry) failure.retry_in_ms = verdict.retry_in_ms;
  if (verdict.what == FailureVerdict::What::kGiveUp) failure.retry_in_ms.reset();
  if (failure.retry_in_ms) {
    due_ms_ = later(now_ms, *failure.retry_in_ms);
  } else {
    phase_ = Phase::kClosed;
    close_reason_ = quiet ? CloseReason::kEnded : CloseReason::kFailed;
    if (quiet) return;
  }
  Calling calling(*this);
  visitor_.on_error(failure);
}

bool SourceSession::was_stable(const Loss& loss) const {
  if (!parser_) return false;
  return loss.at_ms - opened_ms_ >= options_.policy.stable_ms ||
         (loss.failure.kind == FailureKind::kEnded && had_event_);
}

// Counts the failure, and sets when it is tried again by the policy, if it is.
void SourceSession::plan(Loss& loss) {
  const std::uint64_t attempts_max = options_.policy.attempts_max;
  const bool stable = was_stable(loss);
  if (stable) delay_.reset();
  const std::uint64_t failures_before = delay_.failures();
  if (!stable) delay_.count_failure();
  if (loss.decided || !may_retry(loss.failure)) return;
  if (attempts_max != 0 && delay_.failures() >= attempts_max) {
    return say_attempts_used_up(loss.failure, delay_.failures());
  }
  loss.failure.retry_in_ms = later(loss.retry_after_ms, delay_.choose_ms(reconnection_time_ms_, failures_before));
}

// Whether the policy wants it to be tried again, attempts aside. Says so in the message if that is because of the
// method.
bool SourceSession::may_retry(Failure& failure) const {
  const Policy& policy = options_.policy;
  const bool is_end = failure.kind == FailureKind::kEnded;
  const bool is_status = failure.kind == FailureKind::kStatus && is_transient(failure.status);
  const bool is_network = failure.kind == FailureKind::kNetwork || failure.kind == FailureKind::kTimeout ||
                          failure.kind == FailureKind::kIdle;
  const bool wanted = is_network || (is_end && policy.clean_end == CleanEnd::kReconnect) ||
                      (is_status && policy.retry_statuses == RetryStatuses::kTransient);
  if (!wanted || is_idempotent_ || !sent_ || policy.non_idempotent == NonIdempotent::kRepeat) return wanted;
  if (!is_end) say_not_repeated(failure, options_.method);
  return false;
}

// A clean end that the policy takes for the end of the source.
bool SourceSession::closes_quietly(const Failure& failure) const {
  return failure.kind == FailureKind::kEnded && !failure.retry_in_ms;
}

void SourceSession::tell_closed() {
  if (std::exchange(told_closed_, true)) return;
  if (parser_) last_event_id_ = parser_->last_event_id();
  parser_.reset();
  lost_.reset();
  std::string().swap(kept_);
  Calling calling(*this);
  visitor_.on_closed(close_reason_);
}

}  // namespace fanfare::client
