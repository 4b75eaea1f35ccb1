// What an HTTP/2 client may send, well formed or not, as an input says; and what a server may send back. One thread.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/http/http2_recorder.h"
#include "fuzz/input.h"

namespace fanfare::fuzz {

// Frames of a client, most of them about its first eight streams.
class Http2Deeds {
 public:
  static constexpr std::uint8_t kKinds = 10;

  explicit Http2Deeds(Input& input) : input_(input) {}

  http::StreamId stream() { return (input_.byte() % 8) * 2 + 1; }
  // The next stream that the client opens.
  http::StreamId open() {
    next_ += 2;
    return next_ - 2;
  }

  // The bytes of one of the kinds.
  std::string bytes(std::uint8_t kind) {
    using namespace http;
    if (kind == 0) return frame(kHeadersFrame, kEnds, open(), block());
    if (kind == 1) return frame(kHeadersFrame, kEndHeaders, open(), block());
    if (kind == 2) return std::string(input_.take(input_.byte() % 32));
    const StreamId id = stream();
    const std::uint8_t flags = input_.byte();
    if (kind == 3) return frame(kDataFrame, flags & kEndStream, id, std::string(input_.byte(), 'd'));
    if (kind == 4) return frame(input_.byte() % 12, flags, flags % 3 == 0 ? 0 : id, input_.take(input_.byte() % 32));
    if (kind == 5) return rst(id, Http2Error::kCancel);
    if (kind == 6) return window_update(flags % 2 == 0 ? 0 : id, number());
    if (kind == 7) return frame(kSettingsFrame, flags & kAck, 0, setting(flags % 10, number()));
    if (kind == 8) return frame(kHeadersFrame, flags & kEnds, id, block());
    return frame(kContinuationFrame, flags & kEndHeaders, id, input_.take(input_.byte() % 32));
  }

 private:
  std::uint32_t number() {
    static constexpr std::uint32_t kNumbers[] = {0, 1, 2, 50, 16'384, 65'535, 0x7fffffff, 0xffffffff};
    return kNumbers[input_.byte() % std::size(kNumbers)];
  }

  // A request's head, more or less.
  std::string block() {
    using namespace http;
    static constexpr std::string_view kMethods[] = {"GET", "POST", "HEAD", "CONNECT", "OPTIONS", "GET /"};
    std::string fields = pseudo(kMethods[input_.byte() % std::size(kMethods)], "/.well-known/mercure?topic=a");
    const std::uint8_t bits = input_.byte();
    if ((bits & 1) != 0) fields += field("content-length", std::to_string(input_.byte()));
    if ((bits & 2) != 0) fields += field("expect", "100-continue");
    if ((bits & 4) != 0) fields += field("cookie", input_.take(5));
    if ((bits & 8) != 0) fields = field(":protocol", "websocket") + fields;
    if ((bits & 16) != 0) fields += field(input_.take(3), input_.take(3));
    if ((bits & 32) != 0) fields += field("x", std::string(100, 'y'));
    if ((bits & 64) != 0) fields += input_.take(8);
    return fields;
  }

  Input& input_;
  http::StreamId next_ = 1;
};

// Asserts that a server's frames come in a legal order: of each stream heads, then data, then nothing after the end but
// RST_STREAM, once; nothing at all after an error's GOAWAY.
class Http2Order {
 public:
  void see(const http::Frame& frame) {
    using namespace http;
    FANFARE_CHECK(!is_over_);
    if (frame.type == kGoawayFrame) is_over_ = number_at(frame.payload, 4, 4) != 0;
    if (frame.stream == 0) return;
    Stage& stage = stages_[frame.stream];
    if (frame.type == kHeadersFrame) FANFARE_CHECK(stage == Stage::kNone || stage == Stage::kHead);
    if (frame.type == kDataFrame) FANFARE_CHECK(stage == Stage::kHead);
    if (frame.type == kRstStreamFrame) FANFARE_CHECK(stage != Stage::kReset);
    if (frame.type == kHeadersFrame) stage = Stage::kHead;
    if ((frame.type == kHeadersFrame || frame.type == kDataFrame) && (frame.flags & kEndStream) != 0)
      stage = Stage::kEnded;
    if (frame.type == kRstStreamFrame) stage = Stage::kReset;
  }

 private:
  enum class Stage : std::uint8_t { kNone, kHead, kEnded, kReset };

  std::map<http::StreamId, Stage> stages_;
  bool is_over_ = false;
};

}  // namespace fanfare::fuzz
