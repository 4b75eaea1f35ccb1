// The server's side of one HTTP/1.x connection, without I/O (RFC 9112): bytes come in by receive(), bytes to send
// stand in output(). It parses and checks requests, writes response heads, and knows when the connection must close.
// What it is not: it routes nothing, reads no clock, and does not carry the bytes of a stream (see begin_stream).
//
// Order of events for each request: on_head, on_body (any number), on_end. The next request's on_head comes only after
// the answer to this one is complete (respond, or begin_stream … end_stream), however many are pipelined; it comes out
// of the call that completed the answer, or out of consume_output when much output is unsent.
// The visitor may answer in any of these calls or later. No event of a request follows its answer. An answer given
// while a part of the body is missing means that the rest is not wanted: the connection closes after the answer.
// One thread; re-entrant from the visitor's calls, except receive() and destruction.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "fanfare/base/limits.h"
#include "fanfare/http/message.h"

namespace fanfare::http {

class Http1Visitor {
 public:
  virtual ~Http1Visitor() = default;

  // A request's head, checked. Returns how many bytes of body it accepts: more are answered 413 by the session. If the
  // visitor has not answered when this returns, and the client expects it, "100 Continue" goes out.
  virtual std::size_t on_head(RequestHead head) = 0;
  // A part of the body, decoded from chunks; valid during the call.
  virtual void on_body(std::string_view bytes) = 0;
  // The request is complete.
  virtual void on_end() = 0;
  // The session itself has answered with this status and reason and will close: bad framing, a limit, a timeout. A
  // request that has begun is over: it must not be answered any more. No event follows.
  virtual void on_refused(int status, std::string_view reason) = 0;
};

// How the bytes of a stream travel after begin_stream.
enum class StreamFraming {
  kChunked,         // each piece is wrapped as one chunk by whoever sends it (RFC 9112 section 7.1)
  kCloseDelimited,  // HTTP/1.0: bare bytes, the end of the connection ends the stream
};

class Http1Session {
 public:
  // visitor and limits are borrowed and must outlive the session. Limits may change between its calls.
  Http1Session(Http1Visitor& visitor, const Limits& limits);
  ~Http1Session();
  Http1Session(const Http1Session&) = delete;
  Http1Session& operator=(const Http1Session&) = delete;

  // Bytes from the peer, in any pieces; borrowed for the call. Bytes that belong to later requests wait until the
  // current one is answered, and while more than unsent_bytes_max of output stand. When more than
  // request_head_bytes_max of them wait, they are dropped, and the connection closes after the answer (during a
  // stream: wants_close() becomes true at once). So a connection that wants to serve pipelines of any length reads
  // nothing while is_answering() or while output() is not empty, and never more than that bound at a time.
  void receive(std::string_view bytes);
  // The peer will send nothing more; receive() must not follow. Requests already complete are still answered; one in
  // the middle is refused (400).
  void receive_end();
  // The time for the peer's next bytes is over: 408 if a request has begun, else a silent close. No effect while a
  // complete request awaits its answer or a stream is open.
  void timeout();

  // The three answers require a request that has begun and has no answer. Names and values of the header fields must
  // hold no CR, LF or NUL, and none of the fields that the session writes: both are asserted.
  //
  // Answers the current request with a whole response. For HEAD the body is left out, its Content-Length kept.
  // Content-Length is left out for 1xx, 204 and 304. close: end the connection afterwards in any case.
  void respond(const Response& response, bool close = false);
  // Answers a HEAD request for a stream: the head that begin_stream would write, and the end of the response. Only
  // for HEAD; begin_stream only for others.
  void respond_head(const ResponseHead& head);
  // Answers with a stream: writes the head; the caller then sends the stream's bytes itself after output() is empty,
  // framed as the return value says. close: the head says that the connection ends with the stream.
  StreamFraming begin_stream(const ResponseHead& head, bool close = false);
  // The stream is complete: appends the last chunk to output(), or closes where the close is the end. The caller has
  // sent all of the stream's bytes before it sends what this adds.
  void end_stream();

  // Answers with 101: after output() the connection speaks what the head's Upgrade says, and receive() must not be
  // called any more. Returns the bytes that have come behind the request: they are of that protocol. end_stream() is
  // called when it is over.
  std::string upgrade(const ResponseHead& head);

  // Bytes to send now; valid until the next call of a member that is not const.
  std::string_view output() const;
  // So many bytes of output() are sent.
  void consume_output(std::size_t bytes);

  // The connection must be closed once output() is empty.
  bool wants_close() const;
  // A request has begun to arrive and is not complete (the shorter idle limit applies).
  bool is_receiving() const;
  // The request is complete and its answer is not, or a stream is open.
  bool is_answering() const;
  bool is_streaming() const;

  // Bytes of heap memory held beside the session's own 160: 0 between requests and while a stream is open, with all
  // output consumed and nothing pipelined.
  std::size_t memory_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fanfare::http
