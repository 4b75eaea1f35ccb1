// JSON Web Keys and sets of them (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "fanfare/access/key.h"
#include "fanfare/base/error.h"

namespace fanfare {

// The keys of a JWKS (an object with "keys"), or the one of a JWK: kty oct, RSA, EC or OKP. A key's algorithm is its
// alg, else the wanted one, else its type's first; its kid is its name.
// Keys of a set that cannot be used are left out: another use or kty, an alg that is not the wanted one, invalid. A set
// of which nothing is left, one of more than keys_max, and a single key that cannot be used are errors.
Result<std::vector<Key>> parse_jwks(std::string_view json, std::optional<Algorithm> wanted, std::size_t keys_max);

}  // namespace fanfare
