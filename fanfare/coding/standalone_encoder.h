// Bytes compressed alone: a piece that may stand anywhere in any stream of its coding, between two other pieces. It is
// the form for joiners, for replay batches, for updates that are nobody else's to refer to (what is private shares no
// context, so its length tells nothing about other bytes), and for audiences that have no group.
//
// The piece depends on nothing that was encoded before: one encoder serves a shard.
// One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "fanfare/coding/coding.h"

namespace fanfare {

class Compressor;

class StandaloneEncoder {
 public:
  // Any coding but identity.
  explicit StandaloneEncoder(Coding coding);
  ~StandaloneEncoder();
  StandaloneEncoder(const StandaloneEncoder&) = delete;
  StandaloneEncoder& operator=(const StandaloneEncoder&) = delete;

  // Appends the piece of `plain`, which is not empty. In zstd the reader must be outside any frame there (group_exit).
  void encode(std::string_view plain, std::string& out);

  // What it holds between two calls, for a budget: 268 KB in gzip and deflate, up to 1.1 MB in zstd after large pieces,
  // nothing in brotli.
  std::size_t memory_bytes() const;

 private:
  const std::unique_ptr<Compressor> compressor_;
};

}  // namespace fanfare
