#include "fanfare/access/authorizer.h"

#include <utility>

#include "fanfare/access/jws.h"
#include "fanfare/access/jwt.h"

namespace fanfare {
namespace {

// Unsigned, because claims reach over all 64 bits.
std::string seconds_between(std::int64_t earlier_s, std::int64_t later_s) {
  return std::to_string(static_cast<std::uint64_t>(later_s) - static_cast<std::uint64_t>(earlier_s)) + " s";
}

Result<Grants> check_token(std::string_view token, std::string_view key, std::int64_t now_s) {
  const auto jws = decode_jws(token);
  if (!jws) return std::unexpected(jws.error());
  if (const auto header = check_jws_header(jws->header); !header) return std::unexpected(header.error());
  if (!verify_hs256(key, jws->signed_part, jws->signature)) return fail("the token's signature is wrong");
  auto claims = parse_claims(jws->payload);
  if (!claims) return std::unexpected(claims.error());
  const auto expires_at_s = claims->grants.expires_at_s;
  if (expires_at_s && now_s >= *expires_at_s) {
    return fail("the token expired " + seconds_between(*expires_at_s, now_s) + " ago");
  }
  if (claims->not_before_s && now_s < *claims->not_before_s) {
    return fail("the token is valid only in " + seconds_between(now_s, *claims->not_before_s));
  }
  return std::move(claims->grants);
}

std::expected<Grants, Denied> authorise(std::string_view role, std::string_view key, std::string_view token,
                                        std::int64_t now_s) {
  if (key.empty()) {
    return std::unexpected(
        Denied{Denial::kInvalid, "this hub has no key to check a " + std::string(role) + "'s token"});
  }
  auto grants = check_token(token, key, now_s);
  if (!grants) return std::unexpected(Denied{Denial::kInvalid, std::move(grants.error().message)});
  return std::move(*grants);
}

}  // namespace

Authorizer::Authorizer(AuthorizerOptions options) : options_(std::move(options)) {}

std::expected<Grants, Denied> Authorizer::publisher(std::optional<std::string_view> token, std::int64_t now_s) const {
  if (!token) return std::unexpected(Denied{Denial::kMissing, "publishing needs a token"});
  return authorise("publisher", options_.publisher_key, *token, now_s);
}

std::expected<Grants, Denied> Authorizer::subscriber(std::optional<std::string_view> token, std::int64_t now_s) const {
  if (token) return authorise("subscriber", options_.subscriber_key, *token, now_s);
  if (options_.anonymous) return Grants{};
  return std::unexpected(Denied{Denial::kMissing, "subscribing needs a token"});
}

std::string make_token(std::string_view key, const Grants& grants) {
  return sign_hs256(key, R"({"alg":"HS256","typ":"JWT"})", write_claims(grants));
}

}  // namespace fanfare
