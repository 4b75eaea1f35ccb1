#include "fanfare/coding/stream_bounds.h"

#include "fanfare/coding/compressor.h"

namespace fanfare {
namespace {

using namespace std::string_view_literals;

// RFC 1952 section 2.3: magic, deflate, no flags, no time, no hint of the level, system unknown.
constexpr auto kGzipHead = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"sv;
// RFC 1950 section 2.2: deflate with a window of 32 KiB; the second byte makes the two a multiple of 31.
constexpr auto kZlibHead = "\x78\x01"sv;
// RFC 7932 section 9.1 and 9.2: a window of 14 bits (1100001), and an empty metadata block (000110), which pads to a
// whole byte.
static_assert(kBrotliWindowBits == 14);
constexpr auto kBrotliHead = "\x61\x03"sv;

// RFC 1951 section 3.2.3: the last block, with fixed codes, which ends at once.
constexpr auto kDeflateLastBlock = "\x03\x00"sv;
// RFC 7932 section 9.2: the last meta-block, empty.
constexpr auto kBrotliLastBlock = "\x03"sv;
// RFC 8878 section 3.1.1.2: the last block of a frame, raw, of no bytes.
constexpr auto kZstdLastBlock = "\x01\x00\x00"sv;
// RFC 8878 section 3.1.1: a whole frame of no bytes, for a stream that would have no frame at all.
constexpr auto kZstdEmptyFrame = "\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00"sv;

void append_little_endian(std::uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

void append_big_endian(std::uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

}  // namespace

std::string_view stream_head(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return kGzipHead;
    case Coding::kDeflate:
      return kZlibHead;
    case Coding::kBr:
      return kBrotliHead;
    case Coding::kIdentity:
    case Coding::kZstd:
      break;
  }
  return {};
}

std::string_view group_exit(ZstdFrame frame) {
  return frame == ZstdFrame::kOpen ? kZstdLastBlock : std::string_view{};
}

void append_stream_end(Coding coding, const PlainSum& received, std::string& out) {
  switch (coding) {
    case Coding::kGzip:
      out.append(kDeflateLastBlock);
      append_little_endian(received.checksum, out);
      append_little_endian(static_cast<std::uint32_t>(received.bytes), out);
      break;
    case Coding::kDeflate:
      out.append(kDeflateLastBlock);
      append_big_endian(received.checksum, out);
      break;
    case Coding::kBr:
      out.append(kBrotliLastBlock);
      break;
    case Coding::kZstd:
      if (received.bytes == 0) out.append(kZstdEmptyFrame);
      break;
    case Coding::kIdentity:
      break;
  }
}

}  // namespace fanfare
