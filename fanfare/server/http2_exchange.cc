#include "fanfare/server/http2_exchange.h"

#include <algorithm>
#include <utility>

#include "fanfare/server/admission.h"
#include "fanfare/server/client_address.h"
#include "fanfare/server/connection.h"
#include "fanfare/server/http2_protocol.h"
#include "fanfare/server/shard.h"

namespace fanfare {

Http2Exchange::Http2Exchange(Http2Protocol& protocol, http::StreamId id, http::RequestHead head)
    : protocol_(protocol), id_(id), is_tunnel_(!head.protocol.empty()), request_(std::make_unique<Request>()) {
  record_ = {.method = head.method, .path = head.path, .started_us = net::steady_us()};
  request_->head = std::move(head);
  record_.client = client();
}

Http2Exchange::~Http2Exchange() {
  shard().forget(token_);
}

Shard& Http2Exchange::shard() const {
  return protocol_.shard();
}

std::size_t Http2Exchange::admit() {
  auto admission = fanfare::admit(shard(), protocol_.connection().reception(), *this);
  if (!admission) {
    respond(std::move(admission.error()));
    return 0;
  }
  request_->endpoint = admission->endpoint;
  return admission->body_bytes_max;
}

void Http2Exchange::add_body(std::string_view bytes) {
  if (web_socket_ != nullptr) {
    web_socket_->receive(bytes, net::steady_ms());
    protocol_.on_news(*this);
    return;
  }
  if (request_ == nullptr) return;
  request_->body += bytes;
  // Before its answer, a tunnel's bytes are nobody's yet.
  if (is_tunnel_ && request_->body.size() > shard().limits().request_head_bytes_max) protocol_.reset_later(id_);
}

void Http2Exchange::complete() {
  if (web_socket_ != nullptr) {
    web_socket_->close(websocket::CloseCode::kGoingAway, {});
    protocol_.on_news(*this);
  } else if (request_ != nullptr && !(is_tunnel_ && is_asked_)) {
    is_asked_ = true;
    request_->endpoint->answer(*this);
  }
}

// --- Answering ---------------------------------------------------------------------------------------------------

template <typename Call>
void Http2Exchange::answer_by(Call call) {
  call(protocol_.session());
  protocol_.send_answer();
}

void Http2Exchange::respond(http::Response response) {
  const auto answering = std::move(waiting_);  // it may be what calls
  response.headers.add("Date", shard().date());
  record_.sent_bytes = response.body.size();
  finish_request(response.status);
  answer_by([&](http::Http2Session& session) { session.respond(id_, std::move(response)); });
}

void Http2Exchange::respond_holding(http::Response response, std::shared_ptr<const void> held) {
  held_ = std::move(held);
  respond(std::move(response));
}

void Http2Exchange::respond_head(http::ResponseHead head) {
  head.headers.add("Date", shard().date());
  finish_request(head.status);
  answer_by([&](http::Http2Session& session) { session.respond_head(id_, head); });
}

void Http2Exchange::finish_request(int status) {
  if (status >= 400) shard().counters().refusals_total[static_cast<std::size_t>(refusal_of_status(status))].add();
  record_.status = static_cast<std::uint16_t>(status);
  log_access(protocol_.connection(), record_);
  request_.reset();
  shard().forget(std::exchange(token_, 0));
  protocol_.owe_answer();
}

void Http2Exchange::refuse(int status, std::string_view reason) {
  record_.status = static_cast<std::uint16_t>(status);
  log_access(protocol_.connection(), record_, reason);
}

void Http2Exchange::start_stream(http::ResponseHead head, Stream stream) {
  prologue_.bytes = stream.opening->payload();
  prologue_.rendition = std::move(stream.opening);
  begin_stream(head, std::move(stream));
}

void Http2Exchange::start_websocket(websocket::Handshake handshake, Stream stream) {
  const std::string early = std::move(request_->body);
  web_socket_ = std::make_unique<WebSocket>(shard().limits(), handshake.deflate);
  if (!early.empty()) web_socket_->receive(early, net::steady_ms());
  begin_stream(handshake.response, std::move(stream));
}

void Http2Exchange::begin_stream(const http::ResponseHead& head_of_stream, Stream stream) {
  http::ResponseHead head = head_of_stream;
  head.headers.add("Date", shard().date());
  record_.status = static_cast<std::uint16_t>(head.status);
  request_.reset();
  subscription_ = std::move(stream.subscription);
  presence_ = std::move(stream.presence);
  stream_place_ = std::move(stream.place);
  if (stream.expires_at_s) {
    shard().expire_at(*stream.expires_at_s, token());
  } else {
    shard().forget(std::exchange(token_, 0));
  }
  answer_by([&](http::Http2Session& session) { session.begin_stream(id_, head, *this); });
}

net::IpAddress Http2Exchange::client() const {
  return client_of(protocol_.connection().peer_address(), request_->head.headers, shard().policy().trusted_proxies);
}

std::string Http2Exchange::origin() const {
  const Connection& connection = protocol_.connection();
  return origin_of(request_->head, connection.peer_address(), connection.transport(), shard().policy().trusted_proxies);
}

std::uint64_t Http2Exchange::token() {
  if (token_ == 0) token_ = shard().remember(*this);
  return token_;
}

void Http2Exchange::expire() {
  token_ = 0;
  if (subscription_ == nullptr) return;
  if (web_socket_ != nullptr) {
    web_socket_->close(websocket::CloseCode::kPolicyViolation, "the token has expired");
    protocol_.on_news(*this);
  }
  subscription_->finish({});
}

// --- The stream --------------------------------------------------------------------------------------------------

http::BodyPiece Http2Exchange::body_ready(std::size_t bytes_max) {
  using Next = http::BodyPiece::Next;
  if (web_socket_ != nullptr) return take_of_web_socket(bytes_max);
  const std::size_t of_prologue = take_of_prologue(bytes_max);
  const auto [bytes, may_have_more] = subscription_->take(bytes_max - of_prologue, protocol_.taken());
  sent_bytes_ += of_prologue + bytes;
  shard().counters().sent_bytes_total.add(bytes);
  const bool waits = prologue_.bytes.empty() && !may_have_more;
  return {.bytes = of_prologue + bytes, .next = !waits ? Next::kMore : ended_ ? Next::kEnd : Next::kWait};
}

std::size_t Http2Exchange::take_of_prologue(std::size_t bytes_max) {
  if (prologue_.bytes.empty()) return 0;
  const std::size_t bytes = std::min(bytes_max, prologue_.bytes.size());
  protocol_.taken().push_back({prologue_.rendition, prologue_.bytes.substr(0, bytes)});
  prologue_.bytes.remove_prefix(bytes);
  if (prologue_.bytes.empty()) prologue_.rendition.reset();
  return bytes;
}

http::BodyPiece Http2Exchange::take_of_web_socket(std::size_t bytes_max) {
  using Next = http::BodyPiece::Next;
  if (ended_ && web_socket_->is_open()) web_socket_->close(end_);
  const auto [bytes, may_have_more] = web_socket_->take(*subscription_, bytes_max, protocol_.taken());
  sent_bytes_ += bytes;
  shard().counters().sent_bytes_total.add(bytes);
  // The end of the stream says what would be awaited of the client (RFC 8441 section 5).
  const bool is_over = !web_socket_->is_open() && !web_socket_->has_output() && subscription_->is_between_units();
  const bool closes_next = ended_ && web_socket_->is_open();
  return {.bytes = bytes, .next = is_over ? Next::kEnd : may_have_more || closes_next ? Next::kMore : Next::kWait};
}

void Http2Exchange::drain(std::string_view last_words) {
  if (subscription_ != nullptr) subscription_->finish(last_words);
  if (waiting_ != nullptr) waiting_->on_drain();
}

void Http2Exchange::on_news() {
  protocol_.on_news(*this);
}

void Http2Exchange::on_end(StreamEnd end) {
  ended_ = true;
  end_ = end;
  protocol_.on_news(*this);
}

void Http2Exchange::on_reset() {
  protocol_.reset_later(id_);
}

void Http2Exchange::log_end(std::string_view note) {
  static constexpr std::string_view kNotes[] = {"ended: the log no longer holds what it missed",
                                                "ended: the log could not be read", "ended by the server"};
  if (subscription_ == nullptr) return;
  record_.sent_bytes = sent_bytes_;
  if (web_socket_ != nullptr && !web_socket_->note().empty()) {
    log_access(protocol_.connection(), record_, web_socket_->note());
    return;
  }
  log_access(protocol_.connection(), record_, ended_ ? kNotes[static_cast<std::size_t>(end_)] : note);
}

}  // namespace fanfare
