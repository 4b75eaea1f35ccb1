// A subscriber by WebSocket, whatever carries it: the session, which reads what the client says, and the frames of its
// subscription, with the session's control frames between them. The client has nothing to say but control frames: a
// message is answered with a Close.
// What it is not: it owns neither the subscription nor the connection. One thread: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/hub/subscription.h"
#include "fanfare/websocket/session.h"

namespace fanfare {

class WebSocket final : private websocket::Visitor {
 public:
  // limits is borrowed. deflate: what the handshake has agreed on.
  WebSocket(const Limits& limits, const std::optional<websocket::DeflateTerms>& deflate)
      : session_(*this, limits, deflate) {}

  void receive(std::string_view bytes, std::uint64_t now_ms) { session_.receive(bytes, now_ms); }

  // Begins the closing handshake, if nobody has: the subscription has ended, or is to.
  void close(StreamEnd end);
  void close(websocket::CloseCode code, std::string_view reason) { session_.close(code, reason); }
  // Events may be sent. Else what is left are the rest of a begun unit and control frames.
  bool is_open() const { return session_.is_open(); }
  // Nothing is left to send, and nothing is awaited of the client.
  bool is_over() const { return session_.wants_close() && session_.output().empty(); }
  bool has_output() const { return !session_.output().empty(); }
  // How it ended, for the log; empty while it goes on.
  std::string_view note() const { return note_; }

  // For a connection of its own: what to send, then how much of it was taken. Returns whether there is more at once.
  std::size_t compose(Subscription& subscription, std::span<std::string_view> slices);
  bool consume(Subscription& subscription, std::size_t bytes);
  // Both in one: for a stream of HTTP/2. What has no rendition is valid until the next call.
  Subscription::Taken take(Subscription& subscription, std::size_t bytes_max, std::vector<HeldBytes>& into);

 private:
  void on_message(websocket::MessageKind) override {}
  void on_data(std::string_view) override {}
  void on_message_end() override;
  void on_pong(std::string_view) override {}
  void on_close(websocket::CloseCode code, std::string_view reason) override;
  void on_failed(websocket::CloseCode code, std::string_view reason) override;

  websocket::Session session_;
  std::string note_;
  std::string control_;         // what take() gave last
  bool control_first_ = false;  // … and compose(): the session's output comes before the subscription's bytes
};

}  // namespace fanfare
