// JSON Web Signatures in compact form (RFC 7515 sections 3.1 and 5.2): taking one apart, and putting one together.
// What it is not: it reads no JSON (jwt.h) and knows no algorithm (key.h). Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fanfare/access/key.h"
#include "fanfare/base/error.h"

namespace fanfare {

inline constexpr std::size_t kTokenBytesMax = 8 * 1024;

struct CompactJws {
  std::string header;  // these three decoded; nothing is verified yet
  std::string payload;
  std::string signature;
  std::string_view signed_part;  // of the token that was decoded: "header.payload" as sent
};

// Strict: three parts of base64url without padding, in the one way that their bytes can be written, and at most
// kTokenBytesMax in all. The token must outlive the result.
Result<CompactJws> decode_jws(std::string_view token);

// The compact form of a header and a payload, which must be JSON, signed with a key that can.
std::string sign_jws(const Key& key, std::string_view header, std::string_view payload);

}  // namespace fanfare
