#include "fanfare/access/authorizer.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "fanfare/access/jws.h"
#include "fanfare/access/jwt.h"

namespace fanfare {
namespace {

// 2026-11-21T09:00:00Z; beyond the year 9999 the bare number.
std::string date_time(std::int64_t time_s) {
  using namespace std::chrono;
  constexpr std::int64_t kYear10000_s = 253'402'300'800;
  if (time_s < 0 || time_s >= kYear10000_s) return std::to_string(time_s);
  const sys_seconds time{seconds{time_s}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

Result<Grants> check_token(std::string_view token, std::string_view key, std::int64_t now_s) {
  const auto jws = decode_jws(token);
  if (!jws) return std::unexpected(jws.error());
  if (const auto header = check_jws_header(jws->header); !header) return std::unexpected(header.error());
  if (!verify_hs256(key, jws->signed_part, jws->signature)) return fail("the token's signature is wrong");
  auto claims = parse_claims(jws->payload);
  if (!claims) return std::unexpected(claims.error());
  const auto expires_at_s = claims->grants.expires_at_s;
  if (expires_at_s && now_s >= *expires_at_s) return fail("the token expired at " + date_time(*expires_at_s));
  if (claims->not_before_s && now_s < *claims->not_before_s) {
    return fail("the token is not valid before " + date_time(*claims->not_before_s));
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
