// One or more updates in the form in which they go on the wire: immutable bytes, made once per shard and shared by
// every subscriber that gets them. The HTTP/1.1 chunk head and tail stand around the bytes, so that framing costs
// nothing per subscriber:
//
//   | chunk head "1a3\r\n" | payload | chunk tail "\r\n" |
//   '----------------- framed() ------------------------'
//
// Reference counts are not atomic: a rendition belongs to one thread, and so does the Holdings that counts its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fanfare {

// Bytes that a shard holds for its subscribers: every living rendition, counted once.
struct Holdings {
  std::size_t bytes = 0;
};

class Rendition {
 public:
  std::string_view payload() const { return {data() + head_bytes_, payload_bytes_}; }
  std::string_view framed() const { return {data(), head_bytes_ + payload_bytes_ + kTailBytes}; }
  std::size_t memory_bytes() const { return sizeof(Rendition) + head_bytes_ + payload_bytes_ + kTailBytes; }

 private:
  friend class RenditionRef;
  static constexpr std::size_t kTailBytes = 2;

  Rendition(Holdings& holdings, std::uint32_t head_bytes, std::uint32_t payload_bytes)
      : holdings_(holdings), head_bytes_(head_bytes), payload_bytes_(payload_bytes) {}
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }

  Holdings& holdings_;
  std::uint32_t references_ = 1;
  std::uint32_t head_bytes_;
  std::uint32_t payload_bytes_;
};

// A counted reference; empty by default.
class RenditionRef {
 public:
  RenditionRef() = default;
  // Copies the payload (1 byte at least, less than 4 GiB). holdings must outlive every reference.
  static RenditionRef make(Holdings& holdings, std::string_view payload);

  RenditionRef(const RenditionRef& other) : rendition_(other.rendition_) {
    if (rendition_ != nullptr) ++rendition_->references_;
  }
  RenditionRef(RenditionRef&& other) noexcept : rendition_(std::exchange(other.rendition_, nullptr)) {}
  RenditionRef& operator=(RenditionRef other) noexcept {
    std::swap(rendition_, other.rendition_);
    return *this;
  }
  ~RenditionRef() { reset(); }

  void reset() {
    if (rendition_ != nullptr && --rendition_->references_ == 0) destroy(rendition_);
    rendition_ = nullptr;
  }
  const Rendition* operator->() const { return rendition_; }
  const Rendition* get() const { return rendition_; }
  explicit operator bool() const { return rendition_ != nullptr; }

 private:
  static void destroy(Rendition* rendition);

  Rendition* rendition_ = nullptr;
};

// A part of a rendition's bytes, which stay as long as this does. Without a rendition: bytes to be copied at once.
struct HeldBytes {
  RenditionRef rendition;
  std::string_view bytes;
};

}  // namespace fanfare
