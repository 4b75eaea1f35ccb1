// Both checksums are linear: appending n bytes shifts what was there and adds what those bytes are alone. So the
// difference of two checksums that then go on over the same n bytes is shifted, whatever these bytes are. That is how
// a subscriber's checksum follows its audience's without looking at a byte. Private to this room.
// Pure; any thread.
#pragma once

#include <cstdint>

#include "fanfare/coding/coding.h"

namespace fanfare {

// a - b, in the arithmetic of the coding's checksum.
std::uint32_t checksum_difference(Coding coding, std::uint32_t a, std::uint32_t b);

// Given that `difference` was a checksum's distance from another one, and `other` is that one now, after `bytes` more
// bytes of both: the first one now.
std::uint32_t checksum_after(Coding coding, std::uint32_t difference, std::uint64_t bytes, std::uint32_t other);

}  // namespace fanfare
