// Finds the heads of frames in what an HTTP/2 client sends (RFC 9113 sections 3.4 and 4.1), so that every frame can be
// looked at before anybody acts on it, those that will be ignored too. It checks nothing and keeps at most one head.
// One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fanfare::http {

struct FrameHead {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::size_t length = 0;  // of the payload
};

class Http2FrameScanner {
 public:
  static constexpr std::size_t kHeadBytes = 9;

  struct Step {
    std::size_t bytes;         // taken; not 0 for an input that is not empty
    std::string_view payload;  // of them: of one frame, or of the preface
    bool begins_frame;         // its head is complete with them: head()
  };

  Step step(std::string_view bytes) {
    if (rest_ > 0) {
      const auto payload = take(bytes);
      return {payload.size(), payload, false};
    }
    const std::size_t of_head = std::min(kHeadBytes - head_bytes_, bytes.size());
    std::copy_n(bytes.begin(), of_head, head_.begin() + static_cast<std::ptrdiff_t>(head_bytes_));
    head_bytes_ += of_head;
    if (head_bytes_ < kHeadBytes) return {of_head, {}, false};
    head_bytes_ = 0;
    rest_ = number(0, 3);
    const auto payload = take(bytes.substr(of_head));
    return {of_head + payload.size(), payload, true};
  }

  std::string_view head_bytes() const { return {head_.data(), head_.size()}; }
  FrameHead head() const {
    return {static_cast<std::uint8_t>(number(3, 1)), static_cast<std::uint8_t>(number(4, 1)),
            static_cast<std::uint32_t>(number(5, 4) & 0x7fffffff), number(0, 3)};
  }

 private:
  std::string_view take(std::string_view bytes) {
    bytes = bytes.substr(0, rest_);
    rest_ -= bytes.size();
    return bytes;
  }
  std::size_t number(std::size_t at, std::size_t size) const {
    std::size_t value = 0;
    for (std::size_t i = at; i < at + size; ++i) value = value << 8 | static_cast<unsigned char>(head_[i]);
    return value;
  }

  std::array<char, kHeadBytes> head_ = {};
  std::size_t head_bytes_ = 0;
  std::size_t rest_ = 24;  // of the preface, then of a payload
};

}  // namespace fanfare::http
