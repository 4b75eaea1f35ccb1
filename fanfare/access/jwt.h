// What a JSON Web Token says (RFC 7519), in Mercure's words: the JSON in both halves of a JWS.
// What it is not: it verifies no signature (jws.h) and knows no time (authorizer.h). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/error.h"

namespace fanfare {

// Objects and arrays within each other in a token.
inline constexpr std::size_t kTokenDepthMax = 32;

struct Claims {
  Grants grants;
  std::optional<std::int64_t> not_before_s;  // Unix time
};

// Fails unless the header is a JSON object, its alg is exactly HS256 and it has no crit (RFC 7515 section 4.1.11:
// nothing is understood here). Keys that the header brings (jwk, jku, x5u, x5c) and typ are ignored.
Result<void> check_jws_header(std::string_view json);

// The claim https://mercure.rocks/ is an alias of mercure; where a token has both, the alias counts (as with the hubs
// that are deployed). No claim, or null, or no list in it, grants nothing; what is there must have the right type.
// exp and nbf are numbers, fractions cut off. Other claims are ignored. JSON with a name twice in one object is
// refused (RFC 7519 section 4), and so is what is deeper than kTokenDepthMax.
Result<Claims> parse_claims(std::string_view json);

std::string write_claims(const Grants& grants);

}  // namespace fanfare
