#include "fanfare/server/http2_protocol.h"

#include <algorithm>
#include <utility>

#include "fanfare/server/connection.h"
#include "fanfare/server/shard.h"

namespace fanfare {
namespace {

// What is composed at once: beyond it, streams stay behind where the budget sees them.
constexpr std::size_t kComposedBytes = 64 * 1024;

}  // namespace

Http2Protocol::Http2Protocol(Connection& connection)
    : connection_(connection),
      session_(*this, connection.shard().limits(), net::steady_ms(), http::ExtendedConnect::kAccepted) {}

Http2Protocol::~Http2Protocol() = default;

Shard& Http2Protocol::shard() const {
  return connection_.shard();
}

// --- Reading -----------------------------------------------------------------------------------------------------

void Http2Protocol::receive(std::string_view bytes) {
  in_session_ = true;
  session_.receive(bytes, net::steady_ms());
  in_session_ = false;
  note_news();
}

void Http2Protocol::receive_end() {
  connection_.close();
}

std::size_t Http2Protocol::on_head(http::StreamId stream, http::RequestHead head) {
  shard().counters().requests_total.add();
  auto& exchange = exchanges_[stream];
  exchange = std::make_unique<Http2Exchange>(*this, stream, std::move(head));
  const std::size_t body_bytes_max = exchange->admit();
  if (exchange->is_tunnel()) exchange->complete();  // its request is its head
  if (connection_.reception() != Reception::kServed || shard().is_draining()) session_.drain();
  return body_bytes_max;
}

void Http2Protocol::on_body(http::StreamId stream, std::string_view bytes) {
  exchanges_.at(stream)->add_body(bytes);
}

void Http2Protocol::on_end(http::StreamId stream) {
  exchanges_.at(stream)->complete();
}

void Http2Protocol::on_refused(http::StreamId stream, int status, std::string_view reason) {
  shard().counters().refusals_total[static_cast<std::size_t>(refusal_of_status(status))].add();
  if (const auto found = exchanges_.find(stream); found != exchanges_.end()) {
    found->second->refuse(status, reason);
    exchanges_.erase(found);
    return;
  }
  const AccessRecord record{.status = static_cast<std::uint16_t>(status), .started_us = net::steady_us()};
  log_access(connection_, record, reason);
}

void Http2Protocol::on_reset(http::StreamId stream, http::ResetReason why, http::Http2Error /*code*/) {
  forget(stream, why == http::ResetReason::kViolation ? "reset: the client broke a rule of HTTP/2" : close_note_);
}

void Http2Protocol::on_sent(http::StreamId stream) {
  forget(stream, {});
}

void Http2Protocol::on_failed(http::Http2Error code, std::string_view reason) {
  shard().shared().log.write(
      LogLevel::kDebug, "http2_failed",
      {{"peer", connection_.peer()}, {"code", static_cast<std::int64_t>(code)}, {"reason", reason}});
}

void Http2Protocol::forget(http::StreamId stream, std::string_view note) {
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end()) return;
  found->second->log_end(note);
  if (found->second->is_answered()) --answers_owed_;
  exchanges_.erase(found);
  has_ended_ = true;
}

// --- Writing -----------------------------------------------------------------------------------------------------

void Http2Protocol::send_answer() {
  if (!in_session_) connection_.send_now();
}

void Http2Protocol::owe_answer() {
  if (answers_owed_++ == 0) progress_ms_ = net::steady_ms();
}

void Http2Protocol::on_news(Http2Exchange& exchange) {
  in_session_ ? news_.push_back(exchange.id()) : session_.resume(exchange);
  connection_.on_news();
}

// A stream alone can be reset while the socket takes something. Else what is composed for the others holds memory, too.
void Http2Protocol::reset_later(http::StreamId stream) {
  if (connection_.is_blocked()) {
    outbox_.clear();
    connection_.reset_later();
  } else {
    resets_.push_back(stream);
    connection_.on_news();
  }
}

