// Inside of Http2Session: what stands between its calls and nghttp2's. Only this header and the two files that include
// it (http2_session.cc: the connection; http2_exchange.cc: its requests and answers) know nghttp2.
// One thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "fanfare/http/counted_memory.h"
#include "fanfare/http/http2_abuse.h"
#include "fanfare/http/http2_frame_scanner.h"
#include "fanfare/http/http2_head.h"
#include "fanfare/http/http2_session.h"
#include "fanfare/http/syntax.h"

namespace fanfare::http {

constexpr std::int64_t kInitialWindow = 65'535;  // RFC 9113 section 6.9.2
constexpr std::int64_t kWindowMax = 0x7fffffff;

constexpr std::int32_t number_of(StreamId stream) {
  return static_cast<std::int32_t>(stream);
}

inline std::string_view view_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// nghttp2 keeps what is received, HPACK, and the states of streams. DATA is composed here, and so the windows for it
// are kept here: nghttp2 takes 0.4 us for a frame, sees no WINDOW_UPDATE that is in order, and is told of the end of an
// answer by a RST_STREAM that is not sent.
struct Http2Session::State {
  using Stream = Http2Stream;
  using Request = Http2Stream::Request;

  State(Http2Visitor& v, const Limits& l, std::uint64_t now) : visitor(v), limits(l), now_ms(now), idle_since_ms(now) {}
  ~State() { nghttp2_session_del(session); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static void set_callbacks(nghttp2_session_callbacks* calls);
  void start(ExtendedConnect extended_connect);
  Stream* find(StreamId id) { return streams.find(id); }
  Stream& unanswered(StreamId id);

  // Requests.
  bool begin_frame(FrameHead frame);
  void receive(std::string_view bytes);
  void receive_increment(std::string_view bytes);
  void open_send_window(StreamId id, std::uint32_t increment);
  void change_initial_window();
  // Out of nghttp2's callbacks: all return what those return.
  int on_begin_headers(const nghttp2_frame& frame);
  int on_field(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  int on_frame(const nghttp2_frame& frame);
  int on_data(StreamId id, std::string_view bytes);
  int on_closed(StreamId id, Http2Error code);
  void begin_request(Stream& stream, bool is_end);
  void end_request(Stream& stream);
  void open_window(Stream& stream);
  void open_withheld_windows();

  // Answers.
  void submit(Stream& stream, int status, const Headers& headers, std::optional<std::size_t> content_length,
              bool has_body);
  void answer(Stream& stream, Response response);
  void refuse(Stream& stream, Refusal refusal);
  void release_request(Stream& stream);

  // Output.
  void enqueue(Stream& stream);
  void dequeue(Stream& stream);
  void compose_control();
  void compose_data();
  void compose_data_of(Stream& stream);
  void append_data(Stream& stream, std::size_t bytes, bool is_end);
  BodyPiece next_piece(Stream& stream, std::size_t bytes_max);
  // Out of nghttp2's callbacks.
  int on_frame_sent(const nghttp2_frame& frame);
  int on_frame_not_sent(const nghttp2_frame& frame, int error);
  void on_end_sent(Stream& stream);

  // The end.
  void charge_reset();
  void terminate(Http2Error code);
  void fail_streams(Http2Error code);
  bool end_for_visitor(Stream& stream);

  Http2Visitor& visitor;
  const Limits& limits;
  CountedMemory memory;
  nghttp2_session* session = nullptr;
  Http2Streams streams;
  std::unique_ptr<Http2Head> head;  // of the one request whose header block is being received
  StreamId head_stream = 0;
  Http2Sink* sink = nullptr;  // during compose()
  std::size_t composed_bytes = 0;
  std::size_t composed_bytes_max = 0;
  std::size_t trailer_bytes = 0;
  std::uint64_t now_ms;
  std::uint64_t idle_since_ms;
  std::vector<Stream*> turns;            // streams that may have bytes to send, in order; null: it is gone
  std::vector<Stream*> round;            // … of which each is having its turn
  std::vector<StreamId> endings;         // streams of which only the end is to be sent
  std::int64_t window = kInitialWindow;  // bytes of data that the client takes now, on all streams
  std::int64_t initial_window = kInitialWindow;
  Http2FrameScanner scanner;
  std::uint32_t increment = 0;  // of the WINDOW_UPDATE that is being received
  std::uint8_t increment_bytes_awaited = 0;
  Http2Abuse abuse;
  bool has_withheld = false;
  bool has_settings = false;  // the client's
  bool in_header_block = false;
  bool swallows_frame = false;  // the frame that nghttp2 gives next is not sent
  bool is_draining = false;
  bool is_terminating = false;
  bool is_dead = false;
  bool is_running = false;  // a call of nghttp2 that forbids others is on the stack
};

}  // namespace fanfare::http
