// IP addresses without a port, and ranges of them: who a client is. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/net/address.h"

namespace fanfare::net {

// 16 bytes in network order; an IPv4 address is its mapped form, ::ffff:a.b.c.d.
struct IpAddress {
  std::array<unsigned char, 16> bytes{};

  static IpAddress of(const Address& address);
  // "192.0.2.1", "2001:db8::1"; nothing for anything else.
  static std::optional<IpAddress> parse(const std::string& text);

  bool is_v4() const;
  // "192.0.2.1", "2001:db8::1"
  std::string text() const;
  // What belongs to one client: the address if it is IPv4, the /64 of an IPv6 address (RFC 6177: nobody has less).
  IpAddress of_client() const;
  std::string_view as_text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

  bool operator==(const IpAddress&) const = default;
};

// "10.0.0.0/8", "::1": an address and how many bits of it count.
class IpRange {
 public:
  static Result<IpRange> parse(std::string_view text);
  bool contains(const IpAddress& address) const;

 private:
  IpAddress first_;
  unsigned bits_ = 128;  // of the 16 bytes
};

}  // namespace fanfare::net
