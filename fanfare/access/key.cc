#include "fanfare/access/key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

template <auto kFree>
struct Freeing {
  template <typename T>
  void operator()(T* owned) const {
    kFree(owned);
  }
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using PkeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freeing<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freeing<EVP_MD_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freeing<BN_clear_free>>;
using ParametersPtr = std::unique_ptr<OSSL_PARAM, Freeing<OSSL_PARAM_free>>;
using ParameterBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freeing<OSSL_PARAM_BLD_free>>;
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, Freeing<ECDSA_SIG_free>>;
using BioPtr = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Freeing<X509_free>>;

// What OpenSSL notes about a failure must not be found by the next one that looks on this thread.
struct ClearedErrors {
  ClearedErrors() = default;
  ClearedErrors(const ClearedErrors&) = delete;
  ClearedErrors& operator=(const ClearedErrors&) = delete;
  ~ClearedErrors() { ERR_clear_error(); }
};

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* octets(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

const EVP_MD* hash_of(Algorithm algorithm) {
  switch (facts_of(algorithm).hash_bits) {
    case 256:
      return EVP_sha256();
    case 384:
      return EVP_sha384();
    case 512:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

bool is_pss(Algorithm algorithm) {
  return algorithm == Algorithm::kPs256 || algorithm == Algorithm::kPs384 || algorithm == Algorithm::kPs512;
}

struct Curve {
  KeyType type;
  const char* group;
  std::size_t bytes;  // of a coordinate
};
constexpr std::array<Curve, 3> kCurves = {
    {{KeyType::kP256, "prime256v1", 32}, {KeyType::kP384, "secp384r1", 48}, {KeyType::kP521, "secp521r1", 66}}};
constexpr std::size_t kEd25519Bytes = 32;

// Nothing for types of keys that are no such curve.
const Curve* curve_of(KeyType type) {
  const auto found = std::ranges::find(kCurves, type, &Curve::type);
  return found == kCurves.end() ? nullptr : &*found;
}

std::string hmac(const EVP_MD* hash, std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code;
  unsigned size = 0;
  FANFARE_CHECK(std::in_range<int>(secret.size()));
  FANFARE_CHECK(HMAC(hash, secret.data(), static_cast<int>(secret.size()), octets(text), text.size(), code.data(),
                     &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(code.data()), size);
}

// R and S side by side, as in a JWS, to the DER that OpenSSL takes.
std::string der_of(std::string_view raw) {
  const int half = static_cast<int>(raw.size() / 2);
  NumberPtr r(BN_bin2bn(octets(raw), half, nullptr));
  NumberPtr s(BN_bin2bn(octets(raw) + half, half, nullptr));
  const EcdsaPtr signature(ECDSA_SIG_new());
  FANFARE_CHECK(r && s && signature && ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);
  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  FANFARE_CHECK(size > 0);
  std::string der(static_cast<std::size_t>(size), '\0');
  unsigned char* end = octets(der);
  FANFARE_CHECK(i2d_ECDSA_SIG(signature.get(), &end) == size);
  return der;
}

// And back; half: bytes of a coordinate.
std::string raw_of(std::string_view der, std::size_t half) {
  const unsigned char* begin = octets(der);
  const EcdsaPtr signature(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())));
  FANFARE_CHECK(signature != nullptr);
  std::string raw(2 * half, '\0');
  const int bytes = static_cast<int>(half);
  FANFARE_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), octets(raw), bytes) == bytes);
  FANFARE_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), octets(raw) + half, bytes) == bytes);
  return raw;
}

// RFC 7518 section 3.5: the salt is as long as the hash, which is MGF1's too.
bool set_padding(EVP_PKEY_CTX* context, Algorithm algorithm) {
  return !is_pss(algorithm) || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

bool verify_with(EVP_PKEY* key, Algorithm algorithm, std::string_view text, std::string_view signature) {
  const ClearedErrors errors;
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // the context's
  FANFARE_CHECK(context != nullptr);
  FANFARE_CHECK(EVP_DigestVerifyInit(context.get(), &parameters, hash_of(algorithm), nullptr, key) == 1);
  FANFARE_CHECK(set_padding(parameters, algorithm));
  return EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(text), text.size()) == 1;
}

