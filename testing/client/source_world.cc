#include "testing/client/source_world.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "fanfare/client/source_session.h"
#include "testing/client/retry_model.h"
#include "testing/client/scripted_stream.h"
#include "testing/client/source_conditions.h"

namespace fanfare::simulation {
namespace {

using namespace client;
using Do = Next::Do;

constexpr std::size_t kSteps = 300;
constexpr std::size_t kEvents = 30;
constexpr std::uint64_t kUnixMs = 784'111'777'000;
constexpr std::string_view kOrigin = "https://example.com";

// The driver's connection, and what the server is doing on it.
struct Connection {
  std::uint64_t begun_ms = 0;
  std::uint64_t heard_ms = 0;
  bool sent = false;
  int status = 0;
  std::optional<std::uint64_t> opened_ms;
  bool had_event = false;
  std::size_t first = 0;  // event of the log
  ScriptedStream stream;
  std::size_t received = 0;
  std::size_t cut = 0;  // where the server ends the stream
  std::size_t comments = 0;
};

class World final : public SourceVisitor {
 public:
  World(std::uint64_t seed, SourcesReached& reached)
      : dice_(seed),
        reached_(reached),
        options_(some_options(dice_)),
        log_(some_events(dice_, kEvents, options_.policy.event_bytes_max)),
        mischief_percent_(dice_.pick<std::size_t>({0, 0, 3, 15})),
        fault_percent_(dice_.pick<std::size_t>({1, 5, 30})),
        model_(options_.policy, options_.method != "POST"),
        reconnection_time_ms_(options_.policy.reconnection_time_ms),
        session_(*this, begin_somewhere()) {}

  std::string run();

  ResponseVerdict judge_response(const ResponseHead& head) override;
  FailureVerdict judge_failure(const Failure& failure) override;
  void on_open(const Opened& opened) override;
  void on_event(const event_stream::Event& event) override;
  void on_comment(std::string_view text) override;
  void on_error(const Failure& failure) override;
  void on_closed(CloseReason reason) override;

 private:
  // A call of the visitor that is under way, the user's doings at its end included.
  class Call {
   public:
    Call(World& world, bool may_be_paused) : world_(world) {
      world_.require(!world_.in_call_, "calls do not nest");
      world_.require(!world_.told_closed_, "no call follows the last one");
      world_.require(may_be_paused || !world_.session_.is_paused(), "a user who has paused is told nothing");
      world_.in_call_ = true;
    }
    ~Call() {
      world_.mischief();
      world_.in_call_ = false;
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    World& world_;
  };

  SourceOptions begin_somewhere() {
    delivered_ = dice_.percent(20) ? dice_.below(kEvents) : 0;
    SourceOptions options = options_;
    if (delivered_ > 0) options.last_event_id = log_[delivered_ - 1].id;
    return options;
  }
  void require(bool kept, std::string_view rule) {
    if (!kept && broken_.empty()) broken_ = rule;
  }
  void step();
  void begin();
  void answer();
  void send_head(int status, bool is_stream);
  void send();
  void wait();
  void pass(std::uint64_t ms);
  void fail(FailureKind kind);
  void lose(FailureKind kind, std::uint64_t asked_ms = 0);
  void mischief();
  void close();
  void expect_loss();
  void check();
  std::size_t events_received() const { return connection_.stream.events_in(connection_.received); }

