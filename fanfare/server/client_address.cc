#include "fanfare/server/client_address.h"

#include <algorithm>
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

// The for= of an element of Forwarded; empty if there is none.
std::string_view forwarded_for(std::string_view element) {
  for (std::string_view pair : parts_of(element, ';')) {
    const auto equals = pair.find('=');
    if (equals == pair.npos || !http::equals_ignoring_case(http::trimmed(pair.substr(0, equals)), "for")) continue;
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

}  // namespace

bool is_trusted(std::span<const net::IpRange> trusted, const net::IpAddress& address) {
  return std::ranges::any_of(trusted, [&](const net::IpRange& range) { return range.contains(address); });
}

net::IpAddress client_of(const net::IpAddress& peer, const http::Headers& headers,
                         std::span<const net::IpRange> trusted) {
  if (!is_trusted(trusted, peer)) return peer;
  auto elements = elements_of(headers, "X-Forwarded-For");
  if (elements.empty()) {
    elements = elements_of(headers, "Forwarded");
    for (auto& element : elements) element = forwarded_for(element);
  }
  net::IpAddress client = peer;
  for (const auto element : std::views::reverse(elements)) {
    const auto address = address_of(element);
    if (!address) break;
    client = *address;
    if (!is_trusted(trusted, client)) break;
  }
  return client;
}

}  // namespace fanfare
