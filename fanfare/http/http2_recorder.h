// For tests, the benchmark and the fuzzer, not for the program: frames made by hand, a visitor that asserts the legal
// order of events and writes down what it saw, and a session with it whose output is taken apart again.
// One thread.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/http/http2_session.h"

namespace fanfare::http {

// --- Frames (RFC 9113 section 4.1) ---------------------------------------------------------------------------------

enum FrameType : std::uint8_t {
  kDataFrame = 0,
  kHeadersFrame = 1,
  kPriorityFrame = 2,
  kRstStreamFrame = 3,
  kSettingsFrame = 4,
  kPushPromiseFrame = 5,
  kPingFrame = 6,
  kGoawayFrame = 7,
  kWindowUpdateFrame = 8,
  kContinuationFrame = 9,
};
enum FrameFlag : std::uint8_t { kNone = 0, kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8 };
constexpr std::uint8_t kEnds = kEndStream | kEndHeaders;

inline std::string number(std::uint64_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xff);
  return out;
}

inline std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(at, size)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, StreamId stream, std::string_view payload = {}) {
  return number(payload.size(), 3) + number(type, 1) + number(flags, 1) + number(stream, 4) + std::string(payload);
}

inline std::string setting(std::uint16_t name, std::uint32_t value) {
  return number(name, 2) + number(value, 4);
}

// A literal field without indexing, not Huffman coded (RFC 7541 section 6.2.2).
inline std::string hpack_length(std::size_t size) {
  if (size < 127) return number(size, 1);
  std::string out = "\x7f";
  for (size -= 127; size >= 128; size >>= 7) out += static_cast<char>(size | 0x80);
  return out + static_cast<char>(size);
}
inline std::string field(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  return out.append(hpack_length(name.size())).append(name).append(hpack_length(value.size())).append(value);
}

// The pseudo-header fields of a request.
inline std::string pseudo(std::string_view method = "GET", std::string_view path = "/") {
  return field(":method", method) + field(":scheme", "https") + field(":path", path) + field(":authority", "a");
}

inline std::string get(StreamId stream, std::string_view path = "/", std::string_view more = {}) {
  return frame(kHeadersFrame, kEnds, stream, pseudo("GET", path) + std::string(more));
}

inline std::string rst(StreamId stream, Http2Error code) {
  return frame(kRstStreamFrame, 0, stream, number(static_cast<std::uint32_t>(code), 4));
}

inline std::string window_update(StreamId stream, std::uint32_t increment) {
  return frame(kWindowUpdateFrame, 0, stream, number(increment, 4));
}

constexpr std::string_view kMagic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// What a client begins with.
inline std::string preface(std::string_view settings = {}) {
  return std::string(kMagic) + frame(kSettingsFrame, 0, 0, settings);
}

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  StreamId stream = 0;
  std::string payload;
};

// Whole frames; asserts that nothing else stands there.
inline std::vector<Frame> frames_of(std::string_view bytes) {
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    FANFARE_CHECK(bytes.size() >= 9);
    const std::size_t size = number_at(bytes, 0, 3);
    FANFARE_CHECK(bytes.size() >= 9 + size);
    frames.push_back({static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
                      static_cast<StreamId>(number_at(bytes, 5, 4)), std::string(bytes.substr(9, size))});
    bytes.remove_prefix(9 + size);
  }
  return frames;
}

// What the output says in short, without acknowledgements, settings and window updates: "headers 1, data 1 5 end,
// rst 3 PROTOCOL_ERROR, goaway 7 NO_ERROR". Errors as numbers.
inline std::string summary_of(std::string_view output) {
  std::string text;
  for (const Frame& each : frames_of(output)) {
    std::string line;
    const bool is_end = (each.flags & kEndStream) != 0;
    const std::string stream = " " + std::to_string(each.stream);
    if (each.type == kDataFrame) line = "data" + stream + " " + std::to_string(each.payload.size());
    if (each.type == kHeadersFrame) line = "headers" + stream;
    if (!line.empty() && is_end) line += " end";
    if (each.type == kRstStreamFrame) line = "rst" + stream + " " + std::to_string(number_at(each.payload, 0, 4));
    if (each.type == kGoawayFrame) {
      line = "goaway " + std::to_string(number_at(each.payload, 0, 4)) + " " +
             std::to_string(number_at(each.payload, 4, 4));
    }
    if (!line.empty()) text += (text.empty() ? "" : ", ") + line;
  }
  return text;
}

// --- The visitor and its session -----------------------------------------------------------------------------------

enum class Http2Answer { kOnHead, kOnBody, kOnEnd, kNever, kStreamOnHead };

class Http2Recorder : public Http2Visitor {
 public:
  explicit Http2Recorder(Http2Answer time = Http2Answer::kOnEnd, std::size_t accepted = 1 << 20)
      : time_(time), accepted_(accepted) {}

