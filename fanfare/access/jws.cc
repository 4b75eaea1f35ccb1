#include "fanfare/access/jws.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> kValues = [] {
  std::array<std::int8_t, 256> values;
  values.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

// Nothing unless the text is what encode_base64url writes: no other character, no bits left over but zeros.
std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned held = 0;  // how many of the low bits wait for the next character
  for (const char c : text) {
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFF;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> held & 0xFF));
  }
  const bool whole = held != 6 && (bits & ((1U << held) - 1)) == 0;
  return whole ? std::optional(std::move(bytes)) : std::nullopt;
}

std::string encode_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    for (held += 8; held >= 6; held -= 6) text.push_back(kAlphabet[bits >> (held - 6) & 63]);
  }
  if (held > 0) text.push_back(kAlphabet[bits << (6 - held) & 63]);
  return text;
}

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code;
  unsigned size = 0;
  FANFARE_CHECK(std::in_range<int>(key.size()));
  FANFARE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(text), text.size(), code.data(),
                     &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(code.data()), size);
}

}  // namespace

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

bool verify_hs256(std::string_view key, std::string_view signed_part, std::string_view signature) {
  if (key.empty()) return false;
  const std::string expected = hmac_sha256(key, signed_part);
  return signature.size() == expected.size() && CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

std::string sign_hs256(std::string_view key, std::string_view header, std::string_view payload) {
  FANFARE_CHECK(!key.empty());
  std::string token = encode_base64url(header) + "." + encode_base64url(payload);
  const std::string signature = hmac_sha256(key, token);
  return token + "." + encode_base64url(signature);
}

}  // namespace fanfare
