// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (every interface): where a server listens.
// Any thread; a host name is looked up.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080"
  std::uint16_t port() const;
  bool is_loopback() const;
};

Result<Address> parse_address(std::string_view text);
// Of a socket's own end.
Address local_address(int fd);

}  // namespace fanfare::net
