#include "fanfare/access/key.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fanfare/access/base64url.h"
#include "fanfare/access/key_vectors.h"

namespace fanfare {
namespace {

struct Vector {
  Algorithm algorithm;
  std::string_view pem;
  std::string_view signature;
};

constexpr Vector kVectors[] = {
    {Algorithm::kRs256, kRsaPublicPem, kRs256Signature},  {Algorithm::kRs384, kRsaPublicPem, kRs384Signature},
    {Algorithm::kRs512, kRsaPublicPem, kRs512Signature},  {Algorithm::kPs256, kRsaPublicPem, kPs256Signature},
    {Algorithm::kPs384, kRsaPublicPem, kPs384Signature},  {Algorithm::kPs512, kRsaPublicPem, kPs512Signature},
    {Algorithm::kEs256, kP256PublicPem, kEs256Signature}, {Algorithm::kEs384, kP384PublicPem, kEs384Signature},
    {Algorithm::kEs512, kP521PublicPem, kEs512Signature}, {Algorithm::kEdDsa, kEd25519PublicPem, kEdDsaSignature},
};

std::string bytes(std::string_view base64url) {
  return decode_base64url(base64url).value();
}

std::string fault_of(const Result<Key>& key) {
  return key ? "none" : key.error().message;
}

Key pem_key(std::string_view pem, std::optional<Algorithm> wanted = {}) {
  const auto key = Key::from_pem(pem, wanted);
  EXPECT_TRUE(key) << fault_of(key);
  return key.value();
}

Key private_rsa(Algorithm algorithm) {
  return Key::from_rsa({bytes(kRsaModulus), bytes("AQAB"), bytes(kRsaPrivateExponent)}, algorithm).value();
}

TEST(Key, EveryAlgorithmVerifiesWhatAnotherToolHasSigned) {
  for (const auto& each : kVectors) {
    const Key key = pem_key(each.pem, each.algorithm);
    EXPECT_EQ(key.algorithm(), each.algorithm);
    EXPECT_TRUE(key.verify(kVectorText, bytes(each.signature))) << facts_of(each.algorithm).name;
    EXPECT_FALSE(key.can_sign());
    EXPECT_FALSE(key.is_weak());
  }
}

TEST(Key, OneAlgorithmDoesNotVerifyWhatAnotherHasSigned) {
  for (const auto& key_of : kVectors) {
    const Key key = pem_key(key_of.pem, key_of.algorithm);
    for (const auto& signature_of : kVectors) {
      const bool same = key_of.algorithm == signature_of.algorithm;
      EXPECT_EQ(key.verify(kVectorText, bytes(signature_of.signature)), same)
          << facts_of(key_of.algorithm).name << " and " << facts_of(signature_of.algorithm).name;
    }
  }
}

TEST(Key, AnyChangeOfTextOrSignatureFailsToVerify) {
  for (const auto& each : kVectors) {
    const Key key = pem_key(each.pem, each.algorithm);
    const std::string signature = bytes(each.signature);
    EXPECT_FALSE(key.verify(kVectorText.substr(1), signature));
    EXPECT_FALSE(key.verify("", signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
      std::string changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(key.verify(kVectorText, changed)) << facts_of(each.algorithm).name << " " << i;
    }
    for (const std::size_t size : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      EXPECT_FALSE(key.verify(kVectorText, signature.substr(0, size))) << size;
    }
    EXPECT_FALSE(key.verify(kVectorText, signature + '\0'));
    EXPECT_FALSE(key.verify(kVectorText, '\0' + signature));
    EXPECT_FALSE(key.verify(kVectorText, std::string(signature.size(), '\0')));
    EXPECT_FALSE(key.verify(kVectorText, std::string(signature.size(), '\xFF')));
  }
}

TEST(Key, AnEcdsaSignatureIsRawAndNotDer) {
  const std::string raw = bytes(kEs256Signature);
  const auto number = [](std::string half) {
    if ((half.front() & 0x80) != 0) half.insert(0, 1, '\0');
    return std::string("\x02") + static_cast<char>(half.size()) + half;
  };
  const std::string numbers = number(raw.substr(0, 32)) + number(raw.substr(32));
  const std::string der = std::string("\x30") + static_cast<char>(numbers.size()) + numbers;
  EXPECT_FALSE(pem_key(kP256PublicPem).verify(kVectorText, der));
}

TEST(Key, ThePssSaltIsAsLongAsTheHash) {
  EXPECT_FALSE(pem_key(kRsaPublicPem, Algorithm::kPs256).verify(kVectorText, bytes(kPs256WithoutSalt)));
}

TEST(Key, WhatAPrivateKeySignsItsPublicHalfVerifies) {
  const struct {
    Key key;
    std::string_view public_pem;
  } rows[] = {
      {private_rsa(Algorithm::kRs256), kRsaPublicPem}, {private_rsa(Algorithm::kRs384), kRsaPublicPem},
      {private_rsa(Algorithm::kRs512), kRsaPublicPem}, {private_rsa(Algorithm::kPs256), kRsaPublicPem},
      {private_rsa(Algorithm::kPs384), kRsaPublicPem}, {private_rsa(Algorithm::kPs512), kRsaPublicPem},
      {pem_key(kP256PrivatePem), kP256PublicPem},      {pem_key(kP384PrivatePem), kP384PublicPem},
      {pem_key(kP521PrivatePem), kP521PublicPem},      {pem_key(kEd25519PrivatePem), kEd25519PublicPem},
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(row.key.can_sign());
    EXPECT_FALSE(row.key.is_secret());
    const Key public_key = pem_key(row.public_pem, row.key.algorithm());
    for (int i = 0; i < 20; ++i) {  // half of the numbers on P-521 begin with a zero byte
      const std::string text = "text " + std::to_string(i);
      EXPECT_TRUE(public_key.verify(text, row.key.sign(text))) << i;
    }
  }
}

TEST(Key, SecretsSignAndVerifyWithEachHash) {
  // RFC 4231 section 4.3: HMAC of "what do ya want for nothing?" under "Jefe".
  const struct {
    Algorithm algorithm;
    std::string code;
  } rows[] = {
      {Algorithm::kHs256, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM"},
      {Algorithm::kHs384, "r0XS43ZIQDFhf3jStYprG5x-9GT1oBtH5C7Dc2MiRF6OIkDKXmnix4syOez6shZJ"},
      {Algorithm::kHs512, "Fkt6e_z4GeLjlfvnO1bgo4e9ZCIugx_WECcM1-olBVSXWL91wFqZSm0DT2X48Ob9yuqxo01Ka0tjbgcKOLznNw"},
  };
  for (const auto& row : rows) {
    const Key key = Key::from_secret("Jefe", row.algorithm).value();
    EXPECT_TRUE(key.is_secret() && key.can_sign());
    const std::string code = key.sign("what do ya want for nothing?");
    EXPECT_EQ(encode_base64url(code), row.code) << facts_of(row.algorithm).name;
    EXPECT_TRUE(key.verify("what do ya want for nothing?", code));
    EXPECT_FALSE(key.verify("what do ya want for nothing?", code.substr(1)));
    EXPECT_FALSE(key.verify("what do ya want for nothing?", code + "x"));
    EXPECT_FALSE(key.verify("what do ya want for nothing!", code));
    EXPECT_FALSE(Key::from_secret("jefe", row.algorithm)->verify("what do ya want for nothing?", code));
  }
}

TEST(Key, ASecretShorterThanItsHashIsWeak) {
  EXPECT_TRUE(Key::from_secret(std::string(31, 'x'), Algorithm::kHs256)->is_weak());
  EXPECT_FALSE(Key::from_secret(std::string(32, 'x'), Algorithm::kHs256)->is_weak());
  EXPECT_TRUE(Key::from_secret(std::string(47, 'x'), Algorithm::kHs384)->is_weak());
  EXPECT_TRUE(Key::from_secret(std::string(63, 'x'), Algorithm::kHs512)->is_weak());
  EXPECT_FALSE(Key::from_secret(std::string(64, 'x'), Algorithm::kHs512)->is_weak());
}

TEST(Key, ItsAlgorithmIsTheFirstOfItsTypeUnlessToldOtherwise) {
  const std::pair<Result<Key>, Algorithm> rows[] = {
      {Key::from_secret("secret", {}), Algorithm::kHs256},    {Key::from_pem(kRsaPublicPem, {}), Algorithm::kRs256},
      {Key::from_pem(kP256PublicPem, {}), Algorithm::kEs256}, {Key::from_pem(kP384PublicPem, {}), Algorithm::kEs384},
      {Key::from_pem(kP521PublicPem, {}), Algorithm::kEs512}, {Key::from_pem(kEd25519PublicPem, {}), Algorithm::kEdDsa},
  };
  for (const auto& [key, algorithm] : rows) {
    ASSERT_TRUE(key) << fault_of(key);
    EXPECT_EQ(key->algorithm(), algorithm);
  }
}

// The attack is to sign with HMAC and a public key, which everybody knows, as its secret (RFC 8725 section 2.1).
TEST(Key, NoAlgorithmGoesWithAnotherTypeOfKey) {
  const std::pair<std::string_view, KeyType> pems[] = {{kRsaPublicPem, KeyType::kRsa},
                                                       {kP256PublicPem, KeyType::kP256},
                                                       {kP384PublicPem, KeyType::kP384},
                                                       {kP521PublicPem, KeyType::kP521},
                                                       {kEd25519PublicPem, KeyType::kEd25519}};
  for (const AlgorithmFacts& facts : algorithms()) {
    for (const auto& [pem, type] : pems) {
      EXPECT_EQ(Key::from_pem(pem, facts.algorithm).has_value(), facts.key_type == type)
          << facts.name << description_of(type);
    }
    EXPECT_EQ(Key::from_secret("secret", facts.algorithm).has_value(), facts.key_type == KeyType::kSecret);
  }
  EXPECT_EQ(fault_of(Key::from_pem(kRsaPublicPem, Algorithm::kHs256)),
            "HS256 does not go with an RSA key, which is for RS256, RS384, RS512, PS256, PS384, PS512");
  EXPECT_EQ(fault_of(Key::from_pem(kP256PublicPem, Algorithm::kEs384)),
            "ES384 does not go with an EC key on P-256, which is for ES256");
  EXPECT_EQ(fault_of(Key::from_secret("secret", Algorithm::kRs256)),
            "RS256 does not go with a secret, which is for HS256, HS384, HS512");
}

TEST(Key, PublicKeysComeInSeveralFormsOfPem) {
  EXPECT_TRUE(pem_key(kRsaPkcs1Pem).verify(kVectorText, bytes(kRs256Signature)));
  EXPECT_TRUE(pem_key("Subject: me\n" + std::string(kRsaPublicPem)).verify(kVectorText, bytes(kRs256Signature)));
  const Key certified = pem_key(kCertificatePem);
  EXPECT_EQ(certified.algorithm(), Algorithm::kEs256);
  EXPECT_FALSE(certified.can_sign());
  const std::string signature = pem_key(kCertificateKeyPem).sign("text");
  EXPECT_TRUE(certified.verify("text", signature));
  EXPECT_TRUE(pem_key(std::string(kCertificatePem) + std::string(kCertificatePem)).verify("text", signature));
}

TEST(Key, APrivateKeyMayFollowItsCurve) {
  const std::string parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  EXPECT_TRUE(pem_key(parameters + std::string(kP256PrivatePem)).can_sign());
}

TEST(Key, APemThatHoldsNoUsableKeyIsRefused) {
  const std::string two = std::string(kRsaPublicPem) + std::string(kP256PublicPem);
  std::string damaged(kRsaPublicPem);
  damaged.replace(60, 4, "!!!!");
  constexpr const char* kUnreadable = "the PEM cannot be read: it is damaged, or no key of a type known here";
  const struct {
    std::string pem;
    std::string fault;
  } rows[] = {
      {"", "there is no key in the PEM"},
      {two, "the PEM has more than one key: a JWKS can hold several"},
      {std::string(kCertificatePem) + std::string(kRsaPublicPem),
       "the PEM has more than one key: a JWKS can hold several"},
      {damaged, kUnreadable},
      {std::string(kRsaPublicPem.substr(0, 200)), kUnreadable},
      {"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", kUnreadable},
      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", kUnreadable},
      {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", kUnreadable},
      {"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n",
       "the PEM is neither a public key, a certificate nor a private key"},
      {std::string(kEd25519EncryptedPem),
       "the private key is encrypted: decrypt it with `openssl pkey -in FILE -out NEW_FILE`"},
      {std::string(kRsa1024Pem), "the RSA key has 1024 bits, and 2048 to 8192 are taken"},
      {std::string(kSecp256k1Pem), "the EC key's curve is not P-256, P-384 or P-521"},
      // X25519, which agrees on keys and signs nothing (RFC 8410 section 10.1's prefix).
      {"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
       "-----END PUBLIC KEY-----\n",
       "the key is neither RSA, EC nor Ed25519"},
  };
  for (const auto& row : rows) EXPECT_EQ(fault_of(Key::from_pem(row.pem, {})), row.fault) << row.pem;
}

TEST(Key, NumbersThatMakeNoKeyAreRefused) {
  const std::string modulus = bytes(kRsaModulus);
  const auto rsa = [](const std::string& n, const std::string& e, const std::string& d = "") {
    return Key::from_rsa({n, e, d}, {});
  };
  EXPECT_TRUE(rsa(modulus, bytes("AQAB")));
  EXPECT_TRUE(rsa('\0' + modulus, bytes("AQAB"))) << "leading zeros change no number";
  EXPECT_FALSE(rsa(modulus, "\x01")) << "everything would be a signature of itself";
  EXPECT_FALSE(rsa(modulus, "\x02"));
  EXPECT_FALSE(rsa(std::string("\x80") + std::string(255, '\0'), bytes("AQAB"))) << "an even modulus";
  EXPECT_EQ(fault_of(rsa(modulus.substr(0, 128), bytes("AQAB"))),
            "the RSA key has 1024 bits, and 2048 to 8192 are taken");
  EXPECT_EQ(fault_of(rsa(std::string(2048, '\xFF'), bytes("AQAB"))),
            "the RSA key has 16384 bits, and 2048 to 8192 are taken");
  constexpr const char* kHalves = "the key is not valid: its private and public halves do not belong to each other";
  EXPECT_EQ(fault_of(rsa(modulus, bytes("AQAB"), std::string(256, '\x05'))), kHalves);
}

TEST(Key, PointsOffTheirCurveAndWrongSizesAreRefused) {
  // RFC 7515 appendix A.3.
  const CurvePoint point{.curve = KeyType::kP256,
                         .x = bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                         .y = bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
                         .private_key = ""};
  EXPECT_TRUE(Key::from_point(point, {}));
  CurvePoint off = point;
  off.y.back() = static_cast<char>(off.y.back() ^ 1);
  EXPECT_EQ(fault_of(Key::from_point(off, {})), "the key is not valid: there is no such point on that curve");
  CurvePoint short_x = point;
  short_x.x.erase(0, 1);
  EXPECT_EQ(fault_of(Key::from_point(short_x, {})),
            "the key is not valid: each of its numbers has 32 bytes on that curve");
  CurvePoint long_y = point;
  long_y.y.insert(0, 1, '\0');
  EXPECT_FALSE(Key::from_point(long_y, {}));
  CurvePoint short_private = point;
  short_private.private_key = "1";
  EXPECT_FALSE(Key::from_point(short_private, {}));
  CurvePoint other_curve = point;
  other_curve.curve = KeyType::kP384;
  EXPECT_FALSE(Key::from_point(other_curve, {}));

  CurvePoint ed{.curve = KeyType::kEd25519, .x = std::string(32, 'x'), .y = "", .private_key = ""};
  EXPECT_TRUE(Key::from_point(ed, {}));
  ed.private_key = std::string(32, 'd');
  EXPECT_EQ(fault_of(Key::from_point(ed, {})),
            "the key is not valid: its private and public halves do not belong to each other");
  ed = {.curve = KeyType::kEd25519, .x = std::string(31, 'x'), .y = "", .private_key = ""};
  EXPECT_FALSE(Key::from_point(ed, {}));
}

TEST(Key, AnEmptySecretIsRefused) {
  EXPECT_EQ(fault_of(Key::from_secret("", {})), "the secret is empty");
}

TEST(Algorithms, AreFoundByTheirExactNamesAndNoneIsNotAmongThem) {
  for (const AlgorithmFacts& each : algorithms()) EXPECT_EQ(find_algorithm(each.name), each.algorithm);
  for (const char* no : {"none", "None", "", "hs256", "HS256 ", "ES256K", "Ed448", "RSA1_5", "HS1"}) {
    EXPECT_FALSE(find_algorithm(no)) << no;
  }
}

}  // namespace
}  // namespace fanfare
