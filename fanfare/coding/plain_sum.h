// Length and checksum of plain bytes, which the end of a gzip or zlib stream must tell its decoder: of a piece, of all
// that an audience emitted so far, of what one subscriber got (received_sum.h).
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "fanfare/coding/coding.h"

namespace fanfare {

// CRC-32 for gzip, Adler-32 for deflate; the other codings end without one, and there it stays 0.
struct PlainSum {
  std::uint64_t bytes = 0;
  std::uint32_t checksum = 0;

  bool operator==(const PlainSum&) const = default;
};

// Of no bytes.
PlainSum empty_sum(Coding coding);

// Of these bytes: linear in them, and free for a coding without a checksum.
PlainSum sum_of(Coding coding, std::string_view plain);

// Of the bytes of `first` followed by those of `second`, in constant time.
PlainSum sum_of_both(Coding coding, const PlainSum& first, const PlainSum& second);

}  // namespace fanfare
