// The running compressor of an audience: its pieces refer back to earlier ones, so they are for those who got all of
// them since a reset point, in order and with nothing between. Others get standalone pieces until the next reset point.
//
//   pieces:   [ p1 ][ p2 ]|[ p3 ][ p4 ][ p5 ]|[ p6 ] …      | reset point: whoever is there may attach
//
// A subscriber that leaves the sequence anywhere is sent group_exit (stream_bounds.h) of the place where it stands;
// then any other form may follow. An update that must share no context interrupts the sequence: reset, its standalone
// piece for everyone, and on from the reset point.
//
// At a reset point nothing of an encoder is needed: it may be destroyed there to save its memory, and another may go
// on. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fanfare/coding/coding.h"
#include "fanfare/coding/stream_bounds.h"

namespace fanfare {

class Compressor;

class GroupEncoder {
 public:
  // Any coding but identity. It begins at a reset point.
  explicit GroupEncoder(Coding coding);
  ~GroupEncoder();
  GroupEncoder(const GroupEncoder&) = delete;
  GroupEncoder& operator=(const GroupEncoder&) = delete;

  // Appends the piece of `plain`, which is not empty: whole bytes, from which a decoder gets all of `plain` at once. A
  // reset point after it costs no more than the head of zstd's next frame (6 bytes), or brotli's new state.
  void encode(std::string_view plain, PieceEnd end, std::string& out);

  // Makes a reset point here. Appends what all who are attached must be sent first (3 bytes of zstd, else nothing),
  // which decodes to no bytes.
  void reset(std::string& out);

  // Plain bytes since the last reset point; 0: whoever comes now may attach.
  std::uint64_t plain_bytes_since_reset() const { return since_reset_; }
  bool at_reset_point() const { return since_reset_ == 0; }

  // What a subscriber that has all pieces so far stands in.
  ZstdFrame frame() const;

  // All that it holds now, for a budget: 98 KB in zstd, 72 in gzip and deflate. In brotli 320 KB, up to 580 after large
  // pieces, and nothing at a reset point.
  std::size_t memory_bytes() const;

 private:
  const Coding coding_;
  const std::unique_ptr<Compressor> compressor_;
  std::uint64_t since_reset_ = 0;
};

}  // namespace fanfare
