// Any bytes may stand in a key file or come from a provider's URL. What is read as keys is within its bounds and works:
// who can sign verifies that signature and no other. What a URL shows is never used if it can sign.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/access/jwk.h"
#include "fanfare/access/key_set.h"
#include "fanfare/base/check.h"
#include "fanfare/jwks/refresh.h"

namespace fanfare {
namespace {

constexpr std::string_view kText = "header.payload";

void check_key(const Key& key) {
  FANFARE_CHECK(!key.verify(kText, "") && !key.verify(kText, std::string(64, 'x')));
  if (!key.can_sign()) return;
  std::string signature = key.sign(kText);
  FANFARE_CHECK(key.verify(kText, signature) && !key.verify("header.other", signature));
  signature.back() = static_cast<char>(signature.back() ^ 1);
  FANFARE_CHECK(!key.verify(kText, signature));
}

}  // namespace
}  // namespace fanfare

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Limits limits;
  limits.key_file_bytes_max = 16 * 1024;
  limits.keys_max = 4;

  const auto jwks = parse_jwks(text, std::nullopt, limits.keys_max);
  FANFARE_CHECK(jwks ? !jwks->empty() && jwks->size() <= limits.keys_max : !jwks.error().message.empty());
  const auto keys = KeySet::parse(text, std::nullopt, limits);
  FANFARE_CHECK(keys ? !keys->empty() && keys->keys().size() <= limits.keys_max : !keys.error().message.empty());
  if (keys) {
    for (const Key& key : keys->keys()) check_key(key);
  }
  const auto shown = jwks::keys_of_body(text, std::nullopt, limits);
  if (!shown) return 0;
  FANFARE_CHECK(jwks.has_value() && !shown->empty());
  for (const Key& key : shown->keys()) FANFARE_CHECK(!key.can_sign());
  return 0;
}
