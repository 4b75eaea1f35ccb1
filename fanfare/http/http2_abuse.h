// Counts what an HTTP/2 client may do much of without asking for anything: frames that carry nothing, and streams that
// end before they were worth their beginning (RFC 9113 section 10.5; CVE-2019-9512 to 9518, CVE-2023-44487,
// CVE-2024-28182, CVE-2025-8671). Whoever gets a "no" ends the connection with ENHANCE_YOUR_CALM.
// Milliseconds of any steady clock. One thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fanfare/base/allowance.h"
#include "fanfare/base/limits.h"
#include "fanfare/http/http2_frame_scanner.h"

namespace fanfare::http {

class Http2Abuse {
 public:
  // A header block within the limits needs two frames after its first; more, or empty ones, are a flood.
  static constexpr std::uint32_t kContinuationsMax = 8;

  // A frame begins. is_stale: on a stream that is closed.
  bool allows_frame(FrameHead frame, bool is_stale, const Limits& limits, std::uint64_t now_ms);
  // DATA was sent, which the client may answer by WINDOW_UPDATEs.
  void on_data_sent(std::size_t bytes);
  // The client has reset a stream, or made us reset one.
  bool allows_reset(const Limits& limits, std::uint64_t now_ms);

 private:
  Allowance control_frames_;
  Allowance resets_;
  std::uint32_t window_updates_earned_ = 0;
  std::uint32_t continuations_ = 0;
};

}  // namespace fanfare::http
