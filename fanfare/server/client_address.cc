#include "fanfare/server/client_address.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare {
namespace {

// The parts between separators; one of an address is not broken by a quoted separator, and if it were, it would be
// none.
std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(http::trimmed(text.substr(0, end)));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// The elements of all header fields of that name, in order.
std::vector<std::string_view> elements_of(const http::Headers& headers, std::string_view name) {
  std::vector<std::string_view> elements;
  for (const auto& header : headers) {
    if (!http::equals_ignoring_case(header.name, name)) continue;
    for (const auto part : parts_of(header.value, ',')) elements.push_back(part);
  }
  return elements;
}

// A parameter of an element of Forwarded, "for" say; empty if there is none.
std::string_view parameter_of(std::string_view element, std::string_view name) {
  for (std::string_view pair : parts_of(element, ';')) {
    const auto equals = pair.find('=');
    if (equals == pair.npos || !http::equals_ignoring_case(http::trimmed(pair.substr(0, equals)), name)) continue;
    pair = http::trimmed(pair.substr(equals + 1));
    const bool is_quoted = pair.size() >= 2 && pair.front() == '"' && pair.back() == '"';
    return is_quoted ? pair.substr(1, pair.size() - 2) : pair;
  }
  return {};
}

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80".
std::optional<net::IpAddress> address_of(std::string_view text) {
  if (text.starts_with('[')) return net::IpAddress::parse(std::string(text.substr(1, text.find(']') - 1)));
  const bool has_port = std::ranges::count(text, ':') == 1;
  return net::IpAddress::parse(std::string(has_port ? text.substr(0, text.find(':')) : text));
}

// What proxies tell of each hop, in order: by the X-Forwarded- field, else by the parameter of Forwarded.
std::vector<std::string_view> told_by(const http::Headers& headers, std::string_view field,
                                      std::string_view parameter) {
  auto told = elements_of(headers, field);
  if (!told.empty()) return told;
  told = elements_of(headers, "Forwarded");
  for (auto& element : told) element = parameter_of(element, parameter);
  return told;
}

struct Client {
  net::IpAddress address;
  std::size_t hops = 0;  // how many elements of its list are believed: the last so many
  std::size_t told = 0;  // of so many
};

Client find_client(const net::IpAddress& peer, const http::Headers& headers, std::span<const net::IpRange> trusted) {
  Client client{.address = peer};
  if (!is_trusted(trusted, peer)) return client;
  const auto elements = told_by(headers, "X-Forwarded-For", "for");
  client.told = elements.size();
  for (const auto element : std::views::reverse(elements)) {
    const auto address = address_of(element);
    if (!address) break;
    client.address = *address;
    ++client.hops;
    if (!is_trusted(trusted, client.address)) break;
  }
  return client;
}

// What the proxy that saw the client tells of it.
std::string_view told_of(const Client& client, const std::vector<std::string_view>& told) {
  if (told.empty()) return {};
  const bool is_parallel = told.size() == client.told && client.hops > 0;
  return is_parallel ? told[told.size() - client.hops] : told.back();
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return lower;
}

// A name or an address, with a port or without: nothing that would end a host within a URL.
bool is_host(std::string_view text) {
  constexpr std::string_view kOthers = ".-_:[]";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.contains(c);
  });
}

}  // namespace

bool is_trusted(std::span<const net::IpRange> trusted, const net::IpAddress& address) {
  return std::ranges::any_of(trusted, [&](const net::IpRange& range) { return range.contains(address); });
}

net::IpAddress client_of(const net::IpAddress& peer, const http::Headers& headers,
                         std::span<const net::IpRange> trusted) {
  return find_client(peer, headers, trusted).address;
}

std::string origin_of(const http::RequestHead& head, const net::IpAddress& peer, Transport transport,
                      std::span<const net::IpRange> trusted) {
  std::string scheme = transport == Transport::kTls ? "https" : "http";
  std::string host = in_lower_case(head.authority);
  if (is_trusted(trusted, peer)) {
    const Client client = find_client(peer, head.headers, trusted);
    const std::string proto = in_lower_case(told_of(client, told_by(head.headers, "X-Forwarded-Proto", "proto")));
    if (proto == "http" || proto == "https") scheme = proto;
    const std::string_view told_host = told_of(client, told_by(head.headers, "X-Forwarded-Host", "host"));
    if (is_host(told_host)) host = in_lower_case(told_host);
  }
  const std::string_view usual_port = scheme == "https" ? ":443" : ":80";
  if (host.ends_with(usual_port)) host.resize(host.size() - usual_port.size());
  return scheme + "://" + host;
}

}  // namespace fanfare
