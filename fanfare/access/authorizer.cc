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

}  // namespace

Authorizer::Authorizer(AuthorizerOptions options) : options_(std::move(options)) {
  FANFARE_CHECK(options_.leeway_s >= 0);
}

std::expected<Grants, Denied> Authorizer::publisher(std::optional<std::string_view> token, std::int64_t now_s) const {
  if (!token) return std::unexpected(Denied{Denial::kMissing, "publishing needs a token"});
  return authorise(&Issuer::publisher_keys, *token, now_s);
}

std::expected<Grants, Denied> Authorizer::subscriber(std::optional<std::string_view> token, std::int64_t now_s) const {
  if (token) return authorise(&Issuer::subscriber_keys, *token, now_s);
  if (options_.anonymous) return Grants{};
  return std::unexpected(Denied{Denial::kMissing, "subscribing needs a token"});
}

std::expected<Grants, Denied> Authorizer::authorise(Keys keys, std::string_view token, std::int64_t now_s) const {
  if (!has_keys(keys)) {
    const std::string role = keys == &Issuer::publisher_keys ? "publisher" : "subscriber";
    return std::unexpected(Denied{Denial::kInvalid, "this hub has no key to check a " + role + "'s token"});
  }
  auto grants = check_token(keys, token, now_s);
  if (!grants) return std::unexpected(Denied{Denial::kInvalid, std::move(grants.error().message)});
  return std::move(*grants);
}

// The issuer is what an unverified token says: it only chooses the keys that have to prove it.
Result<Grants> Authorizer::check_token(Keys keys, std::string_view token, std::int64_t now_s) const {
  const auto jws = decode_jws(token);
  if (!jws) return std::unexpected(jws.error());
  const auto header = parse_jws_header(jws->header);
  if (!header) return std::unexpected(header.error());
  auto claims = parse_claims(jws->payload);
  if (!claims) return std::unexpected(std::move(claims.error()));
  const Issuer* issuer = issuer_of(claims->issuer);
  if (issuer == nullptr || (issuer->*keys).empty()) return fail("the token's iss is not one that is trusted here");
  const auto verified = (issuer->*keys).verify(header->algorithm, header->key_id, jws->signed_part, jws->signature);
  if (!verified) return std::unexpected(verified.error());

  auto& expires_at_s = claims->grants.expires_at_s;
  if (expires_at_s && now_s >= later(*expires_at_s, options_.leeway_s)) {
    return fail("the token expired " + seconds_between(*expires_at_s, now_s) + " ago");
  }
  if (claims->not_before_s && later(now_s, options_.leeway_s) < *claims->not_before_s) {
    return fail("the token is valid only in " + seconds_between(now_s, *claims->not_before_s));
  }
  if (expires_at_s) *expires_at_s = later(*expires_at_s, options_.leeway_s);
  return std::move(claims->grants);
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

bool Authorizer::has_keys(Keys keys) const {
  return std::ranges::any_of(options_.issuers, [&](const Issuer& issuer) { return !(issuer.*keys).empty(); });
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
