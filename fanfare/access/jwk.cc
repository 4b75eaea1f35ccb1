#include "fanfare/access/jwk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "fanfare/access/base64url.h"

namespace fanfare {
namespace {

using Json = nlohmann::json;

// Nothing: there is no such member, or it is no string.
std::optional<std::string> text_of(const Json& jwk, const char* name) {
  const auto found = jwk.find(name);
  if (found == jwk.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

enum class Presence { kRequired, kOptional };

// The bytes of a member; empty for an optional one that is not there.
Result<std::string> bytes_of(const Json& jwk, const char* name, Presence presence) {
  if (presence == Presence::kOptional && !jwk.contains(name)) return {};
  const auto text = text_of(jwk, name);
  if (!text || text->empty()) return fail(std::string("the JWK has no text named ") + name);
  auto bytes = decode_base64url(*text);
  if (!bytes) return fail(std::string("the JWK's ") + name + " is not base64url without padding");
  return std::move(*bytes);
}

Result<void> check_use(const Json& jwk) {
  if (const auto use = jwk.find("use"); use != jwk.end() && *use != "sig") {
    return fail("the JWK is not for signatures: its use is not sig");
  }
  const auto operations = jwk.find("key_ops");
  if (operations == jwk.end()) return {};
  const auto is_of_signatures = [](const Json& operation) { return operation == "verify" || operation == "sign"; };
  if (operations->is_array() && std::ranges::any_of(*operations, is_of_signatures)) return {};
  return fail("the JWK is not for signatures: its key_ops name neither verify nor sign");
}

// The JWK's own, which must be the wanted one if there are both.
Result<std::optional<Algorithm>> algorithm_of(const Json& jwk, std::optional<Algorithm> wanted) {
  if (!jwk.contains("alg")) return wanted;
  const auto own = find_algorithm(text_of(jwk, "alg").value_or(""));
  if (!own) return fail("the JWK's alg is no algorithm for signatures that is known here");
  if (wanted && *wanted != *own) {
    return fail("the JWK's alg is " + std::string(facts_of(*own).name) + ", not " +
                std::string(facts_of(*wanted).name) + " as configured");
  }
  return own;
}

Result<Key> rsa_key(const Json& jwk, std::optional<Algorithm> algorithm) {
  auto modulus = bytes_of(jwk, "n", Presence::kRequired);
  if (!modulus) return std::unexpected(std::move(modulus.error()));
  auto exponent = bytes_of(jwk, "e", Presence::kRequired);
  if (!exponent) return std::unexpected(std::move(exponent.error()));
  auto private_exponent = bytes_of(jwk, "d", Presence::kOptional);
  if (!private_exponent) return std::unexpected(std::move(private_exponent.error()));
  return Key::from_rsa({std::move(*modulus), std::move(*exponent), std::move(*private_exponent)}, algorithm);
}

Result<Key> point_key(const Json& jwk, KeyType curve, std::optional<Algorithm> algorithm) {
  auto x = bytes_of(jwk, "x", Presence::kRequired);
  if (!x) return std::unexpected(std::move(x.error()));
  auto y = curve == KeyType::kEd25519 ? Result<std::string>() : bytes_of(jwk, "y", Presence::kRequired);
  if (!y) return std::unexpected(std::move(y.error()));
  auto private_key = bytes_of(jwk, "d", Presence::kOptional);
  if (!private_key) return std::unexpected(std::move(private_key.error()));
  return Key::from_point({curve, std::move(*x), std::move(*y), std::move(*private_key)}, algorithm);
}

Result<Key> curve_key(const Json& jwk, std::string_view type, std::optional<Algorithm> algorithm) {
  const std::string curve = text_of(jwk, "crv").value_or("");
  if (type == "OKP" && curve == "Ed25519") return point_key(jwk, KeyType::kEd25519, algorithm);
  if (type == "OKP") return fail("the JWK's crv is not Ed25519");
  if (curve == "P-256") return point_key(jwk, KeyType::kP256, algorithm);
  if (curve == "P-384") return point_key(jwk, KeyType::kP384, algorithm);
  if (curve == "P-521") return point_key(jwk, KeyType::kP521, algorithm);
  return fail("the JWK's crv is not P-256, P-384 or P-521");
}

Result<Key> key_of_type(const Json& jwk, std::optional<Algorithm> algorithm) {
  const std::string type = text_of(jwk, "kty").value_or("");
  if (type == "RSA") return rsa_key(jwk, algorithm);
  if (type == "EC" || type == "OKP") return curve_key(jwk, type, algorithm);
  if (type != "oct") return fail("the JWK's kty is not oct, RSA, EC or OKP");
  const auto secret = bytes_of(jwk, "k", Presence::kRequired);
  if (!secret) return std::unexpected(secret.error());
  return Key::from_secret(*secret, algorithm);
}

Result<Key> parse_jwk(const Json& jwk, std::optional<Algorithm> wanted) {
  if (!jwk.is_object()) return fail("a JWK is a JSON object");
  if (auto use = check_use(jwk); !use) return std::unexpected(std::move(use.error()));
  const auto algorithm = algorithm_of(jwk, wanted);
  if (!algorithm) return std::unexpected(algorithm.error());
  const auto key = key_of_type(jwk, *algorithm);
  if (!key) return std::unexpected(key.error());
  return key->named(text_of(jwk, "kid").value_or(""));
}

}  // namespace

Result<std::vector<Key>> parse_jwks(std::string_view json, std::optional<Algorithm> wanted, std::size_t keys_max) {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return fail("the key begins like a JWK but is no JSON object");
  const auto keys = document.find("keys");
  if (keys == document.end()) {
    auto key = parse_jwk(document, wanted);
    if (!key) return std::unexpected(std::move(key.error()));
    return std::vector<Key>{std::move(*key)};
  }
  if (!keys->is_array()) return fail("the JWKS's keys are not an array");
  if (keys->size() > keys_max) {
    return fail("the JWKS has more than " + std::to_string(keys_max) + " keys (--limit keys_max)");
  }
  std::vector<Key> usable;
  std::string first_fault;
  for (const Json& each : *keys) {
    auto key = parse_jwk(each, wanted);
    if (key) {
      usable.push_back(std::move(*key));
    } else if (first_fault.empty()) {
      first_fault = std::move(key.error().message);
    }
  }
  if (!usable.empty()) return usable;
  if (first_fault.empty()) return fail("the JWKS has no keys");
  return fail("the JWKS has no key that can be used; of the first: " + first_fault);
}

}  // namespace fanfare
