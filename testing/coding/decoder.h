// The real decoders of the content codings, for tests and fuzzers: what a browser does with a response as it arrives.
// One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/coding/coding.h"

namespace fanfare::coding_testing {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Appends to `plain` all that can be known after these bytes. False: they are wrong, or go on after the end.
  virtual bool feed(std::string_view bytes, std::string& plain) = 0;
  // Whether the stream may end here: it is complete, with the right checksums.
  virtual bool ended() const = 0;
};

// Any coding but identity. Windows are as large as browsers take, no larger.
std::unique_ptr<Decoder> make_decoder(Coding coding);

// A whole stream in pieces of this size at most; nothing if it is wrong or incomplete.
std::optional<std::string> decode(Coding coding, std::string_view stream, std::size_t piece_bytes_max);

}  // namespace fanfare::coding_testing
