#include "fanfare/server/connection.h"

#include <algorithm>
#include <utility>

#include "fanfare/event_stream/writer.h"
#include "fanfare/server/client_address.h"
#include "fanfare/server/cors.h"
#include "fanfare/server/shard.h"

namespace fanfare {
namespace {

constexpr int kReadsAtOnce = 16;  // then the loop gets its turn
constexpr std::string_view kFirstCommentChunk = "2\r\n:\n\r\n";

http::Response overloaded(const Limits& limits, std::string_view reason) {
  return http::retry_response(503, reason, limits.retry_after_s);
}

}  // namespace

Connection::Connection(Shard& shard, int fd, const net::Address& peer, Reception reception, Place place)
    : shard_(shard),
      socket_(*shard.loop(), fd, *this, shard.limits()),
      session_(*this, shard.limits()),
      peer_(peer.text()),
      peer_address_(net::IpAddress::of(peer)),
      place_(std::move(place)),
      reception_(reception) {}

Connection::~Connection() = default;

void Connection::start() {
  if (is_closed()) {  // the socket could not be watched
    close();
    return;
  }
  set_deadline();
  socket_.wait_readable();
}

// --- Reading -----------------------------------------------------------------------------------------------------

void Connection::on_readable() {
  receive();
  if (is_closed()) return;
  send_now();
  if (is_closed()) return;
  set_deadline();
  read_on();
}

// Whether the peer's bytes are of use now. While an answer is outstanding they are not: they stay in the kernel, so
// that a pipeline of any length is served at the pace of its answers. A stream's peer is read all the same: only so is
// it known that it has left.
bool Connection::wants_bytes() const {
  if (peer_ended_ || is_closed()) return false;
  return session_.is_streaming() || (!session_.is_answering() && session_.output().empty());
}

void Connection::read_on() {
  if (wants_bytes()) socket_.wait_readable();
}

void Connection::receive() {
  in_session_ = true;
  // What comes behind a request that has to wait is kept, up to the size of a head.
  const std::span<char> buffer =
      shard_.read_buffer().first(std::min(shard_.read_buffer().size(), shard_.limits().request_head_bytes_max));
  for (int i = 0; i < kReadsAtOnce && wants_bytes(); ++i) {
    const net::IoResult read = socket_.read(buffer);
    if (read.status == net::IoStatus::kWouldBlock) break;
    if (read.status == net::IoStatus::kFailed) {
      close();
    } else if (read.status == net::IoStatus::kEnd) {
      peer_ended_ = true;
      // A subscriber that has nothing more to say has left: there is no other sign of it.
      if (subscription_ != nullptr || lingering_) {
        close();
      } else {
        session_.receive_end();
      }
    } else {
      if (!lingering_) session_.receive({buffer.data(), read.bytes});
      if (subscription_ != nullptr && session_.wants_close()) close();  // more behind a stream's request than we keep
      if (read.bytes < buffer.size()) break;
    }
  }
  in_session_ = false;
}

std::size_t Connection::on_head(http::RequestHead head) {
  shard_.counters().requests_total.add();
  in_head_ = false;
  started_us_ = net::steady_us();
  sent_bytes_ = 0;
  method_ = head.method;
  path_ = head.path;
  request_ = std::make_unique<Request>();
  request_->head = std::move(head);
  const Limits& limits = shard_.limits();
  std::optional<http::Response> refusal;
  if (reception_ == Reception::kTooMany) refusal = Quotas::too_many_connections(limits).response();
  if (reception_ == Reception::kFull) refusal = overloaded(limits, "the server has no room for another connection");
  if (shard_.is_draining()) refusal = overloaded(limits, "the server is shutting down");
  if (!refusal) {
    auto endpoint = shard_.router().route(request_->head);
    auto body_bytes_max = endpoint ? (*endpoint)->admit(*this) : std::unexpected(std::move(endpoint.error()));
    if (body_bytes_max) {
      request_->endpoint = *endpoint;
      return *body_bytes_max;
    }
    refusal = std::move(body_bytes_max.error());
  }
  add_cors(shard_.policy().origins, request_->head, refusal->headers);
  respond(std::move(*refusal));
  return 0;
}

void Connection::on_body(std::string_view bytes) {
  request_->body.append(bytes);
}

void Connection::on_end() {
  request_->endpoint->answer(*this);
}

void Connection::on_refused(int status, std::string_view reason) {
  shard_.counters().refusals_total[static_cast<std::size_t>(refusal_of_status(status))].add();
  if (request_ == nullptr) {
    method_ = "-";
    path_ = "-";
    started_us_ = net::steady_us();
  }
  request_.reset();
  log_access(status, reason);
}

// --- Answering ---------------------------------------------------------------------------------------------------

void Connection::respond(http::Response response) {
  response.headers.add("Date", shard_.date());
  sent_bytes_ = response.body.size();
  finish_request(response.status);
  answer_by([&] { session_.respond(response, reception_ != Reception::kServed || shard_.is_draining()); });
}

void Connection::respond_holding(http::Response response, std::shared_ptr<const void> held) {
  held_ = std::move(held);
  respond(std::move(response));
}

void Connection::respond_head(http::ResponseHead head) {
  head.headers.add("Date", shard_.date());
  finish_request(head.status);
  answer_by([&] { session_.respond_head(head); });
}

void Connection::finish_request(int status) {
  if (status >= 400) shard_.counters().refusals_total[static_cast<std::size_t>(refusal_of_status(status))].add();
  log_access(status);
  request_.reset();
  shard_.forget(std::exchange(token_, 0));
}

// Answers the request, or ends its answer, by this call of the session. It may bring the requests that waited, and
// their answers, before it returns; all is sent when the outermost call has returned.
template <typename Call>
void Connection::answer_by(Call call) {
  if (in_session_) return call();
  in_session_ = true;
  call();
  in_session_ = false;
  send_now();
}

void Connection::start_stream(http::ResponseHead head, Stream stream) {
  head.headers.add("Date", shard_.date());
  status_ = static_cast<std::uint16_t>(head.status);
  request_.reset();
  subscription_ = std::move(stream.subscription);
  presence_ = std::move(stream.presence);
  stream_place_ = std::move(stream.place);
  if (stream.expires_at_s) {
    shard_.expire_at(*stream.expires_at_s, token());
  } else {
    shard_.forget(std::exchange(token_, 0));
  }
  answer_by([&] {
    const auto framing = session_.begin_stream(head);
    prologue_ = framing == http::StreamFraming::kChunked ? kFirstCommentChunk : event_stream::kComment;
  });
}

Framing Connection::framing() const {
  return request_->head.version == http::Version::kHttp11 ? Framing::kChunked : Framing::kBare;
}

net::IpAddress Connection::client() const {
  return client_of(peer_address_, request_->head.headers, shard_.policy().trusted_proxies);
}

std::uint64_t Connection::token() {
  if (token_ == 0) token_ = shard_.remember(*this);
  return token_;
}

// --- Writing -----------------------------------------------------------------------------------------------------

void Connection::send_now() {
  if (blocked_ || is_closed()) return;
  if (!session_.output().empty() || !prologue_.empty()) {
    shard_.flush_now(*this);
  } else {
    settle();
  }
}

std::size_t Connection::compose(std::span<std::string_view> slices) {
  if (reset_) return 0;
  std::size_t count = 0;
  if (!session_.output().empty()) slices[count++] = session_.output();
  if (!prologue_.empty()) slices[count++] = prologue_;
  if (subscription_ != nullptr) count += subscription_->pull(slices.subspan(count));
  return count;
}

void Connection::on_written(net::IoResult result, std::size_t bytes_composed) {
  if (reset_) {
    log_access(status_, "reset: it held memory that others need");
    socket_.reset();
    close();
    return;
  }
  if (result.status == net::IoStatus::kFailed) {
    close();
    return;
  }
  const bool of_session = !session_.output().empty();
  const bool more = result.status == net::IoStatus::kDone && consume(result.bytes);
  if (result.bytes < bytes_composed) {
    blocked_ = true;
    socket_.wait_writable();
  } else {
    if (more || !session_.output().empty()) shard_.mark_dirty(*this);
    settle();
  }
  if (!of_session || is_closed()) return;
  set_deadline();  // an answer, or a part of it, is out: the peer's turn, or the next request's
  read_on();
}

// Takes what was written off: the session's output, the prologue, then the subscription's bytes.
bool Connection::consume(std::size_t bytes) {
  const std::size_t of_session = std::min(bytes, session_.output().size());
  if (of_session > 0) {
    in_session_ = true;  // it may bring a request that waited
    session_.consume_output(of_session);
    in_session_ = false;
    if (session_.output().empty()) held_.reset();
  }
  bytes -= of_session;
  const std::size_t of_prologue = std::min(bytes, prologue_.size());
  prologue_.erase(0, of_prologue);
  if (of_prologue > 0 && prologue_.empty()) prologue_ = std::string();
  bytes -= of_prologue;
  if (subscription_ == nullptr) return false;
  sent_bytes_ += of_prologue + bytes;
  if (bytes == 0) return of_prologue > 0;  // the head is out: there may be a replay to begin
  shard_.counters().writes_total.add();
  shard_.counters().sent_bytes_total.add(bytes);
  return subscription_->advance(bytes);
}

// Everything composed has been sent: what follows from that.
void Connection::settle() {
  if (ended_ && prologue_.empty() && session_.output().empty()) {
    end_stream();
    return;
  }
  if (!session_.output().empty() || subscription_ != nullptr) return;
  const bool idle = request_ == nullptr && !session_.is_receiving();
  if (session_.wants_close() || (shard_.is_draining() && idle) || (peer_ended_ && idle)) linger();
}

void Connection::on_writable() {
  blocked_ = false;
  shard_.mark_dirty(*this);
}

void Connection::on_news() {
  if (!blocked_) shard_.mark_dirty(*this);
}

void Connection::on_end(StreamEnd end) {
  ended_ = true;
  end_ = end;
  on_news();
}

void Connection::on_reset() {
  reset_ = true;
  shard_.mark_dirty(*this);
}

void Connection::end_stream() {
  ended_ = false;
  static constexpr std::string_view kNotes[] = {"ended: the log no longer holds what it missed",
                                                "ended: the log could not be read", "ended by the server"};
  log_access(status_, kNotes[static_cast<std::size_t>(end_)]);
  subscription_.reset();
  presence_.reset();
  stream_place_ = Place();
  shard_.forget(std::exchange(token_, 0));
  answer_by([&] { session_.end_stream(); });
}

// --- Time and the end --------------------------------------------------------------------------------------------

void Connection::set_deadline() {
  const Limits& limits = shard_.limits();
  const std::uint64_t now_ms = net::steady_ms();
  const bool in_head = session_.is_receiving() && request_ == nullptr;
  if (lingering_ || (in_head && in_head_)) return;  // both run out, whatever still comes
  in_head_ = in_head;
  if (blocked_ && subscription_ == nullptr) {
    deadline_ms_ = now_ms + limits.request_idle_ms;
  } else if (subscription_ != nullptr || session_.is_answering()) {
    deadline_ms_ = 0;
  } else {
    deadline_ms_ = now_ms + (session_.is_receiving() || reception_ != Reception::kServed ? limits.request_idle_ms
                                                                                         : limits.keep_alive_idle_ms);
  }
  shard_.watch_deadline(*this);
}

void Connection::on_deadline() {
  if (lingering_ || blocked_) {
    close();
    return;
  }
  in_session_ = true;
  session_.timeout();
  in_session_ = false;
  if (session_.output().empty()) {
    close();
  } else {
    send_now();
  }
}

void Connection::close_if_peer_is_gone() {
  const bool is_silent = socket_.is_peer_silent_for(shard_.limits().dead_peer_ms * 5 / 8);
  const bool was_silent = std::exchange(peer_is_silent_, is_silent);
  if (!is_silent || !was_silent) return;
  if (subscription_ != nullptr) log_access(status_, "closed: the client's machine does not answer");
  subscription_.reset();
  close();
}

void Connection::drain(std::string_view last_words) {
  if (subscription_ != nullptr) {
    subscription_->finish(last_words);
  } else {
    settle();
  }
}

void Connection::expire() {
  if (subscription_ != nullptr) subscription_->finish({});
}

void Connection::linger() {
  if (lingering_) return;
  if (peer_ended_) {
    close();
    return;
  }
  lingering_ = true;
  socket_.shutdown_send();
  deadline_ms_ = net::steady_ms() + shard_.limits().linger_ms;
  shard_.watch_deadline(*this);
}

void Connection::close() {
  if (is_retired_) return;
  is_retired_ = true;
  if (subscription_ != nullptr && !reset_) log_access(status_);
  subscription_.reset();
  presence_.reset();
  stream_place_ = Place();
  request_.reset();
  held_.reset();
  shard_.forget(std::exchange(token_, 0));
  socket_.close();
  shard_.retire(*this);
}

void Connection::log_access(int status, std::string_view note) {
  Shared& shared = shard_.shared();
  if (!shared.options.access_log) return;
  const LogField peer{"peer", peer_};
  const LogField method{"method", method_};
  const LogField path{"path", path_};
  const LogField code{"status", std::int64_t{status}};
  const LogField bytes{"bytes", static_cast<std::int64_t>(sent_bytes_)};
  const LogField duration{"duration_ms", static_cast<std::int64_t>((net::steady_us() - started_us_) / 1000)};
  if (note.empty()) {
    shared.log.write(LogLevel::kInfo, "request", {peer, method, path, code, bytes, duration});
  } else {
    shared.log.write(LogLevel::kInfo, "request", {peer, method, path, code, bytes, duration, {"note", note}});
  }
}

}  // namespace fanfare
