// One TCP connection: the only place where an HTTP session meets a socket. It reads bytes into the session, brings
// requests to their endpoints, carries the answers back, and is the outlet of a stream's subscription.
//
//   waiting for a request -> receiving -> answering -> (waiting | streaming | lingering) -> closed
//
// Lingering: everything is sent and the sending side is shut; the peer gets linger_ms to read it before we close, since
// closing with unread input would reset the connection under its answer.
// One thread: the shard's, which owns it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fanfare/http/http1_session.h"
#include "fanfare/hub/subscription.h"
#include "fanfare/net/address.h"
#include "fanfare/net/socket.h"
#include "fanfare/server/exchange.h"

namespace fanfare {

class Shard;

class Connection final : public net::SocketVisitor, public http::Http1Visitor, public Exchange, public Outlet {
 public:
  // At most this many pieces go out in one write.
  static constexpr std::size_t kSlicesMax = 64;

  // What is asked gets its answer, or 503 because the server is full, or 429 because the address has too many.
  enum class Reception { kServed, kFull, kTooMany };
  Connection(Shard& shard, int fd, const net::Address& peer, Reception reception, Place place);
  ~Connection() override;

  void start();
  bool is_closed() const { return !socket_.is_open(); }
  // Nothing more is to be expected of the peer by then; 0: no limit.
  std::uint64_t deadline_ms() const { return deadline_ms_; }
  void on_deadline();
  // The server is shutting down: an open stream ends after these event-stream bytes, a quiet connection at once.
  void drain(std::string_view last_words);
  // The stream's token has expired: it ends.
  void expire();
  // Closes it if nothing has been heard of the peer's machine, now and when this was last called, 1/8 of dead_peer_ms
  // ago: so it is closed within dead_peer_ms.
  void close_if_peer_is_gone();

  // The flush of the turn: what to send, and what became of it.
  int fd() const { return socket_.fd(); }
  std::size_t compose(std::span<std::string_view> slices);
  void on_written(net::IoResult result, std::size_t bytes_composed);

  // Where the shard keeps it.
  std::size_t index = 0;
  std::size_t timed_index = 0;
  bool is_timed = false;
  bool is_dirty = false;

  // net::SocketVisitor
  void on_readable() override;
  void on_writable() override;
  // http::Http1Visitor
  std::size_t on_head(http::RequestHead head) override;
  void on_body(std::string_view bytes) override;
  void on_end() override;
  void on_refused(int status, std::string_view reason) override;
  // Exchange
  const http::RequestHead& head() const override { return request_->head; }
  std::string_view body() const override { return request_->body; }
  net::IpAddress client() const override;
  void respond(http::Response response) override;
  void respond_holding(http::Response response, std::shared_ptr<const void> held) override;
  void respond_head(http::ResponseHead head) override;
  void start_stream(http::ResponseHead head, Stream stream) override;
  Outlet& outlet() override { return *this; }
  Framing framing() const override;
  std::uint64_t token() override;
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

  void receive();
  bool wants_bytes() const;
  void read_on();
  void finish_request(int status);
  template <typename Call>
  void answer_by(Call call);
  void send_now();
  bool consume(std::size_t bytes);
  void settle();
  void end_stream();
  void set_deadline();
  void linger();
  void close();
  void log_access(int status, std::string_view note = {});

  Shard& shard_;
  net::Socket socket_;
  http::Http1Session session_;
  std::unique_ptr<Request> request_;
  std::unique_ptr<Subscription> subscription_;
  std::unique_ptr<Presence> presence_;
  std::shared_ptr<const void> held_;  // until the session's output is sent
  std::string prologue_;              // a stream's first bytes, framed, between its head and the subscription's
  std::uint64_t deadline_ms_ = 0;
  std::uint64_t token_ = 0;
  std::uint64_t started_us_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::string path_;  // of the request being answered, for the access log
  std::string method_;
  std::string peer_;
  const net::IpAddress peer_address_;
  const Place place_;   // of the connection
  Place stream_place_;  // of its stream
  std::uint16_t status_ = 0;
  const Reception reception_;
  StreamEnd end_ = StreamEnd::kFinished;
  bool in_session_ = false;  // a call of the session is on the stack: what it puts out is sent afterwards
  bool in_head_ = false;     // the deadline is that of a request's head
  bool blocked_ = false;     // waiting for the socket to take more
  bool lingering_ = false;
  bool ended_ = false;  // the subscription has ended; the response is to end too
  bool reset_ = false;  // … the connection is to be reset
  bool peer_ended_ = false;
  bool peer_is_silent_ = false;  // when it was last looked at
  bool is_retired_ = false;
};

}  // namespace fanfare
