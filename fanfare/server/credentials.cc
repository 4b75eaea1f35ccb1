#include "fanfare/server/credentials.h"

#include <algorithm>
#include <utility>

namespace fanfare {
namespace {

constexpr std::string_view kCookieName = "mercureAuthorization";
constexpr std::string_view kScheme = "Bearer ";

// The cookie's value in a Cookie header (RFC 6265 section 4.2.1).
std::optional<std::string> cookie_of(std::string_view header) {
  while (!header.empty()) {
    const auto end = std::min(header.find(';'), header.size());
    const std::string_view pair = http::trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const auto equals = pair.find('=');
    if (equals == pair.npos || pair.substr(0, equals) != kCookieName) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return std::nullopt;
}

// Empty if the request does not say.
std::string origin_of_page(const http::RequestHead& head) {
  if (const auto* origin = head.headers.find("Origin")) return *origin;
  const auto* referer = head.headers.find("Referer");
  if (referer == nullptr) return {};
  const auto authority = referer->find("://");
  if (authority == referer->npos) return {};
  return referer->substr(0, referer->find_first_of("/?#", authority + 3));
}

}  // namespace

CookieCarrier cookie_for_publishing(const http::RequestHead& head, const Origins& trusted) {
  return trusted.lists(origin_of_page(head)) ? CookieCarrier::kAccepted : CookieCarrier::kUntrusted;
}

Result<std::optional<std::string>> token_of(const http::RequestHead& head, const std::vector<url::FormField>& query,
                                            CookieCarrier cookie) {
  if (const auto* header = head.headers.find("Authorization")) {
    if (head.headers.count("Authorization") > 1) return fail("there are two Authorization headers");
    if (header->size() <= kScheme.size() ||
        !http::equals_ignoring_case(std::string_view(*header).substr(0, kScheme.size()), kScheme)) {
      return fail("the Authorization header must be 'Bearer' and a token");
    }
    return std::string(http::trimmed(std::string_view(*header).substr(kScheme.size())));
  }
  const auto parameter = std::ranges::find(query, "authorization", &url::FormField::name);
  if (parameter != query.end() && !parameter->value.empty()) return parameter->value;
  if (cookie == CookieCarrier::kIgnored) return std::nullopt;
  const auto* cookies = head.headers.find("Cookie");
  auto token = cookies == nullptr ? std::nullopt : cookie_of(*cookies);
  if (!token || token->empty()) return std::nullopt;
  if (cookie == CookieCarrier::kUntrusted) {
    const std::string origin(origin_of_page(head));
    return fail("a cookie may publish only from a page whose origin the hub trusts (--publish-origin), not " +
                (origin.empty() ? "without Origin and Referer" : "from '" + origin + "'"));
  }
  return token;
}

http::Response unauthorized(std::string_view reason) {
  auto response = http::problem_response(401, reason);
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

Refused refusal_of(const Denied& denied, const Limits& limits) {
  if (denied.denial != Denial::kNoKeys) return {unauthorized(denied.reason), denied.reason, denied.source};
  return {http::retry_response(503, denied.reason, limits.retry_after_s), denied.reason, denied.source};
}

http::Response refusal_without_waiting(Refused refused) {
  if (refused.source->renew({}) != Renewal::kAwaited) return std::move(refused.response);
  return http::retry_response(503, refused.reason + ", and keys are being fetched: try again", 1);
}

}  // namespace fanfare
