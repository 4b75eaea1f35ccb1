// Where a request carries its token (draft-dunglas-mercure-07 section 6): the Authorization header wins over the
// `authorization` query parameter, which wins over the cookie `mercureAuthorization`. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/error.h"
#include "fanfare/http/message.h"
#include "fanfare/url/form.h"

namespace fanfare {

// Whether the cookie counts. A cookie is sent by a browser without its user's doing, so a request that changes
// something must not rest on it alone.
enum class CookieCarrier { kAccepted, kIgnored };

// Fails for an Authorization header that is no single Bearer token.
Result<std::optional<std::string>> token_of(const http::RequestHead& head, const std::vector<url::FormField>& query,
                                            CookieCarrier cookie);

// 401 with WWW-Authenticate (RFC 6750 section 3).
http::Response unauthorized(std::string_view reason);

}  // namespace fanfare
