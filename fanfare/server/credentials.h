// Where a request carries its token (draft-dunglas-mercure-07 section 6): the Authorization header wins over the
// `authorization` query parameter, which wins over the cookie `mercureAuthorization`. Pure; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/origins.h"
#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"
#include "fanfare/http/message.h"
#include "fanfare/url/form.h"

namespace fanfare {

// Whether the cookie counts. A browser sends it without its user's doing, so a request that changes something must not
// rest on it unless it comes from a page that is trusted.
// kIgnored: as if there were none.
enum class CookieCarrier { kAccepted, kUntrusted, kIgnored };

// For a request that publishes: kAccepted if the page that made it is of one of these origins, by its Origin header,
// or, without one, its Referer.
CookieCarrier cookie_for_publishing(const http::RequestHead& head, const Origins& trusted);

// Fails for an Authorization header that is no single Bearer token, and where there is only a cookie that is untrusted.
Result<std::optional<std::string>> token_of(const http::RequestHead& head, const std::vector<url::FormField>& query,
                                            CookieCarrier cookie);

// 401 with WWW-Authenticate (RFC 6750 section 3).
http::Response unauthorized(std::string_view reason);

// A token that needs keys which its issuer may have published meanwhile waits for them, once.
enum class NewKeys { kAwaited, kCame };

// A request with a larger body does not wait for keys: before they tell whose it is, it is not worth its memory.
inline constexpr std::size_t kUncheckedBodyBytesMax = 64 * 1024;

// The answer to who is refused, and what may know better once it is renewed (as in Denied).
struct Refused {
  http::Response response;
  std::string reason = {};
  std::shared_ptr<KeySource> source = {};
};

// 401, or 503 with Retry-After for kNoKeys.
Refused refusal_of(const Denied& denied, const Limits& limits);

// Asks for the keys that a token needs, without waiting for them: 503 with Retry-After if they may come, else 401 or
// 503 as it is.
http::Response refusal_without_waiting(Refused refused);

}  // namespace fanfare
