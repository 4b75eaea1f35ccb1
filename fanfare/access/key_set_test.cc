#include "fanfare/access/key_set.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/access/jws.h"
#include "fanfare/access/jwt.h"
#include "fanfare/access/key_vectors.h"

namespace fanfare {
namespace {

// RFC 7515 appendix A.1 to A.3, RFC 7520 section 4.2 and RFC 8037 appendix A.4: keys and tokens.
constexpr std::string_view kSecretJwk =
    R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
constexpr std::string_view kSecretToken =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kRsaJwk =
    R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2m)"
    R"(JPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb)"
    R"(BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9)"
    R"(iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})";
constexpr std::string_view kRsaToken =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1d"
    "nZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"
    "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77R"
    "w";
constexpr std::string_view kEcJwk = R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                                    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view kEcToken =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
constexpr std::string_view kPssJwk =
    R"({"kty":"RSA","alg":"PS384","kid":"bilbo.baggins@hobbiton.example","use":"sig","e":"AQAB",)"
    R"("n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKr)"
    R"(Kb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9)"
    R"(bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5)"
    R"(iaiQkqgc5gHdrNP5zw"})";
constexpr std::string_view kPssToken =
    "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9."
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIG"
    "l"
    "mIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4."
    "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_"
    "1OLPpcbUrh"
    "iUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_"
    "ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA"
    "2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";
constexpr std::string_view kEdJwk =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
constexpr std::string_view kEdPrivateJwk =
    R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
constexpr std::string_view kEdToken =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

constexpr std::pair<std::string_view, std::string_view> kExamples[] = {
    {kSecretJwk, kSecretToken}, {kRsaJwk, kRsaToken}, {kEcJwk, kEcToken}, {kPssJwk, kPssToken}, {kEdJwk, kEdToken}};

Result<KeySet> parse(std::string_view text, std::optional<Algorithm> wanted = {}) {
  return KeySet::parse(text, wanted, Limits{});
}

std::string fault_of(const Result<KeySet>& keys) {
  return keys ? "none" : keys.error().message;
}

// "good" or what is wrong with the token.
std::string verdict(const KeySet& keys, std::string_view token) {
  const auto jws = decode_jws(token).value();
  const auto header = parse_jws_header(jws.header).value();
  const auto verified = keys.verify(header.algorithm, header.key_id, jws.signed_part, jws.signature);
  return verified ? "good" : verified.error().message;
}

std::string jwks(const std::vector<std::string>& keys) {
  std::string text = R"({"keys":[)";
  for (const auto& key : keys) text.append(&key == &keys.front() ? "" : ",").append(key);
  return text + "]}";
}

// The JWK with more members.
std::string with(std::string_view jwk, const std::string& members) {
  return "{" + members + "," + std::string(jwk.substr(1));
}

TEST(KeySet, TheExamplesOfTheRfcsVerifyAloneAndInOneSet) {
  std::vector<std::string> all;
  for (const auto& [jwk, token] : kExamples) all.emplace_back(jwk);
  const auto together = parse(jwks(all));
  ASSERT_TRUE(together) << fault_of(together);
  for (const auto& [jwk, token] : kExamples) {
    const auto alone = parse(jwk);
    ASSERT_TRUE(alone) << fault_of(alone);
    EXPECT_EQ(verdict(*alone, token), "good") << token;
    EXPECT_EQ(verdict(*together, token), "good") << token;
    for (const auto& [other_jwk, other_token] : kExamples) {
      EXPECT_EQ(verdict(*alone, other_token) == "good", other_jwk == jwk) << jwk << other_token;
    }
  }
}

TEST(KeySet, SigningTheExampleOfTheRfcGivesItsToken) {
  const auto keys = parse(kEdPrivateJwk);
  ASSERT_TRUE(keys) << fault_of(keys);
  const auto example = decode_jws(kEdToken).value();
  EXPECT_EQ(sign_jws(keys->keys().front(), example.header, example.payload), kEdToken);
}

TEST(KeySet, ContentTellsWhatATextIs) {
  const auto type_of = [](std::string_view text) {
    const auto keys = parse(text);
    EXPECT_TRUE(keys) << fault_of(keys);
    return facts_of(keys->keys().front().algorithm()).key_type;
  };
  EXPECT_EQ(type_of("!ChangeThisMercureHubJWTSecretKey!"), KeyType::kSecret);
  EXPECT_EQ(type_of("gr\xC3\xBC\xC3\x9F e"), KeyType::kSecret);
  EXPECT_EQ(type_of(kRsaPublicPem), KeyType::kRsa);
  EXPECT_EQ(type_of(kEcJwk), KeyType::kP256);
  EXPECT_EQ(type_of("\n\t " + std::string(kEdJwk)), KeyType::kEd25519);
  EXPECT_EQ(type_of(jwks({std::string(kEdJwk)})), KeyType::kEd25519);
}

