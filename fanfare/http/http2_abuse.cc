#include "fanfare/http/http2_abuse.h"

#include <algorithm>

namespace fanfare::http {
namespace {

// RFC 9113 section 6.
constexpr std::uint8_t kData = 0x0;
constexpr std::uint8_t kHeaders = 0x1;
constexpr std::uint8_t kSettings = 0x4;
constexpr std::uint8_t kWindowUpdate = 0x8;
constexpr std::uint8_t kContinuation = 0x9;
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kPadded = 0x8;
constexpr std::size_t kPaddingBytesMax = 256;
constexpr std::size_t kSettingBytes = 6;

// A DATA frame of at least so many bytes lets the client answer with a WINDOW_UPDATE for the stream and one for the
// connection. Smaller ones are what a client gets that opens its windows by single bytes.
constexpr std::size_t kWorthyDataBytes = 32;
constexpr std::uint32_t kWindowUpdatesPerData = 2;
constexpr std::uint32_t kWindowUpdatesMax = 10'000;

}  // namespace

bool Http2Abuse::allows_frame(FrameHead frame, bool is_stale, const Limits& limits, std::uint64_t now_ms) {
  std::size_t useless = 0;
  if (frame.type == kContinuation) {
    if (++continuations_ > kContinuationsMax) return false;
  } else if (frame.type == kHeaders) {
    continuations_ = 0;
    if (is_stale) ++useless;
  } else if (frame.type == kData) {
    // Padded, up to a size it may be nothing but padding.
    const bool is_empty = frame.length == 0 || ((frame.flags & kPadded) != 0 && frame.length <= kPaddingBytesMax);
    if (is_stale || (is_empty && (frame.flags & kEndStream) == 0)) ++useless;
  } else if (frame.type == kWindowUpdate && window_updates_earned_ > 0) {
    --window_updates_earned_;
  } else {
    useless += 1 + (frame.type == kSettings ? frame.length / kSettingBytes : 0);
  }
  return useless == 0 || control_frames_.take(useless, limits.http2_control_frames_per_s, limits.burst_s, now_ms);
}

void Http2Abuse::on_data_sent(std::size_t bytes) {
  if (bytes < kWorthyDataBytes) return;
  window_updates_earned_ = std::min(window_updates_earned_ + kWindowUpdatesPerData, kWindowUpdatesMax);
}

bool Http2Abuse::allows_reset(const Limits& limits, std::uint64_t now_ms) {
  return resets_.take(1, limits.http2_resets_per_s, limits.burst_s, now_ms);
}

}  // namespace fanfare::http
