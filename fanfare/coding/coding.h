// The content codings in which an event stream may be sent (RFC 9110 section 8.4.1), and their names.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fanfare {

enum class Coding : std::uint8_t {
  kIdentity,
  kZstd,     // RFC 8878
  kBr,       // RFC 7932
  kGzip,     // RFC 1952
  kDeflate,  // the zlib format (RFC 1950) around the same compressed bytes as gzip's; never those alone
};

inline constexpr std::size_t kCodings = 5;

// What Content-Encoding calls it; "identity" is what one leaves out there.
std::string_view coding_name(Coding coding);

// By its name in any case, and x-gzip, which is gzip.
std::optional<Coding> coding_named(std::string_view name);

}  // namespace fanfare
