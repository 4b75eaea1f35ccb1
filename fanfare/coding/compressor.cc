#include "fanfare/coding/compressor.h"

#include "fanfare/base/check.h"

namespace fanfare {

std::unique_ptr<Compressor> make_compressor(Coding coding, Effort effort) {
  switch (coding) {
    case Coding::kGzip:
    case Coding::kDeflate:
      return make_deflate_compressor(effort);
    case Coding::kBr:
      return make_brotli_compressor();
    case Coding::kZstd:
      return make_zstd_compressor(effort);
    case Coding::kIdentity:
      break;
  }
  check_failed("a compressor for identity", __FILE__, __LINE__);
}

}  // namespace fanfare
