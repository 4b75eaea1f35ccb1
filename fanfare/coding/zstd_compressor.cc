#include <zstd.h>

#include "fanfare/base/check.h"
#include "fanfare/coding/compressor.h"

namespace fanfare {
namespace {

struct Tuning {
  int level;
  int window_log;
  int table_log;  // of the hash table and of the chains; 0: as the level has it
};

// Chosen by bench/coding_bench.cc. A window of 8 KiB and level 6 for groups: 35 bytes are left of an event of 137, and
// the state is 97 KB; level 3 with its own window leaves more and takes 3.7 MB. Browsers take windows of up to 8 MiB
// (RFC 9659). Level 1 for what stands alone: it is the fastest, and the next ones make batches larger.
constexpr Tuning tuning_of(Effort effort) {
  return effort == Effort::kGroup ? Tuning{6, 13, 11} : Tuning{1, 17, 0};
}

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// A piece that goes on is blocks of a frame, which the next piece goes on with; at a reset point the frame ends.
class Zstd final : public Compressor {
 public:
  explicit Zstd(Tuning tuning) : context_(ZSTD_createCCtx()) {
    FANFARE_CHECK(context_ != nullptr);
    set(ZSTD_c_compressionLevel, tuning.level);
    set(ZSTD_c_windowLog, tuning.window_log);
    if (tuning.table_log == 0) return;
    set(ZSTD_c_hashLog, tuning.table_log);
    set(ZSTD_c_chainLog, tuning.table_log);
  }

  void compress(std::string_view plain, PieceEnd end, std::string& out) override {
    ZSTD_inBuffer input = {plain.data(), plain.size(), 0};
    std::size_t left = 0;
    do {
      const std::size_t before = out.size();
      out.resize(before + ZSTD_compressBound(plain.size() - input.pos) + kFrameBytes);
      ZSTD_outBuffer output = {out.data() + before, out.size() - before, 0};
      left =
          ZSTD_compressStream2(context_.get(), &output, &input, end == PieceEnd::kGoesOn ? ZSTD_e_flush : ZSTD_e_end);
      FANFARE_CHECK(!ZSTD_isError(left));
      out.resize(before + output.pos);
    } while (left > 0);
    FANFARE_CHECK(input.pos == plain.size());
  }

  void reset() override { FANFARE_CHECK(!ZSTD_isError(ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only))); }

  std::size_t memory_bytes() const override { return sizeof(*this) + ZSTD_sizeof_CCtx(context_.get()); }

 private:
  // A frame's head and a last block, beside what ZSTD_compressBound counts.
  static constexpr std::size_t kFrameBytes = 32;

  void set(ZSTD_cParameter parameter, int value) {
    FANFARE_CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value)));
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

}  // namespace

std::unique_ptr<Compressor> make_zstd_compressor(Effort effort) {
  return std::make_unique<Zstd>(tuning_of(effort));
}

}  // namespace fanfare
