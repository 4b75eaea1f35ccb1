// Who may publish what and receive which private updates: Mercure's tokens (draft-dunglas-mercure-07 section 6), a
// signed JSON Web Token (RFC 7519) whose claim "mercure" lists topic selectors.
// Pure: the time is an argument. An Authorizer is immutable after construction; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/key.h"
#include "fanfare/access/key_set.h"
#include "fanfare/base/error.h"

namespace fanfare {

// What a valid token grants. A selector list as in the claim: exact topics, URI templates, "*".
struct Grants {
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  std::optional<std::int64_t> expires_at_s;  // Unix time, leeway included; the stream must end by then
  std::string payload = {};                  // JSON that its subscriptions show to those who may read them; empty: none
};

enum class Denial {
  kMissing,  // 401: a token is needed and none came
  kInvalid,  // 401: the token is not acceptable
};

struct Denied {
  Denial denial;
  std::string reason;  // one line, safe to show
};

// Who makes tokens, and with which keys: only these count for its tokens.
struct Issuer {
  std::string name;       // what the token's iss must be, exactly; empty: tokens with any other iss, or none
  KeySet publisher_keys;  // empty: that role accepts no token of it
  KeySet subscriber_keys;
};

struct AuthorizerOptions {
  std::vector<Issuer> issuers;  // with different names
  std::int64_t leeway_s = 0;    // how far the clocks of those who make tokens may be off: for exp and nbf
  bool anonymous = false;       // subscribing without a token is allowed (public updates only)
};

class Authorizer {
 public:
  explicit Authorizer(AuthorizerOptions options);

  // token: the compact JWS, or nothing if the request carries none. now_s: Unix time.
  // A publisher always needs a valid token. A subscriber without one gets empty grants where anonymous is set.
  std::expected<Grants, Denied> publisher(std::optional<std::string_view> token, std::int64_t now_s) const;
  std::expected<Grants, Denied> subscriber(std::optional<std::string_view> token, std::int64_t now_s) const;

 private:
  using Keys = KeySet Issuer::*;

  std::expected<Grants, Denied> authorise(Keys keys, std::string_view token, std::int64_t now_s) const;
  Result<Grants> check_token(Keys keys, std::string_view token, std::int64_t now_s) const;
  const Issuer* issuer_of(const std::optional<std::string>& name) const;
  bool has_keys(Keys keys) const;

  AuthorizerOptions options_;
};

// Signs {"mercure":{"publish":[…],"subscribe":[…]}} (and exp, if given) with a key that can sign.
std::string make_token(const Key& key, const Grants& grants);
// With an HS256 secret, which must not be empty.
std::string make_token(std::string_view secret, const Grants& grants);
// payload: JSON for the claim mercure.payload. Fails if it is no JSON.
Result<std::string> make_token(const Key& key, const Grants& grants, std::string_view payload);

}  // namespace fanfare