// Nothing if the key's numbers do not fit each other.
std::optional<std::string> sign_with(EVP_PKEY* key, Algorithm algorithm, std::string_view text) {
  const ClearedErrors errors;
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // the context's
  FANFARE_CHECK(context != nullptr);
  if (EVP_DigestSignInit(context.get(), &parameters, hash_of(algorithm), nullptr, key) != 1) return std::nullopt;
  if (!set_padding(parameters, algorithm)) return std::nullopt;
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, octets(text), text.size()) != 1) return std::nullopt;
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), octets(signature), &size, octets(text), text.size()) != 1) return std::nullopt;
  signature.resize(size);
  return signature;
}

Result<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return KeyType::kRsa;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::kEd25519;
  if (EVP_PKEY_is_a(key, "EC") != 1) return fail("the key is neither RSA, EC nor Ed25519");
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
    for (const Curve& curve : kCurves) {
      if (std::string_view(group.data(), size) == curve.group) return curve.type;
    }
  }
  return fail("the EC key's curve is not P-256, P-384 or P-521");
}

Result<void> check_public_key(EVP_PKEY* key, KeyType type) {
  if (type == KeyType::kRsa) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
      return fail("the RSA key has " + std::to_string(bits) + " bits, and " + std::to_string(kRsaBitsMin) + " to " +
                  std::to_string(kRsaBitsMax) + " are taken");
    }
  }
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  FANFARE_CHECK(context != nullptr);
  if (EVP_PKEY_public_check(context.get()) != 1) return fail("the key is not valid: no such public key can be");
  return {};
}

// What the algorithms of a type are called, for the messages.
std::string names_for(KeyType type) {
  std::string names;
  for (const AlgorithmFacts& each : algorithms()) {
    if (each.key_type == type) names.append(names.empty() ? "" : ", ").append(each.name);
  }
  return names;
}

Result<Algorithm> choose_algorithm(KeyType type, std::optional<Algorithm> wanted) {
  if (!wanted) return std::ranges::find(algorithms(), type, &AlgorithmFacts::key_type)->algorithm;
  if (facts_of(*wanted).key_type == type) return *wanted;
  return fail(std::string(facts_of(*wanted).name) + " does not go with " + std::string(description_of(type)) +
              ", which is for " + names_for(type));
}

class PkeyBuilder {
 public:
  void add(const char* name, const char* text) {
    FANFARE_CHECK(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, text, 0) == 1);
  }
  // bytes: must outlive the builder.
  void add_octets(const char* name, std::string_view bytes) {
    FANFARE_CHECK(OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, bytes.data(), bytes.size()) == 1);
  }
  void add_number(const char* name, std::string_view bytes) {
    FANFARE_CHECK(std::in_range<int>(bytes.size()));
    numbers_.emplace_back(BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), nullptr));
    FANFARE_CHECK(numbers_.back() && OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get()) == 1);
  }
  // Nothing if there is no such key.
  PkeyPtr build(const char* type, int selection) {
    const ClearedErrors errors;
    const ParametersPtr parameters(OSSL_PARAM_BLD_to_param(builder_.get()));
    const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    FANFARE_CHECK(parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1);
    EVP_PKEY* key = nullptr;
    const bool made = EVP_PKEY_fromdata(context.get(), &key, selection, parameters.get()) == 1;
    PkeyPtr owned(key);
    return made ? std::move(owned) : nullptr;
  }

 private:
  ParameterBuilderPtr builder_{OSSL_PARAM_BLD_new()};
  std::vector<NumberPtr> numbers_;
};

// The PEM blocks that may hold a key.
struct PemBlock {
  std::string_view label;
  std::string_view text;  // from its beginning to the end of all
};

