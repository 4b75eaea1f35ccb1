#define ZLIB_CONST  // input is const
#include <zlib.h>

#include <limits>

#include "fanfare/base/check.h"
#include "fanfare/coding/compressor.h"
#include "fanfare/coding/counted_memory.h"

namespace fanfare {
namespace {

struct Tuning {
  int level;
  int window_bits;
  int memory_level;
};

// Chosen by bench/coding_bench.cc. A window of 8 KiB and level 6 for groups: 31 bytes are left of an event of 137, and
// the state is 72 KB; the largest window leaves 2 bytes less for 268 KB. Level 1 for what stands alone: a batch of 64
// KiB is a tenth larger than by level 6, in less than half the time.
constexpr Tuning tuning_of(Effort effort) {
  return effort == Effort::kGroup ? Tuning{6, 13, 6} : Tuning{1, 15, 8};
}

// An empty stored block after the piece, to whole bytes, and what zlib may hold back before it.
constexpr std::size_t kFlushBytes = 16;

class Deflate final : public DeflateCompressor {
 public:
  explicit Deflate(Tuning tuning) {
    stream_.zalloc = [](voidpf memory, uInt items, uInt size) -> voidpf {
      return static_cast<CountedMemory*>(memory)->allocate(std::size_t{items} * size);
    };
    stream_.zfree = [](voidpf memory, voidpf block) { static_cast<CountedMemory*>(memory)->release(block); };
    stream_.opaque = &memory_;
    // A negative window: the compressed bytes alone, without the head and trailer of a format.
    FANFARE_CHECK(deflateInit2(&stream_, tuning.level, Z_DEFLATED, -tuning.window_bits, tuning.memory_level,
                               Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflate() override { deflateEnd(&stream_); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  void compress(std::string_view plain, PieceEnd end, std::string& out) override {
    stream_.next_in = reinterpret_cast<const Bytef*>(plain.data());
    stream_.avail_in = static_cast<uInt>(plain.size());
    do {
      const std::size_t before = out.size();
      const std::size_t room = deflateBound(&stream_, stream_.avail_in) + kFlushBytes;
      FANFARE_CHECK(room <= std::numeric_limits<uInt>::max());
      out.resize(before + room);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = static_cast<uInt>(room);
      const int result = deflate(&stream_, Z_SYNC_FLUSH);
      // Z_BUF_ERROR: the last call was through without a byte of room to spare.
      FANFARE_CHECK(result == Z_OK || result == Z_BUF_ERROR);
      out.resize(out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    FANFARE_CHECK(stream_.avail_in == 0);
    if (end == PieceEnd::kResetPoint) reset();
  }

  // The bytes of Z_FULL_FLUSH are those of Z_SYNC_FLUSH; what it does to the state, and more, this does at any time.
  void reset() override { FANFARE_CHECK(deflateReset(&stream_) == Z_OK); }

  void prime(std::string_view last_plain) override {
    FANFARE_CHECK(deflateSetDictionary(&stream_, reinterpret_cast<const Bytef*>(last_plain.data()),
                                       static_cast<uInt>(last_plain.size())) == Z_OK);
  }

  std::size_t memory_bytes() const override { return sizeof(*this) + memory_.bytes(); }

 private:
  CountedMemory memory_;
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<DeflateCompressor> make_deflate_compressor(Effort effort) {
  return std::make_unique<Deflate>(tuning_of(effort));
}

}  // namespace fanfare
