// One key for signatures of tokens, with the one algorithm that it is used with: a token that names another does not
// verify, whatever its signature (RFC 8725 section 3.1). Cryptography is OpenSSL's and stays in key.cc.
// What it is not: it reads no JSON; jwk.h does.
// Immutable and cheap to copy (copies share the material); any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/access/algorithm.h"
#include "fanfare/base/error.h"

namespace fanfare {

inline constexpr int kRsaBitsMin = 2048;  // RFC 7518 section 3.3
inline constexpr int kRsaBitsMax = 8192;

// What a JWK is made of, as big-endian bytes (RFC 7518 section 6, RFC 8037 section 2). The private parts are empty in a
// public key.
struct RsaNumbers {
  std::string modulus;
  std::string public_exponent;
  std::string private_exponent;
};

struct CurvePoint {
  KeyType curve = KeyType::kP256;  // or kP384, kP521, kEd25519
  std::string x;
  std::string y;  // empty for Ed25519
  std::string private_key;
};

class Key {
 public:
  // Each takes the wanted algorithm, or the type's first (HS256, RS256, the one of the curve, EdDSA). All fail for an
  // algorithm that the type of key does not go with, and for RSA keys outside of kRsaBitsMin … kRsaBitsMax.

  // Any bytes but none.
  static Result<Key> from_secret(std::string_view secret, std::optional<Algorithm> wanted);
  // A public key (SPKI or PKCS #1), a certificate (its key; those after the first are its issuers' and ignored; who
  // signed it and until when it is valid is not looked at), or a private key that is not encrypted. One in all.
  static Result<Key> from_pem(std::string_view pem, std::optional<Algorithm> wanted);
  static Result<Key> from_rsa(const RsaNumbers& numbers, std::optional<Algorithm> wanted);
  static Result<Key> from_point(const CurvePoint& point, std::optional<Algorithm> wanted);

  Algorithm algorithm() const { return algorithm_; }
  // Its name in a JWKS (kid), which may be empty. Tells keys apart, proves nothing.
  const std::string& id() const { return id_; }
  Key named(std::string id) const;

  bool is_secret() const;
  // Holds what signs: a secret or a private key.
  bool can_sign() const;
  // A secret shorter than its hash (RFC 7518 section 3.2).
  bool is_weak() const;

  // signature: as in a JWS, so raw R and S for ECDSA (RFC 7518 section 3.4). Secrets are compared in constant time.
  bool verify(std::string_view text, std::string_view signature) const;
  // Only where can_sign().
  std::string sign(std::string_view text) const;

 private:
  struct Material;
  static Result<Key> make(Material material, std::optional<Algorithm> wanted);
  Key(std::shared_ptr<const Material> material, Algorithm algorithm)
      : material_(std::move(material)), algorithm_(algorithm) {}

  std::shared_ptr<const Material> material_;
  Algorithm algorithm_;
  std::string id_;
};

}  // namespace fanfare
