// One stream of an HTTP/2 connection: a request and its answer, and the outlet of a stream of events.
// One thread: the shard's. Its protocol owns it, until the stream has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/http/http2_session.h"
#include "fanfare/hub/subscription.h"
#include "fanfare/server/access_log.h"
#include "fanfare/server/exchange.h"
#include "fanfare/server/web_socket.h"

namespace fanfare {

class Http2Protocol;
class Shard;

class Http2Exchange final : public Exchange, public Outlet, public http::Http2Source {
 public:
  Http2Exchange(Http2Protocol& protocol, http::StreamId id, http::RequestHead head);
  ~Http2Exchange() override;

  // The head has come: decides who answers, and returns how many bytes of body may come.
  std::size_t admit();
  void add_body(std::string_view bytes);
  // The request is complete, or, of a tunnel: the client will send nothing more.
  void complete();
  http::StreamId id() const { return id_; }
  bool is_tunnel() const { return is_tunnel_; }
  void drain(std::string_view last_words);
  // The session itself has answered.
  void refuse(int status, std::string_view reason);
  // With a whole response.
  bool is_answered() const { return request_ == nullptr && subscription_ == nullptr; }
  // Its last line in the log; note: how it ended, else as is known.
  void log_end(std::string_view note);

  // Exchange
  const http::RequestHead& head() const override { return request_->head; }
  std::string_view body() const override { return request_->body; }
  net::IpAddress client() const override;
  std::string origin() const override;
  void respond(http::Response response) override;
  void respond_holding(http::Response response, std::shared_ptr<const void> held) override;
  void respond_head(http::ResponseHead head) override;
  void start_stream(http::ResponseHead head, Stream stream) override;
  void start_websocket(websocket::Handshake handshake, Stream stream) override;
  void wait_with(std::unique_ptr<Waiting> waiting) override { waiting_ = std::move(waiting); }
  Outlet& outlet() override { return *this; }
  Framing framing() const override { return Framing::kBare; }
  std::uint64_t token() override;
  void expire() override;
  // Outlet
  void on_news() override;
  void on_end(StreamEnd end) override;
  void on_reset() override;
  // http::Http2Source
  http::BodyPiece body_ready(std::size_t bytes_max) override;

 private:
  struct Request {
    http::RequestHead head;
    std::string body;
    Endpoint* endpoint = nullptr;
  };

  Shard& shard() const;
  void begin_stream(const http::ResponseHead& head, Stream stream);
  std::size_t take_of_prologue(std::size_t bytes_max);
  http::BodyPiece take_of_web_socket(std::size_t bytes_max);
  void finish_request(int status);
  template <typename Call>
  void answer_by(Call call);

  // What a turn of an event stream needs, side by side.
  Http2Protocol& protocol_;
  const http::StreamId id_;
  const bool is_tunnel_;
  bool is_asked_ = false;  // the endpoint was, for the answer
  bool ended_ = false;     // the subscription has ended; the response is to end too
  StreamEnd end_ = StreamEnd::kFinished;
  std::unique_ptr<Subscription> subscription_;
  std::unique_ptr<WebSocket> web_socket_;  // of the subscription; null for an event stream
  HeldBytes prologue_;                     // what is left of a stream's first bytes
  std::uint64_t sent_bytes_ = 0;           // of the body

  std::unique_ptr<Request> request_;
  std::unique_ptr<Waiting> waiting_;  // until the request is answered
  std::unique_ptr<Presence> presence_;
  std::shared_ptr<const void> held_;  // until the answer is composed
  std::uint64_t token_ = 0;
  AccessRecord record_;
  Place stream_place_;
};

}  // namespace fanfare
