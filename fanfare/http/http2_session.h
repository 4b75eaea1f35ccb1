// The server's side of one HTTP/2 connection, without I/O (RFC 9113, by nghttp2): bytes come in by receive(), compose()
// gives what to send. It checks requests, writes answers, keeps flow control, and ends clients that abuse the protocol.
// What it is not: it routes nothing, reads no clock, and never holds the bytes of a stream of events (see Http2Source).
// Times are milliseconds of any steady clock.
//
// Order of events for each stream: on_head, on_body (any number), on_end; none of these after the answer has begun,
// but in a tunnel (an extended CONNECT, RFC 8441). Each stream that had its on_head ends with exactly one of on_sent,
// on_refused and on_reset, and has no event afterwards; its id must not be used any more.
// One thread. Inside the visitor's calls, answers (respond … reset) may be given to any stream; receive(), compose(),
// timeout(), receive_end() and destruction must wait until the call that they are in has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fanfare/base/limits.h"
#include "fanfare/http/http2_streams.h"
#include "fanfare/http/message.h"

namespace fanfare::http {

// RFC 9113 section 7. A peer may send others, too.
enum class Http2Error : std::uint32_t {
  kNoError = 0x0,
  kProtocolError = 0x1,
  kInternalError = 0x2,
  kFlowControlError = 0x3,
  kSettingsTimeout = 0x4,
  kStreamClosed = 0x5,
  kFrameSizeError = 0x6,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kCompressionError = 0x9,
  kConnectError = 0xa,
  kEnhanceYourCalm = 0xb,
  kInadequateSecurity = 0xc,
  kHttp11Required = 0xd,
};

// Why a stream ended before its answer was sent.
enum class ResetReason : std::uint8_t {
  kPeer,        // the client does not want it any more: how a subscriber leaves
  kViolation,   // the client broke a rule on this stream; the session has reset it
  kConnection,  // the connection as a whole is over
};

// What of a stream's body can go now, in answer to body_ready.
struct BodyPiece {
  enum class Next : std::uint8_t {
    kWait,  // nothing more for now: body_ready comes again only after resume()
    kMore,  // there may be more at once
    kEnd,   // these bytes are the last
  };
  std::size_t bytes = 0;  // 0 only with kWait and kEnd
  Next next = Next::kWait;
};

// Who gives the bytes of a stream that was begun by begin_stream. It must live until the stream's end (on_sent,
// on_reset, reset), and no longer is it asked.
class Http2Source {
 public:
  virtual ~Http2Source() = default;
  // 1 to bytes_max bytes may go. What this returns is committed: the sink gets it as append_body before anything else
  // is asked. Comes out of compose() only; must not call the session.
  virtual BodyPiece body_ready(std::size_t bytes_max) = 0;

 private:
  friend class Http2Session;
  Http2Stream* stream_ = nullptr;  // the session's, from begin_stream to the end: so that no news has to look it up
};

class Http2Visitor {
 public:
  virtual ~Http2Visitor() = default;

