// What an HTTP/2 session knows of its streams, and how many bytes of requests their visitor holds. No frames: those are
// the session's.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "fanfare/base/limits.h"

namespace fanfare::http {

using StreamId = std::uint32_t;

class Http2Source;

// A stream's request goes kHead -> kBody -> kComplete; its answer none -> answered -> told: the visitor has had the
// stream's end. The stream stays until nghttp2 closes it, which for a reset is when RST_STREAM is composed.
struct Http2Stream {
  enum class Request : std::uint8_t { kHead, kBody, kComplete };

  explicit Http2Stream(StreamId number) : id(number) {}

  // The client's next bytes are waited for.
  bool is_awaited() const { return !told && !answered && request != Request::kComplete; }
  bool takes_body() const { return !told && (!answered || is_tunnel); }

  // What a turn of an event stream needs, side by side.
  const StreamId id;
  Request request = Request::kHead;
  bool is_dry = false;            // the source has nothing, until resume()
  bool is_ending = false;         // nothing more is asked of it
  bool is_sendable = false;       // its head is composed, its end is not
  bool is_queued = false;         // for its turn
  Http2Source* source = nullptr;  // of its answer's bytes; null: the answer is a whole response, or has been told
  std::int64_t window = 0;        // bytes that the client takes now

  std::string body;                // of a whole response, until it is composed
  std::size_t body_sent = 0;       // … the part that has been
  std::uint64_t progress_ms = 0;   // when its head began, or the last part of its body came
  std::uint64_t acceptable = 0;    // bytes of the request's body that may still come
  std::uint64_t received = 0;      // … and that the visitor holds
  std::uint32_t withheld = 0;      // bytes that came and for which the window is not yet open again
  std::uint8_t heads_waiting = 0;  // of its answer, 100 and the final one, until they are composed
  bool is_head = false;            // the method is HEAD
  bool is_tunnel = false;
  bool answered = false;
  bool told = false;
  bool end_sent = false;
  bool reset_by_peer = false;
  bool reset_by_owner = false;
};

class Http2Streams {
 public:
  // References stay valid until erase.
  Http2Stream& add(StreamId id, std::uint64_t now_ms, std::int64_t window);
  Http2Stream* find(StreamId id);
  void erase(StreamId id) { streams_.erase(id); }
  bool empty() const { return streams_.empty(); }
  // In the order in which they were opened.
  std::vector<StreamId> ids() const;

  // A part of the request has come, and the visitor keeps it until release().
  void hold(Http2Stream& stream, std::size_t bytes);
  void release(Http2Stream& stream);
  // Whether the client may send more of this request. Beyond request_body_bytes_max of unanswered requests only the
  // first that is incomplete may, so that one at least can be finished.
  bool may_hold_more(const Http2Stream& stream, const Limits& limits) const;

  // When the first request that is awaited has been so for idle_ms; 0: none is.
  std::uint64_t deadline_ms(std::size_t idle_ms) const;

  std::size_t memory_bytes() const;

 private:
  std::unordered_map<StreamId, Http2Stream> streams_;
  std::size_t held_bytes_ = 0;
};

}  // namespace fanfare::http
