// From which address a request comes, and of which origin its client believes the hub to be: the connection's, or,
// where that is from a proxy which the operator trusts, those that the proxy tells (X-Forwarded-For, -Proto and -Host,
// else Forwarded: RFC 7239). From anybody else these fields count for nothing. Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "fanfare/http/message.h"
#include "fanfare/net/ip_address.h"

namespace fanfare {

bool is_trusted(std::span<const net::IpRange> trusted, const net::IpAddress& address);

// Proxies append to what they were told, so it is read from the end: the first that is no trusted proxy is the client,
// and whatever stands before it is only that client's word. What is no address ends the reading.
net::IpAddress client_of(const net::IpAddress& peer, const http::Headers& headers,
                         std::span<const net::IpRange> trusted);

enum class Transport { kClear, kTls };

// "https://hub.example", as a page of the hub itself sends it in Origin (RFC 6454 section 6.2): the scheme and host
// that the outermost trusted proxy has seen, by the element of a list that stands where the client's does, else by the
// last; what is not told is that of the connection and the request.
std::string origin_of(const http::RequestHead& head, const net::IpAddress& peer, Transport transport,
                      std::span<const net::IpRange> trusted);

}  // namespace fanfare
