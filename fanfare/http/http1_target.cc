#include "fanfare/http/http1_target.h"

#include "fanfare/http/message.h"

namespace fanfare::http {
namespace {

bool is_port(std::string_view text) {
  int port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + (c - '0');
    if (port > 65535) return false;
  }
  return true;
}

// reg-name: unreserved, sub-delims and percent-encoded bytes; IPv4 addresses are among them.
bool is_registered_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return false;
      i += 2;
    } else if (!is_digit(text[i]) && !is_alpha(text[i]) && !std::string_view("-._~!$&'()*+,;=").contains(text[i])) {
      return false;
    }
  }
  return true;
}

// What stands between the brackets; whether it is an address is left to whoever would connect to it.
bool is_ip_literal(std::string_view text) {
  const auto allowed = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
  return text.contains(':') && std::ranges::all_of(text, allowed);
}

// Takes "http://" or "https://" off the front.
bool take_scheme(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    return true;
  }
  return false;
}

}  // namespace

bool is_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_ip_literal(text.substr(1, end - 1))) return false;
    const auto rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  if (colon == 0) return false;  // a port of no host
  return is_registered_name(text.substr(0, colon)) &&
         (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
}

std::expected<Target, Refusal> parse_target(std::string_view method, std::string_view target) {
  const bool is_options = method == "OPTIONS";
  if (target == "*") {
    if (!is_options) return std::unexpected(Refusal{400, "The target * belongs to OPTIONS only."});
    return Target{.path = target, .query = {}, .authority = {}};
  }
  if (target.contains('#')) return std::unexpected(Refusal{400, "The target must not hold a fragment (#)."});
  Target parts;
  if (!target.starts_with('/')) {
    if (!take_scheme(target)) return std::unexpected(Refusal{400, "The target must begin with / or http://."});
    parts.authority = target.substr(0, target.find_first_of("/?"));
    if (parts.authority.empty() || !is_authority(parts.authority))
      return std::unexpected(Refusal{400, "The target names no valid host."});
    target.remove_prefix(parts.authority.size());
  }
  const auto question = target.find('?');
  parts.path = target.substr(0, question);
  if (question != std::string_view::npos) parts.query = target.substr(question + 1);
  if (target.empty() && is_options) {
    parts.path = "*";  // RFC 9112 section 3.2.4
  } else if (parts.path.empty()) {
    parts.path = "/";
  }
  return parts;
}

}  // namespace fanfare::http
