// The body of one HTTP/1.x request, taken out of its framing: a Content-Length, or chunks (RFC 9112 section 7.1) with
// extensions and trailer fields, which are checked, bounded and dropped. It copies nothing and keeps no bytes.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "fanfare/http/http1_head.h"
#include "fanfare/http/syntax.h"

namespace fanfare::http {

class BodyReader {
 public:
  // The reader of no body: complete from the start.
  BodyReader() = default;
  // body_bytes_max bounds the data (413). dropped_bytes_max bounds chunk extensions and trailer fields together (431).
  BodyReader(BodyFraming framing, std::uint64_t body_bytes_max, std::size_t dropped_bytes_max);

  struct Step {
    std::size_t taken;      // bytes of the input that are done with; not 0 for an input that is not empty
    std::string_view data;  // the part of them that is the body's: empty, or their end
  };

  // Reads on, until data or the end of the body or of the input is met. Requires !is_complete(). A chunk that would
  // exceed the bound is refused at the end of its size, before its data; so is a Content-Length, by an empty input.
  std::expected<Step, Refusal> step(std::string_view bytes);

  bool is_complete() const { return state_ == State::kComplete; }

 private:
  //  chunk   = size *( ";" extension ) CRLF data CRLF        kSizeStart kSize kExtension kSizeLf kData kDataCr kDataLf
  //  last    = "0"  *( ";" extension ) CRLF                  the same, then kTrailerStart
  //  trailer = *( name ":" value CRLF ) CRLF                 kTrailerName kTrailerValue kTrailerLf, kLastLf
  enum class State : std::uint8_t {
    kComplete,
    kLength,
    kSizeStart,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
  };

  Step take_data(std::string_view bytes);
  std::expected<State, Refusal> after(char c);
  std::expected<State, Refusal> after_size(char c);
  std::expected<State, Refusal> after_trailer(char c);
  std::expected<State, Refusal> begin_chunk();
  bool drop_one();

  std::uint64_t remaining_ = 0;  // of the chunk, or of the whole body
  std::uint64_t allowed_ = 0;    // bytes of data that may still come
  std::size_t dropped_bytes_max_ = 0;
  State state_ = State::kComplete;
  std::uint8_t size_digits_ = 0;
};

}  // namespace fanfare::http
