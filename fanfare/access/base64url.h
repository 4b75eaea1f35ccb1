// base64url without padding (RFC 4648 section 5, RFC 7515 section 2): how JSON Web Signatures and Keys write bytes.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fanfare {

std::string encode_base64url(std::string_view bytes);

// Nothing unless the text is what encode_base64url writes: no other character, no bits left over but zeros.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace fanfare