TEST(KeySet, WhatIsNoKeyIsNotTakenForASecret) {
  constexpr const char* kNotText =
      "a secret is text of one line (bytes can be given as a JWK of kty oct), and this is no PEM or JWK";
  const std::pair<std::string, std::string> rows[] = {
      {"", "the secret is empty"},
      {"one\ntwo", kNotText},
      {std::string("\x30\x82\x01\x22", 4), kNotText},
      {std::string("a\0b", 3), kNotText},
      {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ me@host",
       "this is an SSH key: write it as PEM with `ssh-keygen -e -m PKCS8 -f FILE`"},
      {"{secret}", "the key begins like a JWK but is no JSON object"},
      {"{\"keys\":[", "the key begins like a JWK but is no JSON object"},
      {std::string(256 * 1024 + 1, 'x'), "the key has more than 262144 bytes (--limit key_file_bytes_max)"},
  };
  for (const auto& [text, fault] : rows) EXPECT_EQ(fault_of(parse(text)), fault) << text.substr(0, 20);
  EXPECT_TRUE(parse(std::string(256 * 1024, 'x')));
}

TEST(KeySet, AConfiguredAlgorithmIsForKeysOfItsType) {
  EXPECT_EQ(parse(kRsaJwk, Algorithm::kPs512)->keys().front().algorithm(), Algorithm::kPs512);
  EXPECT_EQ(parse(kRsaPublicPem, Algorithm::kRs384)->keys().front().algorithm(), Algorithm::kRs384);
  EXPECT_EQ(fault_of(parse(kRsaPublicPem, Algorithm::kHs256)),
            "HS256 does not go with an RSA key, which is for RS256, RS384, RS512, PS256, PS384, PS512");
  EXPECT_EQ(fault_of(parse("secret", Algorithm::kRs256)),
            "RS256 does not go with a secret, which is for HS256, HS384, HS512");
  EXPECT_EQ(fault_of(parse(kPssJwk, Algorithm::kRs256)), "the JWK's alg is PS384, not RS256 as configured");
  const auto only_ec = parse(jwks({std::string(kRsaJwk), std::string(kEcJwk)}), Algorithm::kEs256);
  ASSERT_TRUE(only_ec) << fault_of(only_ec);
  EXPECT_EQ(only_ec->keys().size(), 1u);
}

TEST(KeySet, AJwkThatCannotBeUsedIsRefusedAlone) {
  const std::pair<std::string, std::string> rows[] = {
      {"{}", "the JWK's kty is not oct, RSA, EC or OKP"},
      {R"({"kty":"AKP"})", "the JWK's kty is not oct, RSA, EC or OKP"},
      {R"({"kty":7})", "the JWK's kty is not oct, RSA, EC or OKP"},
      {with(kRsaJwk, R"("use":"enc")"), "the JWK is not for signatures: its use is not sig"},
      {with(kRsaJwk, R"("use":null)"), "the JWK is not for signatures: its use is not sig"},
      {with(kRsaJwk, R"("key_ops":["encrypt"])"),
       "the JWK is not for signatures: its key_ops name neither verify nor sign"},
      {with(kRsaJwk, R"("key_ops":"verify")"),
       "the JWK is not for signatures: its key_ops name neither verify nor sign"},
      {with(kRsaJwk, R"("alg":"none")"), "the JWK's alg is no algorithm for signatures that is known here"},
      {with(kRsaJwk, R"("alg":"RSA-OAEP")"), "the JWK's alg is no algorithm for signatures that is known here"},
      {with(kRsaJwk, R"("alg":["RS256"])"), "the JWK's alg is no algorithm for signatures that is known here"},
      {with(kRsaJwk, R"("alg":"HS256")"),
       "HS256 does not go with an RSA key, which is for RS256, RS384, RS512, PS256, PS384, PS512"},
      {with(kEcJwk, R"("alg":"ES384")"), "ES384 does not go with an EC key on P-256, which is for ES256"},
      {R"({"kty":"RSA","e":"AQAB"})", "the JWK has no text named n"},
      {R"({"kty":"RSA","e":65537,"n":"AQAB"})", "the JWK has no text named e"},
      {R"({"kty":"RSA","e":"","n":"AQAB"})", "the JWK has no text named e"},
      {R"({"kty":"RSA","e":"AQAB","n":"A+/="})", "the JWK's n is not base64url without padding"},
      {R"({"kty":"RSA","e":"AQAB","n":"AQAB"})", "the RSA key has 17 bits, and 2048 to 8192 are taken"},
      {with(kRsaJwk, R"("d":7)"), "the JWK has no text named d"},
      {R"({"kty":"EC","crv":"secp256k1","x":"AQAB","y":"AQAB"})", "the JWK's crv is not P-256, P-384 or P-521"},
      {R"({"kty":"EC","crv":"Ed25519","x":"AQAB"})", "the JWK's crv is not P-256, P-384 or P-521"},
      {R"({"kty":"EC","crv":"P-256","x":"AQAB"})", "the JWK has no text named y"},
      {R"({"kty":"OKP","crv":"Ed448","x":"AQAB"})", "the JWK's crv is not Ed25519"},
      {R"({"kty":"OKP","crv":"P-256","x":"AQAB","y":"AQAB"})", "the JWK's crv is not Ed25519"},
      {R"({"kty":"OKP","crv":"Ed25519","x":"AQAB"})",
       "the key is not valid: each of its numbers has 32 bytes on that curve"},
      {R"({"kty":"oct"})", "the JWK has no text named k"},
      {R"({"kty":"oct","k":""})", "the JWK has no text named k"},
  };
  for (const auto& [jwk, fault] : rows) EXPECT_EQ(fault_of(parse(jwk)), fault) << jwk;
  EXPECT_TRUE(parse(with(kRsaJwk, R"("key_ops":["verify"],"x5c":7,"kid":7)")));
}

