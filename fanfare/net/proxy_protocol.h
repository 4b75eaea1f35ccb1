// The PROXY protocol, version 2: the header before all else with which a proxy tells from where a connection comes
// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.2). Its bytes in, the address out: no I/O.
//
//   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A | 2 and command | family and transport | length (2) | addresses | TLVs
//
// What it is not: version 1, which is refused by name; TLVs are passed over. And it does not know whether the peer may
// say so. Values; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/net/address.h"

namespace fanfare::net {

class ProxyHeader {
 public:
  // Longer ones are refused; TLVs of proxies take some hundred bytes.
  static constexpr std::size_t kBytesMax = 4096;

  // How many bytes may be read for it now: what comes behind the header belongs to somebody else. 0: it is complete.
  std::size_t wanted() const;
  // At most so many. Fails as soon as they can be no header, with the reason; then it is done with.
  Result<void> take(std::string_view bytes);

  // Of the complete header. Nothing: the connection is the proxy's own (LOCAL), or from where no address can tell (a
  // UNIX socket, an unknown family).
  std::optional<Address> source() const;

 private:
  Result<void> check_fixed_part() const;
  std::size_t length() const;

  std::string bytes_;
};

}  // namespace fanfare::net
