// Sets of keys for the tests of this room.
#pragma once

#include <initializer_list>
#include <string>

namespace fanfare::jwks {

// RFC 8037 appendix A: the public key, and with its private half.
inline std::string public_jwk(const std::string& kid) {
  return R"({"kty":"OKP","crv":"Ed25519","kid":")" + kid + R"(","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
}
inline std::string private_jwk(const std::string& kid) {
  return R"({"kty":"OKP","crv":"Ed25519","kid":")" + kid +
         R"(","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
}
inline std::string secret_jwk(const std::string& kid) {
  return R"({"kty":"oct","kid":")" + kid + R"(","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"})";
}

inline std::string set_of(std::initializer_list<std::string> keys) {
  std::string text;
  for (const auto& key : keys) text.append(text.empty() ? "" : ",").append(key);
  return R"({"keys":[)" + text + "]}";
}

}  // namespace fanfare::jwks
