// The server's side of one WebSocket after its handshake, without I/O (RFC 6455 sections 5 to 8, RFC 7692): the
// client's bytes come in by receive(), control frames to send stand in output(). It checks frames and text, inflates,
// answers pings, keeps the closing handshake, and ends clients that break a rule or flood. What it is not: it sends no
// data frames (those are prepared_message.h's, sent by reference), holds no messages, and reads no clock. Times are
// milliseconds of any steady clock.
//
// Order of events: any number of messages, each on_message, on_data (any number), on_message_end; on_pong may come
// anywhere. At most one of on_close and on_failed comes, as the last event, perhaps in the middle of a message. After
// close() there is no event but this last one.
// One thread. Inside the visitor's calls ping() and close() may be called; receive() and destruction must wait until
// the call that they are in has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "fanfare/base/limits.h"
#include "fanfare/websocket/close_code.h"
#include "fanfare/websocket/deflate_offer.h"

namespace fanfare::websocket {

enum class MessageKind : std::uint8_t { kText, kBinary };

class Visitor {
 public:
  virtual ~Visitor() = default;

  // A message begins.
  virtual void on_message(MessageKind kind) = 0;
  // The next part of it, unmasked and inflated; never empty, valid during the call. Text is UTF-8 so far, but a
  // character may be cut. All parts together are at most websocket_message_bytes_max.
  virtual void on_data(std::string_view bytes) = 0;
  // The message is complete, and text is UTF-8 as a whole.
  virtual void on_message_end() = 0;
  // An answer to a ping, or a sign of life that nobody has asked for. payload: at most 125 bytes, during the call.
  virtual void on_pong(std::string_view payload) = 0;
  // The client has closed (kNone: without a code), or has answered close(). reason: UTF-8, at most 123 bytes, during
  // the call. If it was first, its answer stands in output().
  virtual void on_close(CloseCode code, std::string_view reason) = 0;
  // The client has broken a rule or exceeded a limit; the Close frame with this code and reason stands in output(),
  // unless close() had sent one already.
  virtual void on_failed(CloseCode code, std::string_view reason) = 0;
};

class Session {
 public:
  // visitor and limits are borrowed and must outlive the session. Limits may change between its calls.
  // deflate: what the handshake has agreed on.
  Session(Visitor& visitor, const Limits& limits, const std::optional<DeflateTerms>& deflate);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Bytes from the client in any pieces; borrowed for the call. It may be called while output() cannot be sent: what
  // that can pile up is bounded. After the last event, bytes are ignored. That no more bytes will come needs no call.
  void receive(std::string_view bytes, std::uint64_t now_ms);

  // Puts a ping into output(), in place of one that has not begun to be sent. payload: at most 125 bytes, asserted. No
  // effect unless is_open().
  void ping(std::string_view payload);
  // Begins the closing handshake. code must be one for the wire, reason UTF-8 of at most 123 bytes: asserted. No effect
  // unless is_open(). The client may never answer: its time to do so is the owner's to bound.
  void close(CloseCode code, std::string_view reason);

  // Control frames to send now, less than 1 KB; valid until the next call of a member that is not const. They go
  // between two data frames: a data frame that has begun to be sent comes to its end first, and one of these that has
  // been sent in part goes on before the next data frame.
  std::string_view output() const;
  // So many bytes of output() are sent.
  void consume_output(std::size_t bytes);

  // Data frames may begin to be sent. False from close() or the last event on, for nothing may follow a Close frame.
  bool is_open() const;
  // The connection must be closed once output() is empty: both have closed, or the client has failed.
  bool wants_close() const;

  // Bytes of heap memory held: 152 of its own, and nothing else while no message is being received, no control frame
  // has come in part, and all output is consumed. A compressed message takes an inflater until its end, 8 KB or, where
  // the client has not let us choose its window, 40 KB.
  std::size_t memory_bytes() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace fanfare::websocket
