// Who may publish what and receive which private updates: Mercure's tokens (draft-dunglas-mercure-07 section 6), a
// JSON Web Token (RFC 7519) signed with HS256 whose claim "mercure" lists topic selectors.
// Pure: the time is an argument. An Authorizer is immutable after construction; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare {

// What a valid token grants. A selector list as in the claim: exact topics, URI templates, "*".
struct Grants {
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  std::optional<std::int64_t> expires_at_s;  // Unix time; the stream must end by then
};

enum class Denial {
  kMissing,  // 401: a token is needed and none came
  kInvalid,  // 401: the token is not acceptable
};

struct Denied {
  Denial denial;
  std::string reason;  // one line, safe to show
};

struct AuthorizerOptions {
  std::string publisher_key;  // HS256 secrets; empty: that role accepts no token
  std::string subscriber_key;
  bool anonymous = false;  // subscribing without a token is allowed (public updates only)
};

class Authorizer {
 public:
  explicit Authorizer(AuthorizerOptions options);

  // token: the compact JWS, or nothing if the request carries none. now_s: Unix time.
  // A publisher always needs a valid token. A subscriber without one gets empty grants where anonymous is set.
  std::expected<Grants, Denied> publisher(std::optional<std::string_view> token, std::int64_t now_s) const;
  std::expected<Grants, Denied> subscriber(std::optional<std::string_view> token, std::int64_t now_s) const;

 private:
  AuthorizerOptions options_;
};

// Signs {"mercure":{"publish":[…],"subscribe":[…]}} (and exp, if given) with HS256: the development token and tests.
std::string make_token(std::string_view key, const Grants& grants);

}  // namespace fanfare
