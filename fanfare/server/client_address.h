// From which address a request comes: the connection's, or, where that is a proxy which the operator trusts, the one
// that the proxy tells (X-Forwarded-For, else Forwarded: RFC 7239). Pure; any thread.
#pragma once

#include <span>

#include "fanfare/http/message.h"
#include "fanfare/net/ip_address.h"

namespace fanfare {

bool is_trusted(std::span<const net::IpRange> trusted, const net::IpAddress& address);

// Proxies append to what they were told, so it is read from the end: the first that is no trusted proxy is the client,
// and whatever stands before it is only that client's word. What is no address ends the reading.
net::IpAddress client_of(const net::IpAddress& peer, const http::Headers& headers,
                         std::span<const net::IpRange> trusted);

}  // namespace fanfare
