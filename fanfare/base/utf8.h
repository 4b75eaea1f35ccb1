// UTF-8 as the WHATWG Encoding Standard reads it (section 8.1.1): no overlong forms, no surrogates, nothing beyond
// U+10FFFF. For what peers send as topics, ids and types, and for text that must be shown whatever arrived.
// Not here: byte order marks (their meaning is the format's) and any normalisation. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fanfare {

// Whether the bytes are UTF-8 from the first to the last. The empty string is.
bool is_valid_utf8(std::string_view bytes);

// The same judgement on text that comes in pieces, as early as can be.
class Utf8Check {
 public:
  // Whether all pieces so far can be how UTF-8 begins. False for good from the first byte that cannot stand there.
  bool add(std::string_view bytes);
  // Whether they are UTF-8 as they are: no character is cut off.
  bool is_complete() const { return state_ == 0; }

 private:
  std::uint8_t state_ = 0;
};

// Appends the bytes with every ill-formed part replaced by U+FFFD, exactly as a browser decodes them: one U+FFFD for
// each maximal subpart (the longest prefix of a sequence that could have become valid, else one byte). Appends at most
// three times bytes.size(). A sequence that the end cuts off counts as ill-formed.
void append_utf8_with_replacement(std::string& out, std::string_view bytes);

}  // namespace fanfare
