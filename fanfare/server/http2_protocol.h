// HTTP/2 on a connection: brings the requests of its streams to their endpoints, and carries their answers back, with
// one composition a turn for all of them. The bytes of event streams are held, not copied. One thread: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fanfare/http/http2_session.h"
#include "fanfare/server/http2_exchange.h"
#include "fanfare/server/outbox.h"
#include "fanfare/server/protocol.h"

namespace fanfare {

class Connection;
class Shard;

class Http2Protocol final : public Protocol, public http::Http2Visitor, private http::Http2Sink {
 public:
  // connection is borrowed: it owns this.
  explicit Http2Protocol(Connection& connection);
  ~Http2Protocol() override;

  // Protocol
  bool wants_bytes() const override { return true; }
  void receive(std::string_view bytes) override;
  void receive_end() override;
  bool has_output() const override { return !outbox_.empty() || session_.wants_compose(); }
  std::size_t compose(std::span<std::string_view> slices) override;
  Consumed consume(std::size_t bytes) override;
  void settle() override;
  void set_deadline() override;
  void on_deadline() override;
  void drain(std::string_view last_words) override;
  void on_closed(std::string_view note) override;
  // http::Http2Visitor
  std::size_t on_head(http::StreamId stream, http::RequestHead head) override;
  void on_body(http::StreamId stream, std::string_view bytes) override;
  void on_end(http::StreamId stream) override;
  void on_refused(http::StreamId stream, int status, std::string_view reason) override;
  void on_reset(http::StreamId stream, http::ResetReason why, http::Http2Error code) override;
  void on_sent(http::StreamId stream) override;
  void on_failed(http::Http2Error code, std::string_view reason) override;

  // For the exchanges.
  Connection& connection() const { return connection_; }
  Shard& shard() const;
  http::Http2Session& session() { return session_; }
  // An answer has been given to the session: it goes out at once, unless more is to come of what is received.
  void send_answer();
  // One more request has its whole answer, which is to be composed yet.
  void owe_answer();
  // The exchange has news; its stream must be reset. From inside the hub.
  void on_news(Http2Exchange& exchange);
  void reset_later(http::StreamId stream);
  // Where a source puts what it gives: the sink takes it from there.
  std::vector<HeldBytes>& taken() { return taken_; }

 private:
  void append(std::string_view own) override;
  void append_body(http::StreamId stream, std::size_t bytes) override;

  void note_news();
  void give_up_answers();
  void forget(http::StreamId stream, std::string_view note);

  Connection& connection_;
  http::Http2Session session_;
  std::unordered_map<http::StreamId, std::unique_ptr<Http2Exchange>> exchanges_;
  Outbox outbox_;
  std::vector<HeldBytes> taken_;  // by body_ready, for append_body
  // What came while the session was busy, or from inside the hub.
  std::vector<http::StreamId> news_;
  std::vector<http::StreamId> resets_;
  std::string_view close_note_;
  bool in_session_ = false;
  bool has_ended_ = false;         // some stream has, since the deadline was set
  std::size_t answers_owed_ = 0;   // requests with an answer that is not composed to its end
  std::uint64_t progress_ms_ = 0;  // when the first of them began to be owed, or bytes were last taken
};

}  // namespace fanfare
