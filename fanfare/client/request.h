// What an event source asks for: the request that it sends, again at each reconnection. Plain data; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare::client {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string url;  // http or https
  std::string method = "GET";
  // Beside Accept, Cache-Control and Last-Event-ID, which the source sends; one of these names replaces its own.
  std::vector<Header> headers = {};
  std::string body = {};

  // PEM file with the certificates to trust instead of the system's; empty: those.
  std::string ca_file = {};
  // As in curl: "http://user:password@proxy:3128", "socks5h://…"; empty: what http_proxy, https_proxy, all_proxy and
  // no_proxy say.
  std::string proxy = {};
};

// Fails, with what would be right, if the URL cannot be parsed, or a method or header cannot stand in a request
// (RFC 9110 sections 5.5, 5.6.2 and 9.1). An unsupported scheme is no such error: connecting to it fails.
Result<void> check_request(const Request& request);

// "https://example.com:8443": scheme, host, and the port unless it is the scheme's own; empty if there is none.
std::string origin_of(std::string_view url);

}  // namespace fanfare::client