  std::size_t on_head(StreamId id, RequestHead head) override {
    FANFARE_CHECK(!streams.contains(id));
    Seen& seen = streams[id];
    seen.events = head.method + " " + head.path + (head.query.empty() ? "" : "?" + head.query) + ";";
    seen.head = std::move(head);
    seen.is_open = true;
    if (time_ == Http2Answer::kStreamOnHead && seen.head.method != "HEAD") begin_stream(id);
    answer_at(Http2Answer::kOnHead, id);
    return accepted_;
  }
  void on_body(StreamId id, std::string_view bytes) override {
    Seen& seen = open(id);
    FANFARE_CHECK(!bytes.empty() && !seen.is_ended && (!seen.is_answered || !seen.head.protocol.empty()));
    seen.body += bytes;
    answer_at(Http2Answer::kOnBody, id);
  }
  void on_end(StreamId id) override {
    Seen& seen = open(id);
    FANFARE_CHECK(!seen.is_ended && (!seen.is_answered || !seen.head.protocol.empty()));
    seen.is_ended = true;
    seen.events += "end;";
    if (!seen.is_answered) answer_at(Http2Answer::kOnEnd, id);
  }
  void on_refused(StreamId id, int status, std::string_view) override {
    Seen& seen = streams[id];
    FANFARE_CHECK((seen.is_open || seen.events.empty()) && !seen.is_answered);
    seen.events += "refused " + std::to_string(status) + ";";
    seen.is_open = false;
  }
  void on_reset(StreamId id, ResetReason why, Http2Error code) override {
    static constexpr std::string_view kWhy[] = {"peer", "violation", "connection"};
    Seen& seen = open(id);
    seen.events += "reset by " + std::string(kWhy[static_cast<std::size_t>(why)]) + " " +
                   std::to_string(static_cast<std::uint32_t>(code)) + ";";
    seen.is_open = false;
  }
  void on_sent(StreamId id) override {
    Seen& seen = open(id);
    FANFARE_CHECK(seen.is_answered);
    seen.events += "sent;";
    seen.is_open = false;
  }
  void on_failed(Http2Error code, std::string_view) override {
    FANFARE_CHECK(!has_failed);
    for (const auto& [id, seen] : streams) FANFARE_CHECK(!seen.is_open);
    has_failed = true;
    failure = code;
  }
  // What the test does with a stream, also from outside the visitor's calls.
  void answer(StreamId id, std::string body = "ok\n") {
    open(id).is_answered = true;
    Response response;
    response.body = std::move(body);
    session->respond(id, std::move(response));
  }
  void begin_stream(StreamId id) {
    Seen& seen = open(id);
    seen.is_answered = true;
    seen.is_stream = true;
    session->begin_stream(id, {}, seen);
  }
  void push(StreamId id, std::string_view bytes) {
    open(id).pending += bytes;
    session->resume(open(id));
  }
  void reset(StreamId id, Http2Error code) {
    open(id).is_open = false;
    session->reset(id, code);
  }
  bool is_open(StreamId id) const { return streams.contains(id) && streams.at(id).is_open; }

  struct Seen final : Http2Source {
    BodyPiece body_ready(std::size_t bytes_max) override {
      FANFARE_CHECK(is_open && is_stream && bytes_max > 0 && offered == 0);
      ++asked;
      offered = std::min(bytes_max, pending.size());
      const bool is_all = offered == pending.size();
      if (is_all && ends_after) return {offered, BodyPiece::Next::kEnd};
      return {offered, is_all ? BodyPiece::Next::kWait : BodyPiece::Next::kMore};
    }

    RequestHead head;
    std::string body;     // of the request
    std::string events;   // but for the body
    std::string pending;  // of a stream's body: not yet composed
    std::size_t offered = 0;
    std::size_t asked = 0;  // calls of body_ready
    bool is_open = false;
    bool is_answered = false;
    bool is_ended = false;
    bool is_stream = false;
    bool ends_after = false;  // the stream, what is pending
  };
  Seen& open(StreamId id) {
    const auto found = streams.find(id);
    FANFARE_CHECK(found != streams.end() && found->second.is_open);
    return found->second;
  }

  Http2Session* session = nullptr;  // borrowed; set before the first byte
  std::map<StreamId, Seen> streams;
  bool has_failed = false;
  Http2Error failure = Http2Error::kNoError;

 private:
  void answer_at(Http2Answer time, StreamId id) {
    if (time == time_ && !open(id).is_answered) answer(id);
  }

  Http2Answer time_;
  std::size_t accepted_;
};

// A session with its recorder, and what it has composed.
struct Http2Bench : Http2Sink {
  explicit Http2Bench(Http2Answer time = Http2Answer::kOnEnd, Limits l = {}, std::size_t accepted = 1 << 20,
                      ExtendedConnect extended_connect = ExtendedConnect::kRefused)
      : limits(l), recorder(time, accepted), session(recorder, limits, now_ms, extended_connect) {
    recorder.session = &session;
  }

  // Gives the session the bytes from a buffer of exactly their size, so that reading past them is found.
  void feed(std::string_view bytes) {
    const std::unique_ptr<char[]> exact(new char[bytes.size()]);
    if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
    session.receive({exact.get(), bytes.size()}, now_ms);
  }
  // Composes all that may go; returns only what is new.
  std::string send() {
    const std::size_t before = sent.size();
    while (session.wants_compose() && session.compose(*this, 64 * 1024, now_ms) > 0) {
    }
    return sent.substr(before);
  }
  std::string exchange(std::string_view bytes) {
    feed(bytes);
    return send();
  }

  void append(std::string_view own) override { sent += own; }
  void append_body(StreamId id, std::size_t bytes) override {
    auto& seen = recorder.streams.at(id);
    FANFARE_CHECK(bytes > 0 && bytes == seen.offered);
    sent += seen.pending.substr(0, bytes);
    seen.pending.erase(0, bytes);
    seen.offered = 0;
  }

  std::uint64_t now_ms = 1'000;
  Limits limits;
  Http2Recorder recorder;
  Http2Session session;
  std::string sent;
};

}  // namespace fanfare::http