std::vector<PemBlock> pem_blocks(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::vector<PemBlock> blocks;
  for (auto at = pem.find(kBegin); at != pem.npos; at = pem.find(kBegin, at + 1)) {
    const auto label = pem.substr(at + kBegin.size());
    const PemBlock block{label.substr(0, label.find("-----")), pem.substr(at)};
    const bool is_key = block.label != "EC PARAMETERS";  // `openssl ecparam -genkey` writes them first
    const bool is_issuer = block.label == "CERTIFICATE" && !blocks.empty() && blocks.front().label == "CERTIFICATE";
    if (is_key && !is_issuer) blocks.push_back(block);
  }
  return blocks;
}

PkeyPtr read_certificate(BIO* bio) {
  const CertificatePtr certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  return certificate == nullptr ? nullptr : PkeyPtr(X509_get_pubkey(certificate.get()));
}

// Never asks the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

struct PemKey {
  PkeyPtr key;
  bool is_private;
};

Result<PemKey> read_pem(std::string_view pem) {
  const ClearedErrors errors;
  const auto blocks = pem_blocks(pem);
  if (blocks.empty()) return fail("there is no key in the PEM");
  if (blocks.size() > 1) return fail("the PEM has more than one key: a JWKS can hold several");
  const auto& [label, text] = blocks.front();
  FANFARE_CHECK(std::in_range<int>(text.size()));
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  FANFARE_CHECK(bio != nullptr);
  if (label.starts_with("ENCRYPTED") || text.find("Proc-Type: 4,ENCRYPTED") != text.npos) {
    return fail("the private key is encrypted: decrypt it with `openssl pkey -in FILE -out NEW_FILE`");
  }
  PemKey read{nullptr, label.ends_with("PRIVATE KEY")};
  if (read.is_private) {
    read.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  } else if (label == "CERTIFICATE") {
    read.key = read_certificate(bio.get());
  } else if (label.ends_with("PUBLIC KEY")) {
    read.key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  } else {
    return fail("the PEM is neither a public key, a certificate nor a private key");
  }
  if (read.key == nullptr) return fail("the PEM cannot be read: it is damaged, or no key of a type known here");
  return read;
}

}  // namespace

// Either a secret or an EVP_PKEY, which OpenSSL lets any threads use that do not change it.
struct Key::Material {
  KeyType type = KeyType::kSecret;
  std::string secret;
  PkeyPtr key;
  bool is_private = false;
  std::size_t signature_bytes = 0;

  Material() = default;
  Material(Material&&) = default;
  ~Material() { OPENSSL_cleanse(secret.data(), secret.size()); }
};

Result<Key> Key::make(Material material, std::optional<Algorithm> wanted) {
  const ClearedErrors errors;
  if (material.key != nullptr) {
    const auto type = type_of(material.key.get());
    if (!type) return std::unexpected(type.error());
    material.type = *type;
    if (auto checked = check_public_key(material.key.get(), *type); !checked) {
      return std::unexpected(std::move(checked.error()));
    }
    const Curve* curve = curve_of(*type);
    material.signature_bytes =
        curve != nullptr ? 2 * curve->bytes : static_cast<std::size_t>(EVP_PKEY_get_size(material.key.get()));
  }
  const auto algorithm = choose_algorithm(material.type, wanted);
  if (!algorithm) return std::unexpected(algorithm.error());
  Key key(std::make_shared<const Material>(std::move(material)), *algorithm);
  if (!key.material_->is_private) return key;
  constexpr std::string_view kProbe = "whether the two halves belong to each other";
  const auto probe = sign_with(key.material_->key.get(), *algorithm, kProbe);
  if (!probe || !verify_with(key.material_->key.get(), *algorithm, kProbe, *probe)) {
    return fail("the key is not valid: its private and public halves do not belong to each other");
  }
  return key;
}

Result<Key> Key::from_secret(std::string_view secret, std::optional<Algorithm> wanted) {
  if (secret.empty()) return fail("the secret is empty");
  Material material;
  material.secret = secret;
  return make(std::move(material), wanted);
}

