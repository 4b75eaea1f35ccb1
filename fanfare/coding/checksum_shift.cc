#include "fanfare/coding/checksum_shift.h"

#include <zlib.h>

namespace fanfare {
namespace {

// Adler-32 (RFC 1950 section 8.2) is two sums modulo 65521: of the bytes, from 1, in the low half, and of the values
// that this sum had after each byte, in the high half.
constexpr std::uint32_t kAdlerModulus = 65521;

constexpr std::uint32_t adler(std::uint64_t low, std::uint64_t high) {
  return static_cast<std::uint32_t>(high % kAdlerModulus << 16 | low % kAdlerModulus);
}

std::uint32_t adler_difference(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t low = (a & 0xffff) + kAdlerModulus - (b & 0xffff);
  const std::uint32_t high = (a >> 16) + kAdlerModulus - (b >> 16);
  return adler(low, high);
}

// Each byte adds the low sums' distance to that of the high sums once more.
std::uint32_t adler_after(std::uint32_t difference, std::uint64_t bytes, std::uint32_t other) {
  const std::uint64_t low = difference & 0xffff;
  const std::uint64_t high = (difference >> 16) + bytes % kAdlerModulus * low;
  return adler((other & 0xffff) + low, (other >> 16) + high);
}

}  // namespace

std::uint32_t checksum_difference(Coding coding, std::uint32_t a, std::uint32_t b) {
  if (coding == Coding::kGzip) return a ^ b;
  if (coding == Coding::kDeflate) return adler_difference(a, b);
  return 0;
}

std::uint32_t checksum_after(Coding coding, std::uint32_t difference, std::uint64_t bytes, std::uint32_t other) {
  if (coding == Coding::kGzip)
    return static_cast<std::uint32_t>(crc32_combine(difference, other, static_cast<z_off_t>(bytes)));
  if (coding == Coding::kDeflate) return adler_after(difference, bytes, other);
  return 0;
}

}  // namespace fanfare
