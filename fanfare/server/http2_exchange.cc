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
    : protocol_(protocol), id_(id), request_(std::make_unique<Request>()) {
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

// --- Answering ---------------------------------------------------------------------------------------------------

template <typename Call>
void Http2Exchange::answer_by(Call call) {
  call(protocol_.session());
  protocol_.send_answer();
}

void Http2Exchange::respond(http::Response response) {
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
  head.headers.add("Date", shard().date());
  record_.status = static_cast<std::uint16_t>(head.status);
  request_.reset();
  subscription_ = std::move(stream.subscription);
  presence_ = std::move(stream.presence);
  stream_place_ = std::move(stream.place);
  prologue_.bytes = stream.opening->payload();
  prologue_.rendition = std::move(stream.opening);
  if (stream.expires_at_s) {
    shard().expire_at(*stream.expires_at_s, token());
  } else {
    shard().forget(std::exchange(token_, 0));
  }
  answer_by([&](http::Http2Session& session) { session.begin_stream(id_, head); });
}

net::IpAddress Http2Exchange::client() const {
  return client_of(protocol_.connection().peer_address(), request_->head.headers, shard().policy().trusted_proxies);
}

std::uint64_t Http2Exchange::token() {
  if (token_ == 0) token_ = shard().remember(*this);
  return token_;
}

void Http2Exchange::expire() {
  token_ = 0;
  if (subscription_ != nullptr) subscription_->finish({});
}

// --- The stream --------------------------------------------------------------------------------------------------

http::BodyPiece Http2Exchange::take(std::size_t bytes_max, std::vector<HeldBytes>& into) {
  using Next = http::BodyPiece::Next;
  const std::size_t of_prologue = std::min(bytes_max, prologue_.bytes.size());
  if (of_prologue > 0) into.push_back({prologue_.rendition, prologue_.bytes.substr(0, of_prologue)});
  prologue_.bytes.remove_prefix(of_prologue);
  if (prologue_.bytes.empty()) prologue_.rendition.reset();
  const auto [bytes, may_have_more] = subscription_->take(bytes_max - of_prologue, into);
  record_.sent_bytes += of_prologue + bytes;
  shard().counters().sent_bytes_total.add(bytes);
  const bool waits = prologue_.bytes.empty() && !may_have_more;
  return {.bytes = of_prologue + bytes, .next = !waits ? Next::kMore : ended_ ? Next::kEnd : Next::kWait};
}

void Http2Exchange::drain(std::string_view last_words) {
  if (subscription_ != nullptr) subscription_->finish(last_words);
}

void Http2Exchange::on_news() {
  protocol_.on_news(id_);
}

void Http2Exchange::on_end(StreamEnd end) {
  ended_ = true;
  end_ = end;
  protocol_.on_news(id_);
}

void Http2Exchange::on_reset() {
  protocol_.reset_later(id_);
}

void Http2Exchange::log_end(std::string_view note) {
  static constexpr std::string_view kNotes[] = {"ended: the log no longer holds what it missed",
                                                "ended: the log could not be read", "ended by the server"};
  if (subscription_ == nullptr) return;
  log_access(protocol_.connection(), record_, ended_ ? kNotes[static_cast<std::size_t>(end_)] : note);
}

}  // namespace fanfare