TEST(KeySet, ASetLeavesOutWhatCannotBeUsedUntilNothingIsLeft) {
  const std::string encryption = with(kRsaJwk, R"("use":"enc")");
  const auto some = parse(jwks({R"({"kty":"AKP"})", encryption, "7", std::string(kEdJwk), "null"}));
  ASSERT_TRUE(some) << fault_of(some);
  EXPECT_EQ(some->keys().size(), 1u);
  EXPECT_EQ(fault_of(parse(jwks({encryption, "7"}))),
            "the JWKS has no key that can be used; of the first: the JWK is not for signatures: its use is not sig");
  EXPECT_EQ(fault_of(parse(jwks({"7"}))), "the JWKS has no key that can be used; of the first: a JWK is a JSON object");
  EXPECT_EQ(fault_of(parse(jwks({}))), "the JWKS has no keys");
  EXPECT_EQ(fault_of(parse(R"({"keys":{}})")), "the JWKS's keys are not an array");
}

TEST(KeySet, TheNumberOfKeysIsBounded) {
  const std::vector<std::string> most(100, R"({"kty":"oct","k":"AQAB"})");
  std::vector<std::string> more = most;
  more.push_back(most.front());
  EXPECT_EQ(parse(jwks(most))->keys().size(), 100u);
  EXPECT_EQ(fault_of(parse(jwks(more))), "the JWKS has more than 100 keys (--limit keys_max)");
}

TEST(KeySet, AKeyIdIsAHintAndNeverProof) {
  const auto named = [](const char* id, std::string_view secret) {
    return Key::from_secret(secret, Algorithm::kHs256).value().named(id);
  };
  const KeySet keys({named("a", "secret a"), named("b", "secret b"), named("", "secret c")});
  const auto token = [](std::string_view secret, const char* id) {
    const std::string header =
        id == nullptr ? R"({"alg":"HS256"})" : R"({"alg":"HS256","kid":")" + std::string(id) + "\"}";
    return sign_jws(Key::from_secret(secret, Algorithm::kHs256).value(), header, "{}");
  };
  EXPECT_EQ(verdict(keys, token("secret a", "a")), "good");
  EXPECT_EQ(verdict(keys, token("secret b", "b")), "good");
  EXPECT_EQ(verdict(keys, token("secret b", nullptr)), "good");
  EXPECT_EQ(verdict(keys, token("secret c", "b of old")), "good");
  EXPECT_EQ(verdict(keys, token("secret b", "a")), "the token's signature is wrong");
  EXPECT_EQ(verdict(keys, token("secret d", "a")), "the token's signature is wrong");
  EXPECT_EQ(verdict(keys, token("secret d", nullptr)), "the token's signature is wrong");
  EXPECT_EQ(verdict(keys, token("secret d", "d")),
            "the token's signature is of no key that is known here, and neither is its kid");
}

TEST(KeySet, AnAlgorithmOfNoKeyIsRefusedAndTheRightOnesNamed) {
  const auto both = parse(jwks({std::string(kRsaJwk), std::string(kEcJwk), std::string(kRsaJwk)}));
  EXPECT_EQ(verdict(*both, kEdToken), "the token's alg is not one of ES256, RS256, which are accepted here");
  const std::string none = "eyJhbGciOiJub25lIn0.e30.";  // {"alg":"none"}, {}
  EXPECT_EQ(verdict(*both, none), "the token's alg is not one of ES256, RS256, which are accepted here");
  EXPECT_EQ(verdict(*parse(kEcJwk), none), "the token's alg is not ES256, the one that is accepted here");
}

}  // namespace
}  // namespace fanfare
