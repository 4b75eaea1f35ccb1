#include "fanfare/access/jws.h"

#include <utility>

#include "fanfare/access/base64url.h"

namespace fanfare {

Result<CompactJws> decode_jws(std::string_view token) {
  if (token.size() > kTokenBytesMax) {
    return fail("the token is longer than " + std::to_string(kTokenBytesMax) + " bytes");
  }
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == last || token.find('.', first + 1) != last) {
    return fail("the token is not a compact JWS: three parts with a dot between them");
  }
  auto header = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, last - first - 1));
  auto signature = decode_base64url(token.substr(last + 1));
  if (!header || !payload || !signature) return fail("the token is not base64url without padding");
  return CompactJws{std::move(*header), std::move(*payload), std::move(*signature), token.substr(0, last)};
}

std::string sign_jws(const Key& key, std::string_view header, std::string_view payload) {
  std::string token = encode_base64url(header) + "." + encode_base64url(payload);
  const std::string signature = key.sign(token);
  return token + "." + encode_base64url(signature);
}

}  // namespace fanfare
