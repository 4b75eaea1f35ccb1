// For audiences of gzip and deflate that are too small for a group: each piece refers to the last plain bytes that all
// its readers have got, which is all that the audience keeps; the compressor is a scratch of the shard.
//
// deflate refers back by distance in the plain bytes, whatever form they came in. So a piece is right for a reader if
// and only if the last plain bytes of its stream are the ones that the piece was primed with. RecentPlain keeps that:
// the bytes since the last time that somebody joined, or came back, whose own last bytes may be others.
// One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace fanfare {

class DeflateCompressor;

// The end of what an audience emitted, as far as all its subscribers got it last.
class RecentPlain {
 public:
  // More finds little more in events (bench/coding_bench.cc), and 10,000 audiences have this each.
  static constexpr std::size_t kBytesMax = 1024;

  // The audience emitted this, in any form, to all of its subscribers, and nothing else since the last call.
  void append(std::string_view plain);

  // Somebody attaches who may have got something else before, or what was emitted may not be referred to (an update
  // that shares no context): the next piece refers to nothing before.
  void forget();

  // At most kBytesMax bytes.
  std::string_view view() const { return bytes_; }
  // Beyond the object itself. Nothing until the first append, then at most kBytesMax and a few.
  std::size_t memory_bytes() const;

 private:
  std::string bytes_;
};

class PrimedEncoder {
 public:
  PrimedEncoder();
  ~PrimedEncoder();
  PrimedEncoder(const PrimedEncoder&) = delete;
  PrimedEncoder& operator=(const PrimedEncoder&) = delete;

  // Appends the piece of `plain`, which is not empty, for readers whose plain bytes end with recent.view(). The caller
  // appends `plain` to `recent` then. The same piece serves gzip and deflate.
  void encode(const RecentPlain& recent, std::string_view plain, std::string& out);

  std::size_t memory_bytes() const;

 private:
  const std::unique_ptr<DeflateCompressor> compressor_;
};

}  // namespace fanfare
