// The three compression libraries behind one face: a running compressor whose output may be cut after every piece, and
// spliced at reset points into any stream of its coding. Private to this room, where standalone, group and primed
// encoders are made of it. Each library is in one source of its own.
//
// What a library cannot do for want of memory, or for a wrong argument, is a failed FANFARE_CHECK: every compressor is
// counted in a budget before it is made.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fanfare/coding/stream_bounds.h"

namespace fanfare {

// How much a compressor remembers and how hard it looks; the numbers are in each library's source.
enum class Effort : std::uint8_t {
  kStandalone,  // one scratch of a shard: batches of up to 64 KiB, fast
  kGroup,       // one for each audience: little memory
};

class Compressor {
 public:
  virtual ~Compressor() = default;

  // Appends a piece, whole bytes, from which a decoder gets all of `plain` (not empty) at once.
  virtual void compress(std::string_view plain, PieceEnd end, std::string& out) = 0;
  // The last piece goes on no more: the next is as a new compressor would make it. In zstd the frame is still open.
  virtual void reset() = 0;
  // Of the library's state, now.
  virtual std::size_t memory_bytes() const = 0;
};

// gzip and deflate: how the pieces of both are made (RFC 1951).
class DeflateCompressor : public Compressor {
 public:
  // At a reset point: as if it had compressed these bytes, which are the last ones that the reader has got.
  virtual void prime(std::string_view last_plain) = 0;
};

// The largest window that a brotli piece may need: the stream's head says it, before any piece. Larger ones find hardly
// more in events, and cost up to 816 KB for each group instead of 320.
inline constexpr int kBrotliWindowBits = 14;

std::unique_ptr<DeflateCompressor> make_deflate_compressor(Effort effort);
std::unique_ptr<Compressor> make_brotli_compressor();
std::unique_ptr<Compressor> make_zstd_compressor(Effort effort);

// Of any coding but identity.
std::unique_ptr<Compressor> make_compressor(Coding coding, Effort effort);

}  // namespace fanfare
