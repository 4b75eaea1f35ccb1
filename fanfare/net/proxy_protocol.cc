#include "fanfare/net/proxy_protocol.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "fanfare/base/check.h"

namespace fanfare::net {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view kVersion1 = "PROXY ";
constexpr std::size_t kFixedBytes = 16;
constexpr unsigned kVersion2 = 2;
constexpr unsigned kLocal = 0;
constexpr unsigned kProxy = 1;

// What its family and transport take: two addresses and two ports, or two paths.
struct Form {
  std::uint8_t code;
  std::size_t address_bytes;
};
constexpr Form kForms[] = {
    {0x00, 0},                // unknown
    {0x11, 12},  {0x12, 12},  // IPv4, with TCP and UDP
    {0x21, 36},  {0x22, 36},  // IPv6
    {0x31, 216}, {0x32, 216}  // UNIX
};

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::size_t ProxyHeader::length() const {
  return byte_at(bytes_, 14) << 8 | byte_at(bytes_, 15);
}

std::size_t ProxyHeader::wanted() const {
  const std::size_t whole = bytes_.size() < kFixedBytes ? kFixedBytes : kFixedBytes + length();
  return whole - bytes_.size();
}

Result<void> ProxyHeader::take(std::string_view bytes) {
  FANFARE_CHECK(bytes.size() <= wanted());
  const bool was_fixed = bytes_.size() >= kFixedBytes;
  bytes_ += bytes;
  if (was_fixed) return {};
  const std::string_view all = bytes_;
  if (!all.starts_with(kSignature.substr(0, all.size()))) {
    if (kVersion1.starts_with(all.substr(0, kVersion1.size()))) {
      if (all.size() < kVersion1.size()) return {};  // the next bytes tell
      return fail("a PROXY header of version 1, where version 2 is taken (HAProxy: send-proxy-v2)");
    }
    return fail("no PROXY header (HAProxy: send-proxy-v2)");
  }
  return all.size() < kFixedBytes ? Result<void>() : check_fixed_part();
}

Result<void> ProxyHeader::check_fixed_part() const {
  const unsigned version = byte_at(bytes_, 12) >> 4;
  const unsigned command = byte_at(bytes_, 12) & 15;
  if (version != kVersion2) {
    return fail("a PROXY header of version " + std::to_string(version) + ", where version 2 is taken");
  }
  if (command != kLocal && command != kProxy) {
    return fail("a PROXY header with the command " + std::to_string(command) + ", which nobody knows");
  }
  if (kFixedBytes + length() > kBytesMax) {
    return fail("a PROXY header of " + std::to_string(kFixedBytes + length()) + " bytes: more than " +
                std::to_string(kBytesMax));
  }
  if (command == kLocal) return {};  // whatever it says of addresses counts for nothing
  const auto form = std::ranges::find(kForms, byte_at(bytes_, 13), [](const Form& each) { return each.code; });
  if (form == std::end(kForms)) {
    return fail("a PROXY header with the family and transport " + std::to_string(byte_at(bytes_, 13)) +
                ", which nobody knows");
  }
  if (length() < form->address_bytes) return fail("a PROXY header too short for its addresses");
  return {};
}

std::optional<Address> ProxyHeader::source() const {
  FANFARE_CHECK(wanted() == 0);
  if ((byte_at(bytes_, 12) & 15) == kLocal) return std::nullopt;
  const char* const addresses = bytes_.data() + kFixedBytes;  // source, destination, and their ports
  Address source;
  switch (byte_at(bytes_, 13) >> 4) {
    case 1: {
      auto& v4 = reinterpret_cast<sockaddr_in&>(source.storage);
      v4.sin_family = AF_INET;
      std::memcpy(&v4.sin_addr, addresses, 4);
      std::memcpy(&v4.sin_port, addresses + 8, 2);
      source.length = sizeof v4;
      return source;
    }
    case 2: {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(source.storage);
      v6.sin6_family = AF_INET6;
      std::memcpy(&v6.sin6_addr, addresses, 16);
      std::memcpy(&v6.sin6_port, addresses + 32, 2);
      source.length = sizeof v6;
      return source;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace fanfare::net