  // A request's head, checked. Returns how many bytes of body it accepts: more are answered 413 by the session (a
  // tunnel has no such bound). If the visitor has not answered when this returns, and the client expects it, 100 goes
  // out.
  virtual std::size_t on_head(StreamId stream, RequestHead head) = 0;
  // A part of the body; valid during the call.
  virtual void on_body(StreamId stream, std::string_view bytes) = 0;
  // The request is complete; of a tunnel: the client will send nothing more in it.
  virtual void on_end(StreamId stream) = 0;
  // The session itself has answered with this status and reason. The stream may have had no on_head.
  virtual void on_refused(StreamId stream, int status, std::string_view reason) = 0;
  // The stream is over before its answer was composed whole. code: as sent or received.
  virtual void on_reset(StreamId stream, ResetReason why, Http2Error code) = 0;
  // The answer has been composed to its end.
  virtual void on_sent(StreamId stream) = 0;
  // The connection will close with this error, which the client caused. Every stream has had its end.
  virtual void on_failed(Http2Error code, std::string_view reason) = 0;
};

// What compose() writes to, in the order of the wire.
class Http2Sink {
 public:
  virtual ~Http2Sink() = default;
  // Bytes of the session's own, to be copied: valid during the call.
  virtual void append(std::string_view own) = 0;
  // The next `bytes` of the stream's body, which body_ready has just given: to be referenced, not copied.
  virtual void append_body(StreamId stream, std::size_t bytes) = 0;
};

enum class ExtendedConnect : std::uint8_t { kRefused, kAccepted };

class Http2Session {
 public:
  // visitor and limits are borrowed and must outlive the session. Limits may change between its calls, but for
  // http2_streams_max and request_head_bytes_max, which the client has been told: it would be refused what it may send.
  // kAccepted: tells the client that it may open tunnels; their RequestHead has a `protocol`.
  Http2Session(Http2Visitor& visitor, const Limits& limits, std::uint64_t now_ms,
               ExtendedConnect extended_connect = ExtendedConnect::kRefused);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Bytes from the peer in any pieces, the connection preface first; borrowed for the call. It should be called also
  // while output cannot be sent, for only so windows open and departures are seen: what that can pile up is bounded.
  void receive(std::string_view bytes, std::uint64_t now_ms);
  // The peer will send nothing more, or is gone: every stream is reset (kConnection), nothing is composed any more.
  void receive_end();

  // When timeout() is to be called, or 0: a request's head has request_idle_ms to arrive, and so has each next part of
  // its body; a connection without streams ends after keep_alive_idle_ms.
  std::uint64_t deadline_ms() const;
  // Ends what is overdue by now: 408 for a body, GOAWAY for all else.
  void timeout(std::uint64_t now_ms);

  // The answers. The first three require a stream that has no answer yet. Names may have capitals (HTTP/2 has none:
  // they are lowered); fields of a connection are left out. Names and values must hold no CR, LF or NUL, and be none of
  // the fields that the session writes in HTTP/1.1: both are asserted. An answer before the end of the request means
  // that the rest is not wanted: RST_STREAM(NO_ERROR) follows it.
  //
  // Answers with a whole response, which is held until it is composed. For HEAD the body is left out, its
  // Content-Length kept; 204 and 304 have neither. Status from 200.
  void respond(StreamId stream, Response response);
  // Answers a HEAD request for a stream. Only for HEAD; begin_stream only for others.
  void respond_head(StreamId stream, const ResponseHead& head);
  // Answers with a stream: its bytes are the source's, which is asked for them.
  void begin_stream(StreamId stream, const ResponseHead& head, Http2Source& source);
  // There is news after BodyPiece::kWait. Nothing, if the source's stream has not begun or has ended.
  void resume(Http2Source& source);
  // The stream is complete with what has been composed: END_STREAM follows.
  void end_stream(StreamId stream);
  // Ends the stream at once, whatever its state; no event follows.
  void reset(StreamId stream, Http2Error code);

  // Composes frames into the sink until nothing more can go, or until there are bytes_max: beyond them comes no DATA
  // but the frame of 16 KiB at most that exceeds them; all other frames, which are few, come at once. Streams take
  // turns by frames, whatever the client says of their urgency, so none can starve another. Returns the bytes composed;
  // all of them must be sent, in order.
  std::size_t compose(Http2Sink& sink, std::size_t bytes_max, std::uint64_t now_ms);
  bool wants_compose() const;

  // No new streams: GOAWAY; those that are open go on. One that was on its way is not looked at, and the client knows
  // by the GOAWAY that it may be sent again elsewhere, so no earlier GOAWAY of stream 2^31-1 warns it.
  void drain();

  // The connection must be closed once all that was composed is sent.
  bool wants_close() const;
  // No stream is open.
  bool is_idle() const;

  // All heap memory held, nghttp2's, the answers' bodies and this object's own included.
  std::size_t memory_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fanfare::http
