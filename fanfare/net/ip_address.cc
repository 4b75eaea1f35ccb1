#include "fanfare/net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace fanfare::net {
namespace {

constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 96;
constexpr std::size_t kClientBytes = 8;

IpAddress mapped(const void* four_bytes) {
  IpAddress made;
  std::ranges::copy(kMapped, made.bytes.begin());
  std::memcpy(made.bytes.data() + kMapped.size(), four_bytes, 4);
  return made;
}

}  // namespace

IpAddress IpAddress::of(const Address& address) {
  if (address.storage.ss_family == AF_INET6) {
    IpAddress made;
    std::memcpy(made.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr, 16);
    return made;
  }
  return mapped(&reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr);
}

std::optional<IpAddress> IpAddress::parse(const std::string& text) {
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return mapped(&v4);
  IpAddress made;
  if (::inet_pton(AF_INET6, text.c_str(), made.bytes.data()) == 1) return made;
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? kMapped.size() : 0), text.data(), text.size());
  return text.data();
}

IpAddress IpAddress::of_client() const {
  IpAddress client = *this;
  if (!is_v4()) std::fill(client.bytes.begin() + kClientBytes, client.bytes.end(), static_cast<unsigned char>(0));
  return client;
}

Result<IpRange> IpRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(std::string(text.substr(0, slash)));
  if (!address) return fail("'" + std::string(text) + "' is no IP address, or range of them like 10.0.0.0/8");
  IpRange made;
  made.first_ = *address;
  if (slash == text.npos) return made;
  const std::string_view length = text.substr(slash + 1);
  const unsigned before = address->is_v4() ? kMappedBits : 0;
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (length.empty() || error != std::errc() || end != length.data() + length.size() || bits > 128 - before) {
    return fail("'" + std::string(text) + "': after the slash comes a number from 0 to " +
                std::to_string(128 - before));
  }
  made.bits_ = before + bits;
  return made;
}

bool IpRange::contains(const IpAddress& address) const {
  const std::size_t whole = bits_ / 8;
  if (!std::equal(first_.bytes.begin(), first_.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin())) {
    return false;
  }
  const unsigned rest = bits_ % 8;
  return rest == 0 || (first_.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

}  // namespace fanfare::net
