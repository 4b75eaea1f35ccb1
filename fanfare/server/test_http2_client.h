// For tests, not for the program: the far end of an HTTP/2 connection in clear, whose frames are made by hand.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fanfare/http/http2_recorder.h"
#include "fanfare/server/server_under_test.h"

namespace fanfare {

inline constexpr std::uint16_t kInitialWindowSize = 4;  // RFC 9113 section 6.5.2
inline constexpr std::uint32_t kLargeWindow = 0x40000000;

// One connection; what comes is kept by stream.
class Http2Client {
 public:
  explicit Http2Client(std::uint16_t port, std::uint32_t stream_window = kLargeWindow, int receive_buffer_bytes = 0)
      : client_(port, receive_buffer_bytes) {
    send(http::preface(http::setting(kInitialWindowSize, stream_window)) + http::window_update(0, kLargeWindow));
  }

  void send(std::string_view frames) { client_.send(frames); }
  http::StreamId subscribe(const std::string& query, std::string_view more = {}) {
    return request(http::get(next_, "/.well-known/mercure?" + query, more));
  }
  http::StreamId publish(const std::string& form) {
    const std::string fields = http::pseudo("POST", "/.well-known/mercure") +
                               http::field("authorization", "Bearer " + token_for({"*"}, {})) +
                               http::field("content-type", "application/x-www-form-urlencoded");
    return request(http::frame(http::kHeadersFrame, http::kEndHeaders, next_, fields) +
                   http::frame(http::kDataFrame, http::kEndStream, next_, form));
  }
  http::StreamId request(std::string_view frames) {
    send(frames);
    return std::exchange(next_, next_ + 2);
  }

  // The stream that request() will open next.
  http::StreamId next() const { return next_; }

  // Reads frames until it holds; false if the connection ends before.
  template <typename Holds>
  bool read_until(Holds holds) {
    while (!holds()) {
      if (!read_frame()) return holds();
    }
    return true;
  }
  bool read_body(http::StreamId stream, std::string_view part) {
    return read_until([&] { return body(stream).find(part) != std::string::npos; });
  }
  bool read_end(http::StreamId stream) {
    return read_until([&] { return streams_[stream].has_ended; });
  }
  const std::string& body(http::StreamId stream) { return streams_[stream].body; }
  std::optional<std::uint32_t> reset_code(http::StreamId stream) { return streams_[stream].reset_code; }
  std::optional<std::uint32_t> goaway_code() const { return goaway_code_; }
  bool reads_to_the_end() {
    while (read_frame()) {
    }
    return true;
  }

 private:
  struct Stream {
    std::string body;
    bool has_ended = false;
    std::optional<std::uint32_t> reset_code;
  };

  bool read_frame() {
    const std::string head = client_.read_bytes_or_end(9);
    if (head.size() < 9) return false;
    const std::string payload = client_.read_bytes_or_end(http::number_at(head, 0, 3));
    const auto type = static_cast<std::uint8_t>(head[3]);
    const auto flags = static_cast<std::uint8_t>(head[4]);
    const auto stream = static_cast<http::StreamId>(http::number_at(head, 5, 4));
    if (type == http::kDataFrame) streams_[stream].body += payload;
    if ((type == http::kDataFrame || type == http::kHeadersFrame) && (flags & http::kEndStream) != 0) {
      streams_[stream].has_ended = true;
    }
    if (type == http::kRstStreamFrame) {
      streams_[stream].reset_code = static_cast<std::uint32_t>(http::number_at(payload, 0, 4));
    }
    if (type == http::kGoawayFrame) goaway_code_ = static_cast<std::uint32_t>(http::number_at(payload, 4, 4));
    if (type == http::kSettingsFrame && (flags & http::kAck) == 0)
      send(http::frame(http::kSettingsFrame, http::kAck, 0));
    return true;
  }

  Client client_;
  http::StreamId next_ = 1;
  std::map<http::StreamId, Stream> streams_;
  std::optional<std::uint32_t> goaway_code_;
};

}  // namespace fanfare
