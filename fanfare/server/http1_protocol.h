// HTTP/1.1 and 1.0 on a connection: brings requests to their endpoints one after the other, carries the answers back,
// and is the outlet of a stream's subscription. One thread: the shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fanfare/http/http1_session.h"
#include "fanfare/hub/subscription.h"
#include "fanfare/server/access_log.h"
#include "fanfare/server/exchange.h"
#include "fanfare/server/protocol.h"
#include "fanfare/server/web_socket.h"

namespace fanfare {

class Connection;
class Shard;

class Http1Protocol final : public Protocol, public http::Http1Visitor, public Exchange, public Outlet {
 public:
  // connection is borrowed: it owns this.
  explicit Http1Protocol(Connection& connection);
  ~Http1Protocol() override;

  // Protocol
  bool wants_bytes() const override;
  void receive(std::string_view bytes) override;
  void receive_end() override;
  bool has_output() const override {
    return !session_.output().empty() || !prologue_.bytes.empty() ||
           (web_socket_ != nullptr && web_socket_->has_output());
  }
  std::size_t compose(std::span<std::string_view> slices) override;
  Consumed consume(std::size_t bytes) override;
  void settle() override;
  void set_deadline() override;
  void on_deadline() override;
  void drain(std::string_view last_words) override;
  void on_closed(std::string_view note) override;
  // http::Http1Visitor
  std::size_t on_head(http::RequestHead head) override;
  void on_body(std::string_view bytes) override;
  void on_end() override;
  void on_refused(int status, std::string_view reason) override;
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
  void wait_with(std::unique_ptr<Waiting> waiting) override;
  Outlet& outlet() override { return *this; }
  Framing framing() const override;
  std::uint64_t token() override;
  void expire() override;
  // Outlet
  void on_news() override;
  void on_end(StreamEnd end) override;
  void on_reset() override;

 private:
  struct Request {
    http::RequestHead head;
    std::string body;
    Endpoint* endpoint = nullptr;
  };

  Shard& shard();
  const Shard& shard() const;
  void finish_request(int status);
  template <typename Call>
  void answer_by(Call call);
  void begin_stream(Stream stream);
  void settle_web_socket();
  void end_stream();
  void leave_stream();
  void log(std::string_view note = {});

  Connection& connection_;
  http::Http1Session session_;
  std::unique_ptr<Request> request_;
  std::unique_ptr<Subscription> subscription_;
  std::unique_ptr<WebSocket> web_socket_;  // of the subscription; null for an event stream
  std::unique_ptr<Waiting> waiting_;       // until the request is answered
  std::unique_ptr<Presence> presence_;
  std::shared_ptr<const void> held_;  // until the session's output is sent
  HeldBytes prologue_;                // what is left of a stream's first bytes, between its head and the subscription's
  std::uint64_t token_ = 0;
  AccessRecord record_;  // of the request that is being answered
  Place stream_place_;
  StreamEnd end_ = StreamEnd::kFinished;
  bool in_session_ = false;  // a call of the session is on the stack: what it puts out is sent afterwards
  bool in_head_ = false;     // the deadline is that of a request's head
  bool ended_ = false;       // the subscription has ended; the response is to end too
  bool has_left_ = false;    // the peer will send nothing more
};

}  // namespace fanfare
