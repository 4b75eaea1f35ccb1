#include "fanfare/server/http1_protocol.h"

#include <algorithm>
#include <utility>

#include "fanfare/server/admission.h"
#include "fanfare/server/client_address.h"
#include "fanfare/server/connection.h"
#include "fanfare/server/shard.h"

namespace fanfare {
Http1Protocol::Http1Protocol(Connection& connection)
    : connection_(connection), session_(*this, connection.shard().limits()) {}

Http1Protocol::~Http1Protocol() = default;

Shard& Http1Protocol::shard() {
  return connection_.shard();
}

const Shard& Http1Protocol::shard() const {
  return connection_.shard();
}

// --- Reading -----------------------------------------------------------------------------------------------------

// While an answer is outstanding, what else comes is not wanted: so a pipeline of any length is served at the pace of
// its answers. A stream's peer is read all the same: only so is it known that it has left.
bool Http1Protocol::wants_bytes() const {
  return session_.is_streaming() || waiting_ != nullptr || (!session_.is_answering() && session_.output().empty());
}

void Http1Protocol::receive(std::string_view bytes) {
  if (web_socket_ != nullptr) {
    web_socket_->receive(bytes, net::steady_ms());
    return;
  }
  in_session_ = true;
  session_.receive(bytes);
  in_session_ = false;
  // More behind a stream's request than we keep.
  if (subscription_ != nullptr && session_.wants_close()) connection_.close();
}

void Http1Protocol::receive_end() {
  has_left_ = true;
  // A subscriber that has nothing more to say has left: there is no other sign of it.
  if (subscription_ != nullptr || waiting_ != nullptr) {
    connection_.close();
    return;
  }
  in_session_ = true;
  session_.receive_end();
  in_session_ = false;
}

std::size_t Http1Protocol::on_head(http::RequestHead head) {
  shard().counters().requests_total.add();
  in_head_ = false;
  record_ = {.method = head.method, .path = head.path, .started_us = net::steady_us()};
  request_ = std::make_unique<Request>();
  request_->head = std::move(head);
  record_.client = client();
  auto admission = admit(shard(), connection_.reception(), *this);
  if (!admission) {
    respond(std::move(admission.error()));
    return 0;
  }
  request_->endpoint = admission->endpoint;
  return admission->body_bytes_max;
}

void Http1Protocol::on_body(std::string_view bytes) {
  request_->body.append(bytes);
}

void Http1Protocol::on_end() {
  request_->endpoint->answer(*this);
}

void Http1Protocol::on_refused(int status, std::string_view reason) {
  shard().counters().refusals_total[static_cast<std::size_t>(refusal_of_status(status))].add();
  if (request_ == nullptr) record_ = {.started_us = net::steady_us()};
  request_.reset();
  record_.status = static_cast<std::uint16_t>(status);
  log(reason);
}

// --- Answering ---------------------------------------------------------------------------------------------------

void Http1Protocol::respond(http::Response response) {
  const auto answering = std::move(waiting_);  // it may be what calls
  response.headers.add("Date", shard().date());
  record_.sent_bytes = response.body.size();
  finish_request(response.status);
  const bool close = connection_.reception() != Reception::kServed || shard().is_draining();
  answer_by([&] { session_.respond(response, close); });
}

void Http1Protocol::respond_holding(http::Response response, std::shared_ptr<const void> held) {
  held_ = std::move(held);
  respond(std::move(response));
}

void Http1Protocol::respond_head(http::ResponseHead head) {
  head.headers.add("Date", shard().date());
  finish_request(head.status);
  answer_by([&] { session_.respond_head(head); });
}

void Http1Protocol::finish_request(int status) {
  if (status >= 400) shard().counters().refusals_total[static_cast<std::size_t>(refusal_of_status(status))].add();
  record_.status = static_cast<std::uint16_t>(status);
  log();
  request_.reset();
  shard().forget(std::exchange(token_, 0));
}

void Http1Protocol::wait_with(std::unique_ptr<Waiting> waiting) {
  waiting_ = std::move(waiting);
  connection_.read_on();  // only so is it known that the client has left
}

// Answers the request, or ends its answer, by this call of the session. It may bring the requests that waited, and
// their answers, before it returns; all is sent when the outermost call has returned.
template <typename Call>
void Http1Protocol::answer_by(Call call) {
  if (in_session_) return call();
  in_session_ = true;
  call();
  in_session_ = false;
  connection_.send_now();
}

void Http1Protocol::start_stream(http::ResponseHead head, Stream stream) {
  head.headers.add("Date", shard().date());
  record_.status = static_cast<std::uint16_t>(head.status);
  RenditionRef opening = std::move(stream.opening);
  begin_stream(std::move(stream));
  answer_by([&] {
    const auto framing = session_.begin_stream(head);
    const std::string_view bytes = framing == http::StreamFraming::kChunked ? opening->framed() : opening->payload();
    prologue_ = {std::move(opening), bytes};
  });
}

void Http1Protocol::start_websocket(websocket::Handshake handshake, Stream stream) {
  handshake.response.headers.add("Date", shard().date());
  record_.status = static_cast<std::uint16_t>(handshake.response.status);
  begin_stream(std::move(stream));
  web_socket_ = std::make_unique<WebSocket>(shard().limits(), handshake.deflate);
  answer_by([&] {
    const std::string early = session_.upgrade(handshake.response);
    if (!early.empty()) web_socket_->receive(early, net::steady_ms());
  });
}

void Http1Protocol::begin_stream(Stream stream) {
  request_.reset();
  subscription_ = std::move(stream.subscription);
  presence_ = std::move(stream.presence);
  stream_place_ = std::move(stream.place);
  if (stream.expires_at_s) {
    shard().expire_at(*stream.expires_at_s, token());
  } else {
    shard().forget(std::exchange(token_, 0));
  }
}

Framing Http1Protocol::framing() const {
  return request_->head.version == http::Version::kHttp11 ? Framing::kChunked : Framing::kBare;
}

net::IpAddress Http1Protocol::client() const {
  return client_of(connection_.peer_address(), request_->head.headers, shard().policy().trusted_proxies);
}

std::string Http1Protocol::origin() const {
  return origin_of(request_->head, connection_.peer_address(), connection_.transport(),
                   shard().policy().trusted_proxies);
}

std::uint64_t Http1Protocol::token() {
  if (token_ == 0) token_ = shard().remember(*this);
  return token_;
}

void Http1Protocol::expire() {
  if (subscription_ == nullptr) return;
  if (web_socket_ != nullptr) web_socket_->close(websocket::CloseCode::kPolicyViolation, "the token has expired");
  subscription_->finish({});
}

// --- Writing -----------------------------------------------------------------------------------------------------

std::size_t Http1Protocol::compose(std::span<std::string_view> slices) {
  std::size_t count = 0;
  if (!session_.output().empty()) slices[count++] = session_.output();
  if (!prologue_.bytes.empty()) slices[count++] = prologue_.bytes;
  if (subscription_ == nullptr) return count;
  const auto rest = slices.subspan(count);
  return count + (web_socket_ != nullptr ? web_socket_->compose(*subscription_, rest) : subscription_->pull(rest));
}

// Takes what was written off: the session's output, the prologue, then the subscription's bytes.
Protocol::Consumed Http1Protocol::consume(std::size_t bytes) {
  Consumed consumed{.was_an_answer = !session_.output().empty()};
  const std::size_t of_session = std::min(bytes, session_.output().size());
  if (of_session > 0) {
    in_session_ = true;  // it may bring a request that waited
    session_.consume_output(of_session);
    in_session_ = false;
    if (session_.output().empty()) held_.reset();
  }
  bytes -= of_session;
  const std::size_t of_prologue = std::min(bytes, prologue_.bytes.size());
  prologue_.bytes.remove_prefix(of_prologue);
  if (prologue_.bytes.empty()) prologue_.rendition.reset();
  bytes -= of_prologue;
  consumed.has_more = !session_.output().empty();
  if (subscription_ == nullptr) return consumed;
  record_.sent_bytes += of_prologue + bytes;
  if (bytes == 0) {  // the head is out: there may be a replay to begin
    consumed.has_more |= of_prologue > 0;
    return consumed;
  }
  shard().counters().writes_total.add();
  shard().counters().sent_bytes_total.add(bytes);
  consumed.has_more |=
      web_socket_ != nullptr ? web_socket_->consume(*subscription_, bytes) : subscription_->advance(bytes);
  return consumed;
}

void Http1Protocol::settle() {
  if (web_socket_ != nullptr) return settle_web_socket();
  if (ended_ && prologue_.bytes.empty() && session_.output().empty()) {
    end_stream();
    return;
  }
  if (!session_.output().empty() || subscription_ != nullptr) return;
  const bool idle = request_ == nullptr && !session_.is_receiving();
  if (session_.wants_close() || (idle && (shard().is_draining() || has_left_))) connection_.linger();
}

// Who has closed, or was told to, has a time to end the connection.
void Http1Protocol::settle_web_socket() {
  if (!session_.output().empty()) return;
  if (ended_ && web_socket_->is_open()) web_socket_->close(end_);
  if (web_socket_->is_over()) {
    end_stream();
  } else if (web_socket_->has_output()) {
    connection_.on_news();
  } else if (!web_socket_->is_open() && connection_.deadline_ms() == 0) {
    connection_.wait_at_most(shard().limits().linger_ms);
  }
}

void Http1Protocol::on_news() {
  connection_.on_news();
}

void Http1Protocol::on_end(StreamEnd end) {
  ended_ = true;
  end_ = end;
  connection_.on_news();
}

void Http1Protocol::on_reset() {
  connection_.reset_later();
}

void Http1Protocol::end_stream() {
  ended_ = false;
  static constexpr std::string_view kNotes[] = {"ended: the log no longer holds what it missed",
                                                "ended: the log could not be read", "ended by the server"};
  const bool by_client = web_socket_ != nullptr && !web_socket_->note().empty();
  log(by_client ? web_socket_->note() : kNotes[static_cast<std::size_t>(end_)]);
  leave_stream();
  answer_by([&] { session_.end_stream(); });
}

void Http1Protocol::leave_stream() {
  subscription_.reset();
  web_socket_.reset();
  presence_.reset();
  stream_place_ = Place();
  shard().forget(std::exchange(token_, 0));
}

// --- Time and the end --------------------------------------------------------------------------------------------

void Http1Protocol::set_deadline() {
  const Limits& limits = shard().limits();
  if (web_socket_ != nullptr && !web_socket_->is_open()) return;
  const bool in_head = session_.is_receiving() && request_ == nullptr;
  if (in_head && in_head_) return;  // that runs out, whatever still comes
  in_head_ = in_head;
  if (connection_.is_blocked() && subscription_ == nullptr) {
    connection_.wait_at_most(limits.request_idle_ms);
  } else if (subscription_ != nullptr || session_.is_answering()) {
    connection_.wait_at_most(0);
  } else {
    const bool is_short = session_.is_receiving() || connection_.reception() != Reception::kServed;
    connection_.wait_at_most(is_short ? limits.request_idle_ms : limits.keep_alive_idle_ms);
  }
}

void Http1Protocol::on_deadline() {
  if (connection_.is_blocked() || web_socket_ != nullptr) {
    connection_.close();
    return;
  }
  in_session_ = true;
  session_.timeout();
  in_session_ = false;
  if (session_.output().empty()) {
    connection_.close();
  } else {
    connection_.send_now();
  }
}

void Http1Protocol::drain(std::string_view last_words) {
  if (subscription_ != nullptr) {
    subscription_->finish(last_words);
  } else if (waiting_ != nullptr) {
    waiting_->on_drain();
  } else {
    settle();
  }
}

void Http1Protocol::on_closed(std::string_view note) {
  if (subscription_ != nullptr) log(note);
  leave_stream();
  waiting_.reset();
  request_.reset();
  held_.reset();
}

void Http1Protocol::log(std::string_view note) {
  log_access(connection_, record_, note);
}

}  // namespace fanfare
