#include "fanfare/access/authorizer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fanfare/access/jws.h"
#include "fanfare/access/jwt.h"
#include "fanfare/base/check.h"

namespace fanfare {
namespace {

// Unsigned, because claims reach over all 64 bits.
std::string seconds_between(std::int64_t earlier_s, std::int64_t later_s) {
  return std::to_string(static_cast<std::uint64_t>(later_s) - static_cast<std::uint64_t>(earlier_s)) + " s";
}

// leeway_s is not negative; what lies beyond 64 bits becomes the nearest that fits.
std::int64_t later(std::int64_t time_s, std::int64_t leeway_s) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  return time_s > kMax - leeway_s ? kMax : time_s + leeway_s;
}

std::unexpected<Denied> invalid(std::string reason) {
  return std::unexpected(Denied{Denial::kInvalid, std::move(reason)});
}

// Whether the keys made the token. With a source: its current keys, which may be none yet, or not have the one that the
// token names; an unnamed one is tried.
std::expected<void, Denied> verify(const JwsHeader& header, const CompactJws& jws, const KeySet& fixed,
                                   const std::shared_ptr<KeySource>& source) {
  const auto fetched = source != nullptr ? source->current() : nullptr;
  if (source != nullptr && fetched == nullptr) {
    return std::unexpected(Denied{Denial::kNoKeys, "the issuer's keys could not be fetched yet", source});
  }
  if (fetched != nullptr && header.key_id && !fetched->may_know(*header.key_id)) {
    return std::unexpected(Denied{Denial::kUnknown, "the token's kid is none of its issuer's keys", source});
  }
  const KeySet& keys = fetched != nullptr ? *fetched : fixed;
  const auto verified = keys.verify(header.algorithm, header.key_id, jws.signed_part, jws.signature);
  return verified ? std::expected<void, Denied>() : invalid(verified.error().message);
}

}  // namespace

struct Authorizer::Role {
  const char* name;
  KeySet Issuer::* keys;
  std::shared_ptr<KeySource> Issuer::* source;
};

const Authorizer::Role Authorizer::kPublisher = {"publisher", &Issuer::publisher_keys, &Issuer::publisher_source};
const Authorizer::Role Authorizer::kSubscriber = {"subscriber", &Issuer::subscriber_keys, &Issuer::subscriber_source};

Authorizer::Authorizer(AuthorizerOptions options) : options_(std::move(options)) {
  FANFARE_CHECK(options_.leeway_s >= 0);
  for (const Issuer& issuer : options_.issuers) {
    for (const Role* role : {&kPublisher, &kSubscriber}) {
      const auto& source = issuer.*(role->source);
      FANFARE_CHECK(source == nullptr || (issuer.*(role->keys)).empty());
      if (source != nullptr && std::ranges::find(sources_, source) == sources_.end()) sources_.push_back(source);
    }
  }
}

std::uint64_t Authorizer::keys_version() const {
  std::uint64_t sum = 0;
  for (const auto& source : sources_) sum += source->version();
  return sum;
}

std::expected<Grants, Denied> Authorizer::publisher(std::optional<std::string_view> token, std::int64_t now_s) const {
  if (!token) return std::unexpected(Denied{Denial::kMissing, "publishing needs a token"});
  return authorise(kPublisher, *token, now_s);
}

std::expected<Grants, Denied> Authorizer::subscriber(std::optional<std::string_view> token, std::int64_t now_s) const {
  if (token) return authorise(kSubscriber, *token, now_s);
  if (options_.anonymous) return Grants{};
  return std::unexpected(Denied{Denial::kMissing, "subscribing needs a token"});
}

// The issuer is what an unverified token says: it only chooses the keys that have to prove it.
std::expected<Grants, Denied> Authorizer::authorise(const Role& role, std::string_view token,
                                                    std::int64_t now_s) const {
  if (!has_keys(role)) return invalid("this hub has no key to check a " + std::string(role.name) + "'s token");
  const auto jws = decode_jws(token);
  if (!jws) return invalid(jws.error().message);
  const auto header = parse_jws_header(jws->header);
  if (!header) return invalid(header.error().message);
  auto claims = parse_claims(jws->payload);
  if (!claims) return invalid(std::move(claims.error().message));
  const Issuer* issuer = issuer_of(claims->issuer);
  if (issuer == nullptr || ((issuer->*role.keys).empty() && issuer->*role.source == nullptr)) {
    return invalid("the token's iss is not one that is trusted here");
  }
  auto verified = verify(*header, *jws, issuer->*role.keys, issuer->*role.source);
  if (!verified) return std::unexpected(std::move(verified.error()));

  Grants& grants = claims->grants;
  auto& expires_at_s = grants.expires_at_s;
  if (expires_at_s && now_s >= later(*expires_at_s, options_.leeway_s)) {
    return invalid("the token expired " + seconds_between(*expires_at_s, now_s) + " ago");
  }
  if (claims->not_before_s && later(now_s, options_.leeway_s) < *claims->not_before_s) {
    return invalid("the token is valid only in " + seconds_between(now_s, *claims->not_before_s));
  }
  if (expires_at_s) *expires_at_s = later(*expires_at_s, options_.leeway_s);
  grants.issuer = claims->issuer.value_or("");
  return std::move(grants);
}

// The one of that name, else the one without, if there is any.
const Issuer* Authorizer::issuer_of(const std::optional<std::string>& name) const {
  const auto named = [&](std::string_view wanted) {
    const auto found = std::ranges::find(options_.issuers, wanted, &Issuer::name);
    return found == options_.issuers.end() ? nullptr : &*found;
  };
  const Issuer* own = name ? named(*name) : nullptr;
  return own != nullptr ? own : named("");
}

bool Authorizer::has_keys(const Role& role) const {
  return std::ranges::any_of(options_.issuers, [&](const Issuer& issuer) {
    return !(issuer.*role.keys).empty() || issuer.*role.source != nullptr;
  });
}

Result<std::string> make_token(const Key& key, const Grants& grants, std::string_view payload) {
  const auto claims = write_claims(grants, payload);
  if (!claims) return std::unexpected(claims.error());
  return sign_jws(key, write_jws_header(key), *claims);
}

std::string make_token(const Key& key, const Grants& grants) {
  const auto token = make_token(key, grants, "");
  FANFARE_CHECK(token.has_value());
  return *token;
}

std::string make_token(std::string_view secret, const Grants& grants) {
  const auto key = Key::from_secret(secret, Algorithm::kHs256);
  FANFARE_CHECK(key.has_value());
  return make_token(*key, grants);
}

}  // namespace fanfare
