// Who may publish what and receive which private updates: Mercure's tokens (draft-dunglas-mercure-07 section 6), a
// signed JSON Web Token (RFC 7519) whose claim "mercure" lists topic selectors.
// Pure: the time is an argument. An Authorizer is immutable after construction; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/key.h"
#include "fanfare/access/key_set.h"
#include "fanfare/access/key_source.h"
#include "fanfare/base/error.h"

namespace fanfare {

// What a valid token grants. A selector list as in the claim: exact topics, URI templates, "*".
struct Grants {
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  std::optional<std::int64_t> expires_at_s;  // Unix time, leeway included; the stream must end by then
  std::string payload = {};                  // JSON that its subscriptions show to those who may read them; empty: none
  std::string issuer = {};                   // iss; empty: the token does not say
  std::string subject = {};                  // sub: whom the token is for; the same
};

enum class Denial {
  kMissing,  // 401: a token is needed and none came
  kInvalid,  // 401: the token is not acceptable
  kUnknown,  // 401: it names a key that its issuer has not published, at least when the keys were last fetched
  kNoKeys,   // 503: the issuer's keys could not be fetched yet
};

struct Denied {
  Denial denial;
  std::string reason;  // one line, safe to show
  // What may know better once it is renewed, for kUnknown and kNoKeys.
  std::shared_ptr<KeySource> source = {};
};

// Who makes tokens, and with which keys: only these count for its tokens. A role has keys, or a source of them, or
// neither: then it accepts no token of this issuer.
struct Issuer {
  std::string name;  // what the token's iss must be, exactly; empty: tokens with any other iss, or none
  KeySet publisher_keys;
  KeySet subscriber_keys;
  std::shared_ptr<KeySource> publisher_source = {};
  std::shared_ptr<KeySource> subscriber_source = {};
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

  // Grows whenever a source's keys change: what was granted before must be asked again.
  std::uint64_t keys_version() const;
  // All sources, each once.
  const std::vector<std::shared_ptr<KeySource>>& sources() const { return sources_; }

 private:
  struct Role;
  static const Role kPublisher;
  static const Role kSubscriber;

  std::expected<Grants, Denied> authorise(const Role& role, std::string_view token, std::int64_t now_s) const;
  const Issuer* issuer_of(const std::optional<std::string>& name) const;
  bool has_keys(const Role& role) const;

  AuthorizerOptions options_;
  std::vector<std::shared_ptr<KeySource>> sources_;
};

// Signs {"mercure":{"publish":[…],"subscribe":[…]}} (and exp, iss and sub, if given) with a key that can sign.
std::string make_token(const Key& key, const Grants& grants);
// With an HS256 secret, which must not be empty.
std::string make_token(std::string_view secret, const Grants& grants);
// payload: JSON for the claim mercure.payload. Fails if it is no JSON.
Result<std::string> make_token(const Key& key, const Grants& grants, std::string_view payload);

}  // namespace fanfare