Result<Key> Key::from_pem(std::string_view pem, std::optional<Algorithm> wanted) {
  auto read = read_pem(pem);
  if (!read) return std::unexpected(std::move(read.error()));
  Material material;
  material.key = std::move(read->key);
  material.is_private = read->is_private;
  return make(std::move(material), wanted);
}

Result<Key> Key::from_rsa(const RsaNumbers& numbers, std::optional<Algorithm> wanted) {
  PkeyBuilder builder;
  builder.add_number(OSSL_PKEY_PARAM_RSA_N, numbers.modulus);
  builder.add_number(OSSL_PKEY_PARAM_RSA_E, numbers.public_exponent);
  Material material;
  material.is_private = !numbers.private_exponent.empty();
  if (material.is_private) builder.add_number(OSSL_PKEY_PARAM_RSA_D, numbers.private_exponent);
  material.key = builder.build("RSA", material.is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
  if (material.key == nullptr) return fail("the key is not valid: its numbers make no RSA key");
  return make(std::move(material), wanted);
}

Result<Key> Key::from_point(const CurvePoint& point, std::optional<Algorithm> wanted) {
  const Curve* curve = curve_of(point.curve);
  FANFARE_CHECK(curve != nullptr || point.curve == KeyType::kEd25519);
  const std::size_t bytes = curve != nullptr ? curve->bytes : kEd25519Bytes;
  const bool has_private = !point.private_key.empty();
  if (point.x.size() != bytes || point.y.size() != (curve != nullptr ? bytes : 0) ||
      (has_private && point.private_key.size() != bytes)) {
    return fail("the key is not valid: each of its numbers has " + std::to_string(bytes) + " bytes on that curve");
  }
  const std::string uncompressed = "\x04" + point.x + point.y;
  PkeyBuilder builder;
  if (curve != nullptr) {
    builder.add(OSSL_PKEY_PARAM_GROUP_NAME, curve->group);
    builder.add_octets(OSSL_PKEY_PARAM_PUB_KEY, uncompressed);
    if (has_private) builder.add_number(OSSL_PKEY_PARAM_PRIV_KEY, point.private_key);
  } else {
    builder.add_octets(OSSL_PKEY_PARAM_PUB_KEY, point.x);
    if (has_private) builder.add_octets(OSSL_PKEY_PARAM_PRIV_KEY, point.private_key);
  }
  Material material;
  material.is_private = has_private;
  material.key =
      builder.build(curve != nullptr ? "EC" : "ED25519", has_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
  if (material.key == nullptr) return fail("the key is not valid: there is no such point on that curve");
  return make(std::move(material), wanted);
}

Key Key::named(std::string id) const {
  Key key = *this;
  key.id_ = std::move(id);
  return key;
}

bool Key::is_secret() const {
  return material_->type == KeyType::kSecret;
}

bool Key::can_sign() const {
  return is_secret() || material_->is_private;
}

bool Key::is_weak() const {
  return is_secret() && material_->secret.size() < static_cast<std::size_t>(facts_of(algorithm_).hash_bits) / 8;
}

bool Key::verify(std::string_view text, std::string_view signature) const {
  if (is_secret()) {
    const std::string expected = hmac(hash_of(algorithm_), material_->secret, text);
    return signature.size() == expected.size() &&
           CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
  }
  if (signature.size() != material_->signature_bytes) return false;
  if (curve_of(material_->type) == nullptr) return verify_with(material_->key.get(), algorithm_, text, signature);
  return verify_with(material_->key.get(), algorithm_, text, der_of(signature));
}

std::string Key::sign(std::string_view text) const {
  FANFARE_CHECK(can_sign());
  if (is_secret()) return hmac(hash_of(algorithm_), material_->secret, text);
  auto signature = sign_with(material_->key.get(), algorithm_, text);
  FANFARE_CHECK(signature.has_value());
  const Curve* curve = curve_of(material_->type);
  return curve != nullptr ? raw_of(*signature, curve->bytes) : std::move(*signature);
}

}  // namespace fanfare