  Dice dice_;
  SourcesReached& reached_;
  const SourceOptions options_;
  const std::vector<ScriptedEvent> log_;
  const std::size_t mischief_percent_;
  const std::size_t fault_percent_;
  RetryModel model_;
  std::string broken_;
  std::uint64_t now_ms_ = 1'000;
  std::uint64_t reconnection_time_ms_;
  std::size_t delivered_ = 0;  // events of the log
  bool connected_ = false;
  Connection connection_;
  std::optional<Loss> loss_;  // not yet told
  std::optional<std::uint64_t> lost_ms_;
  std::optional<Expected> expected_;  // of the loss that is being told
  std::optional<ResponseVerdict> response_verdict_;
  std::optional<FailureVerdict> failure_verdict_;
  bool in_call_ = false;
  bool closed_by_user_ = false;
  bool failed_for_good_ = false;
  bool told_closed_ = false;
  SourceSession session_;
};

std::string World::run() {
  std::size_t steps = 0;
  for (; steps < kSteps && broken_.empty() && session_.next().what != Do::kDone; ++steps) {
    step();
    check();
  }
  if (delivered_ == kEvents) ++reached_.whole_logs;
  if (session_.next().what != Do::kDone) close();
  require(told_closed_, "the last call comes, once");
  return broken_.empty() ? "" : "after " + std::to_string(steps) + " steps: " + broken_;
}

void World::step() {
  const Do what = session_.next().what;
  if (what == Do::kWait) connected_ = false;
  if (dice_.percent(mischief_percent_) && dice_.percent(20)) return close();
  if (dice_.percent(mischief_percent_)) return session_.pause();
  if (session_.is_paused() && dice_.percent(40)) {
    connection_.heard_ms = now_ms_;
    return session_.resume(now_ms_);
  }
  if (dice_.percent(10)) return pass(dice_.pick<std::uint64_t>({1, 100, 1'000, 20'000}));
  switch (what) {
    case Do::kConnect:
      return begin();
    case Do::kReceive:
      return connection_.opened_ms ? send() : answer();
    case Do::kHold:
      if (dice_.percent(50)) return connection_.opened_ms ? send() : answer();
      return pass(dice_.below(1'000));
    case Do::kWait:
      return wait();
    case Do::kDone:
      return;
  }
}

void World::begin() {
  require(!connected_, "there is one connection at a time");
  connected_ = true;
  ++reached_.connections;
  const std::string sent_id = session_.begin_request(now_ms_);
  require(sent_id == (delivered_ == 0 ? "" : log_[delivered_ - 1].id), "it goes on after the last event delivered");
  connection_ = {.begun_ms = now_ms_, .heard_ms = now_ms_, .opened_ms = {}, .first = delivered_, .stream = {}};
  connection_.stream = some_stream(dice_, std::span(log_).subspan(delivered_), options_.policy.event_bytes_max);
  connection_.cut =
      dice_.percent(60) ? dice_.below(connection_.stream.bytes.size() + 1) : connection_.stream.bytes.size();
}

// The server answers the request, or does not.
void World::answer() {
  if (dice_.percent(50)) {
    connection_.sent = true;
    session_.request_sent();
  }
  if (dice_.percent(fault_percent_)) return fail(FailureKind::kNetwork);
  if (dice_.percent(fault_percent_)) return send_head(dice_.pick({503, 500, 429, 408}), dice_.percent(50));
  if (dice_.percent(fault_percent_)) return pass(options_.policy.connect_timeout_ms);
  if (dice_.percent(1)) return fail(FailureKind::kFutile);
  if (dice_.percent(1)) return send_head(dice_.pick({404, 401, 301, 205, 200, 204}), false);
  if (connection_.first == kEvents && dice_.percent(50)) return send_head(204, true);
  send_head(200, true);
}

void World::send_head(int status, bool is_stream) {
  connection_.sent = true;
  connection_.status = status;
  response_verdict_.reset();
  const std::string asked = std::to_string(dice_.pick({0, 1, 7, 1'000}));
  const HeaderField fields[] = {{"Content-Type", is_stream ? "text/event-stream" : "text/html"},
                                {"Retry-After", asked}};
  const std::size_t count = status != 200 && dice_.percent(50) ? 2 : 1;
  session_.receive_head(
      {.status = status, .fields = {fields, count}, .origin = kOrigin, .unix_ms = kUnixMs, .body_start = {}}, now_ms_);
  require(response_verdict_.has_value(), "the user judges every response");
}

ResponseVerdict World::judge_response(const ResponseHead& head) {
  const Call call(*this, true);
  require(session_.ready_state() == ReadyState::kConnecting, "a response is judged while connecting");
  using What = ResponseVerdict::What;
  ResponseVerdict verdict;
  if (dice_.percent(mischief_percent_)) {
    ++reached_.decisions;
    verdict = dice_.pick({ResponseVerdict::accept(), ResponseVerdict::refuse(), ResponseVerdict::retry_in(3)});
  }
  response_verdict_ = verdict;
  const bool is_stream = is_event_stream(head);
  if (verdict.what == What::kAccept || (verdict.what == What::kByPolicy && head.status == 200 && is_stream)) {
    connection_.opened_ms = connection_.heard_ms = now_ms_;
  } else if (verdict.what != What::kByPolicy) {
    lose(FailureKind::kRefused);
  } else if (head.status == 204) {
    lose(FailureKind::kNoContent);
  } else {
    const std::string asked(head.field("retry-after").value_or("0"));
    lose(head.status == 200 ? FailureKind::kContentType : FailureKind::kStatus, std::stoull(asked) * 1'000);
  }
  return verdict;
}

void World::on_open(const Opened& opened) {
  const Call call(*this, true);
  require(connected_ && connection_.opened_ms == now_ms_ && !loss_, "only a stream opens");
  require(session_.ready_state() == ReadyState::kOpen, "on_open is told in OPEN");
  require(opened.origin == kOrigin && session_.origin() == kOrigin, "the origin is the final URL's");
  require(!opened.resumed_from, "no gap is told that the server has not told");
}

// A piece of the stream, or how it ends.
void World::send() {
  Connection& connection = connection_;
  if (dice_.percent(fault_percent_ / 5)) return fail(FailureKind::kNetwork);
  if (dice_.percent(fault_percent_ / 5)) return pass(options_.policy.idle_timeout_ms);
  if (connection.received == connection.cut) {
    if (dice_.percent(30)) return pass(dice_.below(20'000));
    return fail(dice_.percent(50) ? FailureKind::kEnded : FailureKind::kNetwork);
  }
  const std::size_t most = dice_.pick<std::size_t>({1, 10, 100, 1'000});
  const std::size_t size = std::min(1 + dice_.below(most), connection.cut - connection.received);
  const std::string piece = connection.stream.bytes.substr(connection.received, size);
  if (session_.is_paused()) ++reached_.pauses_with_bytes;
  connection.received += size;
  connection.heard_ms = now_ms_;
  session_.receive(piece, now_ms_);
}

void World::fail(FailureKind kind) {
  lose(kind);
  connected_ = false;
  if (kind == FailureKind::kEnded) return session_.receive_end(now_ms_);
  const bool futile = kind == FailureKind::kFutile;
  session_.transport_failed(
      {.message = "broken",
       .outlook = futile ? TransportFailure::Outlook::kFutile : TransportFailure::Outlook::kMayPass},
      now_ms_);
}

void World::wait() {
  if (dice_.percent(5)) {  // what a request says that is no longer wanted
    session_.receive("data: stale\n\n", now_ms_);
    session_.receive_head({.status = 200, .fields = {}, .origin = "stale", .unix_ms = 0, .body_start = {}}, now_ms_);
    dice_.percent(50) ? session_.receive_end(now_ms_) : session_.transport_failed({.message = "stale"}, now_ms_);
    return;
  }
  const std::uint64_t wake_ms = session_.next().wake_ms;
  if (wake_ms == Next::kNever) return pass(dice_.below(1'000));
  if (wake_ms > now_ms_ && dice_.percent(20)) {
    pass(wake_ms - now_ms_ - 1);
    require(session_.next().what == Do::kWait || closed_by_user_, "it does not connect before its time");
  }
  pass(wake_ms > now_ms_ ? wake_ms - now_ms_ : 0);
  require(session_.next().what == Do::kConnect, "it connects when its time has come");
}

void World::pass(std::uint64_t ms) {
  now_ms_ += ms;
  const Policy& policy = options_.policy;
  const auto over = [&](std::uint64_t since, std::uint64_t timeout) {
    return timeout > 0 && now_ms_ - since >= timeout;
  };
  if (connected_ && !loss_) {
    if (!connection_.opened_ms && over(connection_.begun_ms, policy.connect_timeout_ms)) lose(FailureKind::kTimeout);
    if (connection_.opened_ms && !session_.is_paused() && over(connection_.heard_ms, policy.idle_timeout_ms)) {
      lose(FailureKind::kIdle);
    }
  }
  session_.tick(now_ms_);
}

void World::lose(FailureKind kind, std::uint64_t asked_ms) {
  if (session_.is_paused()) ++reached_.losses_while_paused;
  loss_ = Loss{
      .kind = kind, .status = connection_.status, .sent = connection_.sent, .open_for_ms = {}, .asked_ms = asked_ms};
  lost_ms_ = now_ms_;
}

// The session begins to tell a loss: what does the model say of it?
void World::expect_loss() {
  if (expected_) return;
  if (connection_.opened_ms && connection_.stream.is_beyond(connection_.received)) lose(FailureKind::kLimit);
  require(loss_.has_value(), "nothing is told that has not happened");
  if (!loss_) return;
  require(connection_.first + events_received() == delivered_, "all that came is delivered before the error");
  if (connection_.opened_ms) loss_->open_for_ms = *lost_ms_ - *connection_.opened_ms;
  loss_->had_event = connection_.had_event;
  for (const auto& retry : connection_.stream.retries) {
    if (retry.at <= std::min(connection_.received, connection_.stream.beyond_the_limit))
      reconnection_time_ms_ = retry.ms;
  }
  loss_->reconnection_time_ms = reconnection_time_ms_;
  expected_ = model_.lose(*loss_);
}

FailureVerdict World::judge_failure(const Failure& failure) {
  const Call call(*this, false);
  expect_loss();
  if (!expected_) return {};
  require(loss_->kind != FailureKind::kRefused, "the user is not asked again");
  require(failure.kind == expected_->kind, "the failure is of the kind that has happened");
  require(failure.retry_in_ms.has_value() == expected_->retries, "the policy decides what is tried again");
  require(session_.ready_state() == ReadyState::kConnecting, "a failure is judged while connecting");
  if (failure.retry_in_ms) {
    const std::uint64_t delay = *failure.retry_in_ms;
    require(delay >= expected_->least_ms && delay <= expected_->most_ms, "the delay is within its bounds");
    const std::uint64_t range = expected_->most_ms - expected_->least_ms + 1;
    if (range >= 1'000) ++reached_.jitter[(delay - expected_->least_ms) * reached_.jitter.size() / range];
  }
  failure_verdict_.reset();
  if (!dice_.percent(mischief_percent_)) return {};
  ++reached_.decisions;
  failure_verdict_ =
      dice_.pick({FailureVerdict::give_up(), FailureVerdict::retry_in(0), FailureVerdict::retry_in(1'234)});
  return *failure_verdict_;
}

void World::on_error(const Failure& failure) {
  const Call call(*this, expected_.has_value());  // who pauses while judging is told the rest
  expect_loss();
  if (!expected_) return;
  bool retries = expected_->retries;
  std::optional<std::uint64_t> exactly;
  if (loss_->kind == FailureKind::kRefused) {
    retries = response_verdict_->what == ResponseVerdict::What::kRetry;
    exactly = response_verdict_->retry_in_ms;
  } else if (failure_verdict_) {
    retries = failure_verdict_->what == FailureVerdict::What::kRetry;
    exactly = failure_verdict_->retry_in_ms;
  }
  require(failure.kind == expected_->kind && failure.status == loss_->status, "the error says what has happened");
  require(!failure.message.empty(), "the error has a sentence");
  require(failure.retry_in_ms.has_value() == retries, "the error says whether it is final");
  require(!retries || !exactly || failure.retry_in_ms == exactly, "the user's delay is kept");
  require(!expected_->ends_quietly || failure_verdict_, "an end that the policy wants is no error");
  const ReadyState state = retries ? ReadyState::kConnecting : ReadyState::kClosed;
  require(session_.ready_state() == state, "the error is told in CONNECTING, or in CLOSED if it is final");
  const std::uint64_t due = session_.is_paused() ? Next::kNever : now_ms_ + failure.retry_in_ms.value_or(0);
  require(!retries || session_.next() == Next{Do::kWait, due}, "it waits as long as it says");
  failed_for_good_ = !retries;
  ++reached_.errors;
  ++reached_.kinds[static_cast<std::size_t>(failure.kind)];
  expected_.reset();
  loss_.reset();
  failure_verdict_.reset();
}

void World::on_event(const event_stream::Event& event) {
  const Call call(*this, false);
  require(session_.ready_state() == ReadyState::kOpen, "events come in OPEN");
  require(!closed_by_user_, "no event follows close()");
  require(delivered_ < connection_.first + events_received(), "no event comes before its end");
  if (!broken_.empty()) return;
  const ScriptedEvent& expected = log_[delivered_++];
  require(event.last_event_id == expected.id && session_.last_event_id() == expected.id, "events come in order, once");
  require(event.type == expected.type && event.data == expected.data, "an event is what the server sent");
  connection_.had_event = true;
  ++reached_.events;
}

void World::on_comment(std::string_view text) {
  const Call call(*this, false);
  require(options_.comments == Comments::kDeliver, "comments come on request");
  require(text == " heartbeat", "a comment is what the server sent");
  ++connection_.comments;
  ++reached_.comments;
}

void World::on_closed(CloseReason reason) {
  require(!in_call_ && !told_closed_, "the last call comes once, and does not nest");
  told_closed_ = true;
  require(session_.ready_state() == ReadyState::kClosed && session_.next() == Next{Do::kDone}, "closed is closed");
  if (reason == CloseReason::kByUser) return require(closed_by_user_, "only the user closes by the user");
  if (reason == CloseReason::kFailed) return require(failed_for_good_, "a failure is told before the last call");
  expect_loss();
  require(expected_ && expected_->ends_quietly, "only a clean end is the end");
  ++reached_.quiet_ends;
  loss_.reset();
}

// The user does something, from within any call.
void World::mischief() {
  if (!dice_.percent(mischief_percent_)) return;
  if (dice_.percent(70)) session_.pause();
  if (dice_.percent(30)) session_.resume(now_ms_);
  if (!session_.is_paused()) connection_.heard_ms = now_ms_;
  if (!dice_.percent(15) || session_.ready_state() == ReadyState::kClosed) return;
  ++reached_.closes_within_calls;
  close();
}

void World::close() {
  closed_by_user_ = closed_by_user_ || session_.ready_state() != ReadyState::kClosed;
  session_.close();
  require(session_.ready_state() == ReadyState::kClosed, "close() closes at once");
}

void World::check() {
  require((session_.next().what == Do::kDone) == told_closed_, "who is done has been told");
  if (session_.next().what == Do::kDone || session_.is_paused()) return;
  require(!loss_, "a loss is told at once unless the user has paused");
  if (!connected_ || !connection_.opened_ms || connection_.stream.is_beyond(connection_.received)) return;
  require(connection_.first + events_received() == delivered_, "what has come is delivered");
  const auto& comments = connection_.stream.comments;
  const auto seen = std::ranges::upper_bound(comments, connection_.received) - comments.begin();
  require(options_.comments == Comments::kSkip || static_cast<std::size_t>(seen) == connection_.comments,
          "each comment is delivered");
}

}  // namespace

std::string run_source_schedule(std::uint64_t seed, SourcesReached& reached) {
  return World(seed, reached).run();
}

}  // namespace fanfare::simulation
