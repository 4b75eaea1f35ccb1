#include "fanfare/coding/plain_sum.h"

#include <zlib.h>

#include "fanfare/coding/checksum_shift.h"

namespace fanfare {
namespace {

const Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

}  // namespace

PlainSum empty_sum(Coding coding) {
  return {.bytes = 0, .checksum = coding == Coding::kDeflate ? 1u : 0u};
}

PlainSum sum_of(Coding coding, std::string_view plain) {
  PlainSum sum = empty_sum(coding);
  sum.bytes = plain.size();
  if (coding == Coding::kGzip)
    sum.checksum = static_cast<std::uint32_t>(crc32_z(sum.checksum, bytes_of(plain), plain.size()));
  if (coding == Coding::kDeflate)
    sum.checksum = static_cast<std::uint32_t>(adler32_z(sum.checksum, bytes_of(plain), plain.size()));
  return sum;
}

PlainSum sum_of_both(Coding coding, const PlainSum& first, const PlainSum& second) {
  const auto difference = checksum_difference(coding, first.checksum, empty_sum(coding).checksum);
  return {.bytes = first.bytes + second.bytes,
          .checksum = checksum_after(coding, difference, second.bytes, second.checksum)};
}

}  // namespace fanfare
