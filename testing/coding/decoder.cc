#include "testing/coding/decoder.h"

#include <brotli/decode.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "fanfare/base/check.h"

namespace fanfare::coding_testing {
namespace {

// Small, so that output comes in several parts.
using Room = std::array<char, 1000>;

class ZlibDecoder final : public Decoder {
 public:
  explicit ZlibDecoder(int window_bits) { FANFARE_CHECK(inflateInit2(&stream_, window_bits) == Z_OK); }
  ~ZlibDecoder() override { inflateEnd(&stream_); }
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;

  bool feed(std::string_view bytes, std::string& plain) override {
    if (bytes.empty()) return true;
    if (ended_) return false;
    stream_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    Room room;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = room.size();
      const int result = inflate(&stream_, Z_SYNC_FLUSH);
      plain.append(room.data(), room.size() - stream_.avail_out);
      ended_ = result == Z_STREAM_END;
      if (ended_) return stream_.avail_in == 0;
      if (result == Z_BUF_ERROR) return stream_.avail_in == 0;  // it is through
      if (result != Z_OK) return false;
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return true;
  }
  bool ended() const override { return ended_; }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

class BrotliDecoder final : public Decoder {
 public:
  bool feed(std::string_view bytes, std::string& plain) override {
    if (bytes.empty()) return true;
    if (ended()) return false;
    std::size_t bytes_left = bytes.size();
    auto next = reinterpret_cast<const std::uint8_t*>(bytes.data());
    while (true) {
      Room room;
      std::size_t room_left = room.size();
      auto out = reinterpret_cast<std::uint8_t*>(room.data());
      const auto result = BrotliDecoderDecompressStream(state_.get(), &bytes_left, &next, &room_left, &out, nullptr);
      plain.append(room.data(), room.size() - room_left);
      // It may ask for input although there is output without room (brotli 1.0.9).
      if (result != BROTLI_DECODER_RESULT_ERROR && BrotliDecoderHasMoreOutput(state_.get())) continue;
      return result != BROTLI_DECODER_RESULT_ERROR && bytes_left == 0;
    }
  }
  bool ended() const override { return BrotliDecoderIsFinished(state_.get()) != 0; }

 private:
  struct Destroy {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
  };
  const std::unique_ptr<BrotliDecoderState, Destroy> state_{BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)};
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() { ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 23); }  // RFC 9659

  bool feed(std::string_view bytes, std::string& plain) override {
    ZSTD_inBuffer input = {bytes.data(), bytes.size(), 0};
    Room room;
    ZSTD_outBuffer output = {room.data(), room.size(), 0};
    while (input.pos < input.size || output.pos == output.size) {
      output.pos = 0;
      const std::size_t result = ZSTD_decompressStream(context_.get(), &output, &input);
      if (ZSTD_isError(result)) return false;
      plain.append(room.data(), output.pos);
      between_frames_ = result == 0;
      if (result == 0 && input.pos == input.size) break;
    }
    return true;
  }
  bool ended() const override { return between_frames_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  const std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
  bool between_frames_ = false;  // a stream has one frame at least
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return std::make_unique<ZlibDecoder>(MAX_WBITS + 16);
    case Coding::kDeflate:
      return std::make_unique<ZlibDecoder>(MAX_WBITS);
    case Coding::kBr:
      return std::make_unique<BrotliDecoder>();
    case Coding::kZstd:
      return std::make_unique<ZstdDecoder>();
    case Coding::kIdentity:
      break;
  }
  check_failed("a decoder for identity", __FILE__, __LINE__);
}

std::optional<std::string> decode(Coding coding, std::string_view stream, std::size_t piece_bytes_max) {
  const auto decoder = make_decoder(coding);
  std::string plain;
  while (!stream.empty()) {
    const auto piece = stream.substr(0, std::min(piece_bytes_max, stream.size()));
    if (!decoder->feed(piece, plain)) return std::nullopt;
    stream.remove_prefix(piece.size());
  }
  if (!decoder->ended()) return std::nullopt;
  return plain;
}

}  // namespace fanfare::coding_testing
