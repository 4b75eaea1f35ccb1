// What a JSON Web Token says (RFC 7519), in Mercure's words: the JSON in both halves of a JWS.
// What it is not: it verifies no signature (jws.h) and knows no time (authorizer.h). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/key.h"
#include "fanfare/base/error.h"

namespace fanfare {

// Objects and arrays within each other in a token.
inline constexpr std::size_t kTokenDepthMax = 32;

struct JwsHeader {
  std::string algorithm;              // empty: there is none, or it is no string
  std::optional<std::string> key_id;  // kid
};

struct Claims {
  Grants grants;
  std::optional<std::string> issuer;         // iss
  std::optional<std::int64_t> not_before_s;  // Unix time
};

// Fails unless the header is a JSON object without crit (RFC 7515 section 4.1.11: nothing is understood here). Keys
// that the header brings (jwk, jku, x5u, x5c) and typ are ignored, and so is a kid that is no string.
Result<JwsHeader> parse_jws_header(std::string_view json);

// The claim https://mercure.rocks/ is an alias of mercure; where a token has both, the alias counts (as with the hubs
// that are deployed). No claim, or null, or no list in it, grants nothing; what is there must have the right type.
// exp and nbf are numbers, fractions cut off; iss is a string. Other claims, and a sub that is no string, are ignored.
// JSON with a name twice in one object is refused (RFC 7519 section 4), and so is what is deeper than kTokenDepthMax.
Result<Claims> parse_claims(std::string_view json);

// Of a token that this key signs: its alg, its kid if it has one.
std::string write_jws_header(const Key& key);

// payload: JSON for mercure.payload, or empty for none; fails if it is no JSON.
Result<std::string> write_claims(const Grants& grants, std::string_view payload);

}  // namespace fanfare
