#include "fanfare/access/origins.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace fanfare {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// RFC 3986 section 3.1, in lower case.
bool is_scheme(std::string_view text) {
  return !text.empty() && is_lower(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_lower(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

// A name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view text) {
  const bool bracketed = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
  if (bracketed) text = text.substr(1, text.size() - 2);
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    if (bracketed) return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
    return is_lower(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && text[0] != '0';
}

Result<std::string> parse_origin(std::string_view given) {
  const auto wrong = [&](std::string_view why) {
    return fail("'" + std::string(given) + "' is not an origin: " + std::string(why));
  };
  if (given == "null") return wrong("any sandboxed page has it");
  std::string text = lower(given);
  const auto colon = text.find("://");
  if (colon == text.npos) return wrong("it needs a scheme, as in https://example.com");
  const std::string_view scheme = std::string_view(text).substr(0, colon);
  const std::string_view authority = std::string_view(text).substr(colon + 3);
  if (!is_scheme(scheme)) return wrong("the scheme is not one");
  if (authority.find_first_of("/?#") != authority.npos) return wrong("it must end after the host and port");
  if (authority.contains('@')) return wrong("it cannot have a user name");
  if (authority.contains('*')) return wrong("'*' stands for every origin and only alone");

  const auto bracket = authority.rfind(']');
  const auto port_colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (!is_host(authority.substr(0, port_colon))) {
    return wrong("the host is not a name (in ASCII), an IPv4 address or an [IPv6] address");
  }
  if (port_colon == authority.npos) return text;
  const std::string_view port = authority.substr(port_colon + 1);
  if (!is_port(port)) return wrong("the port is not a number from 1 to 65535");
  const bool own_port = (scheme == "https" && port == "443") || (scheme == "http" && port == "80");
  return own_port ? text.substr(0, text.size() - port.size() - 1) : text;
}

}  // namespace

Result<Origins> Origins::parse(std::span<const std::string> allowed) {
  Origins origins;
  for (const auto& each : allowed) {
    if (each == "*") {
      origins.any_ = true;
      continue;
    }
    auto origin = parse_origin(each);
    if (!origin) return std::unexpected(origin.error());
    origins.listed_.push_back(std::move(*origin));
  }
  return origins;
}

bool Origins::lists(std::string_view origin) const {
  return std::ranges::find(listed_, origin) != listed_.end();
}

std::optional<CorsAnswer> Origins::answer(std::string_view origin) const {
  if (lists(origin)) return CorsAnswer{std::string(origin), Credentials::kAllow};
  if (any_) return CorsAnswer{"*", Credentials::kOmit};
  return std::nullopt;
}

}  // namespace fanfare
