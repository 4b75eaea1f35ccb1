#include <brotli/encode.h>

#include "fanfare/base/check.h"
#include "fanfare/coding/compressor.h"
#include "fanfare/coding/counted_memory.h"

namespace fanfare {
namespace {

// Of the qualities, 3 alone makes pieces that may stand anywhere: it has neither the static dictionary, whose words are
// found behind as many bytes as the reader has got (2, 4), nor contexts that depend on the bytes before (5 and above).
constexpr std::uint32_t kQuality = 3;

// The piece belongs far into some stream: no window head, and none of the last distances, which its reader may have
// from elsewhere. The value is the one that encode.h names for streams of unknown length.
constexpr std::uint32_t kStreamOffset = 1u << 30;

// The first piece comes in two parts, each with its own head and padding.
constexpr std::size_t kFlushBytes = 64;

struct Destroy {
  void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
};

class Brotli final : public Compressor {
 public:
  void compress(std::string_view plain, PieceEnd end, std::string& out) override {
    if (state_ == nullptr) start();
    std::size_t plain_left = plain.size();
    auto next = reinterpret_cast<const std::uint8_t*>(plain.data());
    std::size_t room_left = 0;
    // The encoder is through only when it leaves room. Without any, it may stop between the two parts of the first
    // piece, and then has neither input nor output left to tell (brotli 1.0.9).
    do {
      const std::size_t before = out.size();
      out.resize(before + BrotliEncoderMaxCompressedSize(plain_left) + kFlushBytes);
      room_left = out.size() - before;
      auto room = reinterpret_cast<std::uint8_t*>(out.data() + before);
      FANFARE_CHECK(BrotliEncoderCompressStream(state_.get(), BROTLI_OPERATION_FLUSH, &plain_left, &next, &room_left,
                                                &room, nullptr));
      out.resize(out.size() - room_left);
      take_rest(out);
    } while (room_left == 0);
    FANFARE_CHECK(plain_left == 0);
    if (end == PieceEnd::kResetPoint) reset();
  }

  // A new encoder is the only reset that brotli has. It is made when there is something for it.
  void reset() override { state_.reset(); }

  std::size_t memory_bytes() const override { return sizeof(*this) + memory_.bytes(); }

 private:
  void start() {
    state_.reset(BrotliEncoderCreateInstance(
        [](void* memory, std::size_t bytes) { return static_cast<CountedMemory*>(memory)->allocate(bytes); },
        [](void* memory, void* block) { static_cast<CountedMemory*>(memory)->release(block); }, &memory_));
    FANFARE_CHECK(state_ != nullptr);
    set(BROTLI_PARAM_QUALITY, kQuality);
    set(BROTLI_PARAM_LGWIN, kBrotliWindowBits);
    set(BROTLI_PARAM_STREAM_OFFSET, kStreamOffset);
  }

  void set(BrotliEncoderParameter parameter, std::uint32_t value) {
    FANFARE_CHECK(BrotliEncoderSetParameter(state_.get(), parameter, value));
  }

  // What there was no room for. Before that is taken it refuses more input.
  void take_rest(std::string& out) {
    while (BrotliEncoderHasMoreOutput(state_.get())) {
      std::size_t bytes = 0;  // all there is
      const std::uint8_t* const output = BrotliEncoderTakeOutput(state_.get(), &bytes);
      out.append(reinterpret_cast<const char*>(output), bytes);
    }
  }

  CountedMemory memory_;
  std::unique_ptr<BrotliEncoderState, Destroy> state_;
};

}  // namespace

std::unique_ptr<Compressor> make_brotli_compressor() {
  return std::make_unique<Brotli>();
}

}  // namespace fanfare
