#include "fanfare/server/credentials.h"

#include <algorithm>

namespace fanfare {
namespace {

constexpr std::string_view kCookieName = "mercureAuthorization";
constexpr std::string_view kScheme = "Bearer ";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The cookie's value in a Cookie header (RFC 6265 section 4.2.1).
std::optional<std::string> cookie_of(std::string_view header) {
  while (!header.empty()) {
    const auto end = std::min(header.find(';'), header.size());
    const std::string_view pair = trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const auto equals = pair.find('=');
    if (equals == pair.npos || pair.substr(0, equals) != kCookieName) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<std::string>> token_of(const http::RequestHead& head, const std::vector<url::FormField>& query,
                                            CookieCarrier cookie) {
  if (const auto* header = head.headers.find("Authorization")) {
    if (head.headers.count("Authorization") > 1) return fail("there are two Authorization headers");
    if (header->size() <= kScheme.size() ||
        !http::equals_ignoring_case(std::string_view(*header).substr(0, kScheme.size()), kScheme)) {
      return fail("the Authorization header must be 'Bearer' and a token");
    }
    return std::string(trimmed(std::string_view(*header).substr(kScheme.size())));
  }
  const auto parameter = std::ranges::find(query, "authorization", &url::FormField::name);
  if (parameter != query.end() && !parameter->value.empty()) return parameter->value;
  if (cookie == CookieCarrier::kAccepted) {
    if (const auto* header = head.headers.find("Cookie")) return cookie_of(*header);
  }
  return std::nullopt;
}

http::Response unauthorized(std::string_view reason) {
  auto response = http::text_response(401, reason);
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace fanfare
