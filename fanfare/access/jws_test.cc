#include "fanfare/access/jws.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

// RFC 7515 appendix A.1.
constexpr std::string_view kHeaderPart = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
constexpr std::string_view kPayloadPart =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kSignaturePart = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kKeyPart =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

std::string joined(std::string_view header, std::string_view payload, std::string_view signature) {
  return std::string(header).append(".").append(payload).append(".").append(signature);
}

Key rfc_key() {
  return Key::from_secret(decode_jws(joined("", kKeyPart, "")).value().payload, Algorithm::kHs256).value();
}

TEST(Jws, TheExampleOfTheRfcDecodesAndVerifies) {
  const std::string token = joined(kHeaderPart, kPayloadPart, kSignaturePart);
  const auto jws = decode_jws(token);
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->header, "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}");
  EXPECT_EQ(jws->payload, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
  EXPECT_EQ(jws->signed_part, token.substr(0, token.rfind('.')));
  EXPECT_EQ(jws->signature.size(), 32u);
  EXPECT_TRUE(rfc_key().verify(jws->signed_part, jws->signature));
}

TEST(Jws, SigningTheExampleOfTheRfcGivesItsToken) {
  const auto jws = decode_jws(joined(kHeaderPart, kPayloadPart, ""));
  EXPECT_EQ(sign_jws(rfc_key(), jws.value().header, jws.value().payload),
            joined(kHeaderPart, kPayloadPart, kSignaturePart));
}

TEST(Jws, AnyChangeOfTextOrSignatureFailsToVerify) {
  const std::string token = joined(kHeaderPart, kPayloadPart, kSignaturePart);
  const CompactJws jws = decode_jws(token).value();
  const Key key = rfc_key();
  for (std::size_t i = 0; i < jws.signature.size(); ++i) {
    std::string changed = jws.signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.verify(jws.signed_part, changed)) << i;
    EXPECT_FALSE(key.verify(jws.signed_part, jws.signature.substr(0, i))) << i;
  }
  EXPECT_FALSE(key.verify(jws.signed_part, jws.signature + "x"));
  EXPECT_FALSE(key.verify(jws.signed_part.substr(1), jws.signature));
}

TEST(Jws, EveryLengthOfBytesSurvivesEncoding) {
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    const CompactJws jws = decode_jws(sign_jws(rfc_key(), bytes, bytes + bytes)).value();
    EXPECT_EQ(jws.header, bytes);
    EXPECT_EQ(jws.payload, bytes + bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(Jws, OnlyCanonicalBase64UrlWithoutPaddingIsTaken) {
  for (const char* good : {"", "QQ", "QUI", "QUJD", "_-8"}) EXPECT_TRUE(decode_jws(joined(good, "", ""))) << good;
  for (const char* bad : {"Q", "A", "QUJDA", "QR", "QUJ", "QQ==", "QUI=", "Q Q", "QQ\n", "+/8", "Q\xC3", "QUJD!"}) {
    EXPECT_FALSE(decode_jws(joined(bad, "", ""))) << bad;
    EXPECT_FALSE(decode_jws(joined("", bad, ""))) << bad;
    EXPECT_FALSE(decode_jws(joined("", "", bad))) << bad;
  }
}

TEST(Jws, ATokenHasExactlyThreePartsAndALimit) {
  for (const char* bad : {"", ".", "QQ", "QQ.QQ", "QQ.QQ.QQ.QQ", "...", "a.b.c.d.e"}) {
    const auto refused = decode_jws(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().message, "the token is not a compact JWS: three parts with a dot between them") << bad;
  }
  const std::string longest = std::string(kTokenBytesMax - 2 - 2, 'A') + ".QQ.";
  EXPECT_TRUE(decode_jws(longest));
  const auto refused = decode_jws(longest + "Q");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the token is longer than 8192 bytes");
}

}  // namespace
}  // namespace fanfare
