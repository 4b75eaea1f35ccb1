// The PROXY protocol: whole and byte by byte it says the same, it never wants what it will not take, and an address is
// one that can be printed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/net/proxy_protocol.h"

namespace {

using fanfare::net::ProxyHeader;

// What comes of it; nothing where more is wanted.
std::optional<std::string> outcome(std::string_view bytes, std::size_t piece_bytes) {
  ProxyHeader header;
  std::size_t taken = 0;
  while (header.wanted() > 0) {
    FANFARE_CHECK(taken + header.wanted() <= ProxyHeader::kBytesMax);
    if (bytes.empty()) return std::nullopt;
    const std::string piece(bytes.substr(0, std::min(piece_bytes, header.wanted())));
    if (const auto result = header.take(piece); !result) return result.error().message;
    taken += piece.size();
    bytes.remove_prefix(piece.size());
  }
  const auto source = header.source();
  return std::to_string(taken) + (source ? " " + source->text() : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FANFARE_CHECK(outcome(bytes, size + 1) == outcome(bytes, 1));
  return 0;
}
