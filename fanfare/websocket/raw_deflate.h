// Deflate as permessage-deflate uses it (RFC 7692 section 7.2): raw, flushed to whole bytes, and without the last four
// of a flush, 00 00 FF FF, which both sides know. Hides zlib. Private to this room. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fanfare::websocket {

class RawDeflater {
 public:
  RawDeflater();
  ~RawDeflater();
  RawDeflater(const RawDeflater&) = delete;
  RawDeflater& operator=(const RawDeflater&) = delete;

  // Appends the compressed form of a whole message, which refers to nothing before it.
  void compress(std::string_view plain, std::string& out);
  std::size_t memory_bytes() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// Inflates one message.
class RawInflater {
 public:
  // window_bits: 9 to 15.
  explicit RawInflater(int window_bits);
  ~RawInflater();
  RawInflater(const RawInflater&) = delete;
  RawInflater& operator=(const RawInflater&) = delete;

  // Inflates into `room` and cuts what it has read from `compressed`. Returns how many bytes it wrote: 0 only when all
  // is read, so call it until then. Nothing: this is not deflate.
  std::optional<std::size_t> inflate(std::string_view& compressed, std::span<char> room);
  // Whether the message may end here, after the last four bytes have been read, too.
  bool is_complete() const;
  std::size_t memory_bytes() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

inline constexpr std::string_view kFlushTail("\0\0\xff\xff", 4);

}  // namespace fanfare::websocket
