// A client's end of an HTTP/2 connection to a real server: it sends whatever it is told to, and takes apart what comes,
// which it asserts to be legal. One thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/http/http2_frame_scanner.h"
#include "fuzz/http2_deeds.h"
#include "fuzz/served.h"

namespace fanfare::fuzz {

class Http2Peer {
 public:
  struct Stream {
    int status = 0;           // of the final answer; 0: none has come
    std::string body;         // as it came, for the owner to take
    bool has_ended = false;   // by END_STREAM
    bool was_reset = false;   // by either side
    bool was_opened = false;  // by this client's HEADERS
  };

  explicit Http2Peer(std::uint16_t port, std::string_view settings = {}) : connection_(port) {
    FANFARE_CHECK(connection_.is_open() && nghttp2_hd_inflate_new(&inflater_) == 0);
    send(http::preface(settings));
    send(http::window_update(0, 0x40000000));
    has_sent_settings_ = false;
  }
  ~Http2Peer() { nghttp2_hd_inflate_del(inflater_); }
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  // What a closed connection does not take is lost.
  void send(std::string_view bytes) {
    note_sent(bytes);
    connection_.send(bytes, kPatience);
  }

  // Completes a frame that was begun, and reads until the server has answered to all that was sent. False: it has ended
  // the connection instead.
  bool sync() {
    while (is_in_head_) send(std::string_view("", 1));
    if (rest_ > 0) send(std::string(std::min<std::size_t>(rest_, 20'000), '\0'));
    const std::string payload = http::number(++pings_, 8);
    send(http::frame(http::kPingFrame, 0, 0, payload));
    return read_until([&] { return last_pong_ == payload; });
  }
  // False: the connection has ended before it holds.
  template <typename Holds>
  bool read_until(Holds holds) {
    while (!holds()) {
      if (take_frame()) continue;
      if (connection_.receive(kPatience)) continue;
      FANFARE_CHECK(connection_.ended() != live::Ended::kNo);  // else the server is silent
      while (take_frame()) {
      }
      return holds();
    }
    return true;
  }

  Stream& stream(http::StreamId id) { return streams_[id]; }
  // … since the connection began.
  bool has_sent_settings() const { return has_sent_settings_; }

 private:
  // Of the client's own frames: where the last one ends, and which streams it reset.
  void note_sent(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto step = scanner_.step(bytes);
      bytes.remove_prefix(step.bytes);
      if (step.begins_frame) {
        rest_ = scanner_.head().length;
        const auto [type, flags, stream, length] = scanner_.head();
        if (type == http::kHeadersFrame) streams_[stream].was_opened = true;
        if (type == http::kRstStreamFrame) streams_[stream].was_reset = true;
        if (type == http::kSettingsFrame) has_sent_settings_ = true;
      }
      is_in_head_ = !step.begins_frame && step.payload.empty();
      rest_ -= std::min(rest_, step.payload.size());
    }
  }

  bool take_frame() {
    std::string& received = connection_.received();
    if (received.size() < 9) return false;
    const std::size_t size = 9 + http::number_at(received, 0, 3);
    if (received.size() < size) return false;
    const http::Frame frame = http::frames_of(std::string_view(received).substr(0, size)).front();
    received.erase(0, size);
    order_.see(frame);
    Stream& stream = streams_[frame.stream];
    const bool is_ping_ack = frame.type == http::kPingFrame && (frame.flags & http::kAck) != 0;
    if (is_ping_ack) last_pong_ = frame.payload;
    if (frame.type == http::kDataFrame) stream.body += frame.payload;
    if (frame.type == http::kHeadersFrame) read_head(stream, frame.payload);
    if (frame.type == http::kDataFrame || frame.type == http::kHeadersFrame)
      stream.has_ended |= (frame.flags & http::kEndStream) != 0;
    if (frame.type == http::kRstStreamFrame) stream.was_reset = true;
    return true;
  }

  void read_head(Stream& stream, std::string_view block) {
    auto* bytes = reinterpret_cast<const std::uint8_t*>(block.data());
    std::size_t size = block.size();
    for (;;) {
      nghttp2_nv field;
      int flags = 0;
      const auto taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, bytes, size, 1);
      FANFARE_CHECK(taken >= 0);
      bytes += taken;
      size -= static_cast<std::size_t>(taken);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        const std::string_view name(reinterpret_cast<const char*>(field.name), field.namelen);
        const auto* value = reinterpret_cast<const char*>(field.value);
        if (name == ":status") std::from_chars(value, value + field.valuelen, stream.status);
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && size == 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    if (stream.status < 200) stream.status = 0;
  }

  live::Connection connection_;
  http::Http2FrameScanner scanner_;
  std::size_t rest_ = 0;  // bytes of payload that the frame which was begun still lacks
  bool is_in_head_ = false;
  bool has_sent_settings_ = false;
  std::uint64_t pings_ = 0x1000;
  std::string last_pong_;
  Http2Order order_;
  std::map<http::StreamId, Stream> streams_;
  nghttp2_hd_inflater* inflater_ = nullptr;
};

// The request for a stream of topic `a`. query: more of it, each part with its "&".
inline std::string subscribe_frame(http::StreamId id, std::string_view query = {}, std::string_view fields = {}) {
  return http::get(id, std::string(kHubPath) + "?topic=a" + std::string(query), fields);
}

}  // namespace fanfare::fuzz