// Tells the session what came meanwhile.
void Http2Protocol::note_news() {
  for (const http::StreamId each : std::exchange(news_, {})) {
    if (const auto found = exchanges_.find(each); found != exchanges_.end()) session_.resume(*found->second);
  }
  for (const http::StreamId each : std::exchange(resets_, {})) {
    if (!exchanges_.contains(each)) continue;
    session_.reset(each, http::Http2Error::kInternalError);
    forget(each, "reset: it held memory that others need");
  }
}

std::size_t Http2Protocol::compose(std::span<std::string_view> slices) {
  note_news();
  if (outbox_.empty()) {
    in_session_ = true;
    session_.compose(*this, kComposedBytes, net::steady_ms());
    in_session_ = false;
  }
  return outbox_.slices(slices);
}

void Http2Protocol::append(std::string_view own) {
  outbox_.add(own);
}

void Http2Protocol::append_body(http::StreamId /*stream*/, std::size_t /*bytes*/) {
  for (HeldBytes& each : taken_) {
    // A few bytes of a large rendition, as of a window that is nearly closed, would keep all of it.
    const bool is_small_part = each.rendition && each.bytes.size() < each.rendition->memory_bytes() / 2;
    is_small_part || !each.rendition ? outbox_.add(each.bytes) : outbox_.add(std::move(each));
  }
  taken_.clear();
}

Protocol::Consumed Http2Protocol::consume(std::size_t bytes) {
  if (bytes > 0) {
    shard().counters().writes_total.add();
    if (answers_owed_ > 0) progress_ms_ = net::steady_ms();
  }
  outbox_.consume(bytes);
  return {.has_more = has_output(), .was_an_answer = std::exchange(has_ended_, false) || answers_owed_ > 0};
}

void Http2Protocol::settle() {
  if (session_.wants_close() && !has_output()) connection_.linger();
}

// --- Time and the end --------------------------------------------------------------------------------------------

// The session's, and that of answers that the client does not take: by its socket or by its windows.
void Http2Protocol::set_deadline() {
  const Limits& limits = shard().limits();
  std::uint64_t at_ms = session_.deadline_ms();
  const auto not_after = [&](std::uint64_t ms) { at_ms = at_ms == 0 ? ms : std::min(at_ms, ms); };
  if (answers_owed_ > 0) not_after(progress_ms_ + limits.request_idle_ms);
  const bool is_refused = connection_.reception() != Reception::kServed;
  if (is_refused && exchanges_.empty()) not_after(net::steady_ms() + limits.request_idle_ms);
  connection_.wait_until(at_ms);
}

void Http2Protocol::on_deadline() {
  const std::uint64_t now_ms = net::steady_ms();
  const bool is_late = answers_owed_ > 0 && now_ms >= progress_ms_ + shard().limits().request_idle_ms;
  const bool is_refused = connection_.reception() != Reception::kServed;
  if ((is_late && answers_owed_ == exchanges_.size()) || (is_refused && exchanges_.empty())) {
    connection_.close();
    return;
  }
  in_session_ = true;
  session_.timeout(now_ms);
  if (is_late) give_up_answers();
  in_session_ = false;
  if (session_.wants_close() && !has_output()) {
    connection_.close();
    return;
  }
  connection_.send_now();
  if (!connection_.is_closed()) set_deadline();
}

// Streams of events go on beside answers that nobody takes.
void Http2Protocol::give_up_answers() {
  std::vector<http::StreamId> late;
  for (const auto& [stream, exchange] : exchanges_) {
    if (exchange->is_answered()) late.push_back(stream);
  }
  for (const http::StreamId each : late) {
    session_.reset(each, http::Http2Error::kCancel);
    forget(each, {});
  }
}

void Http2Protocol::drain(std::string_view last_words) {
  session_.drain();
  in_session_ = true;  // what is answered goes out afterwards: an exchange goes with its answer
  for (const auto& [stream, exchange] : exchanges_) exchange->drain(last_words);
  in_session_ = false;
  connection_.send_now();
}

void Http2Protocol::on_closed(std::string_view note) {
  close_note_ = note;
  session_.receive_end();
}

}  // namespace fanfare
