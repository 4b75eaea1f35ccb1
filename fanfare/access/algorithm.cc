#include "fanfare/access/algorithm.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

constexpr std::array<AlgorithmFacts, 13> kAlgorithms = {{
    {Algorithm::kHs256, "HS256", KeyType::kSecret, 256},
    {Algorithm::kHs384, "HS384", KeyType::kSecret, 384},
    {Algorithm::kHs512, "HS512", KeyType::kSecret, 512},
    {Algorithm::kRs256, "RS256", KeyType::kRsa, 256},
    {Algorithm::kRs384, "RS384", KeyType::kRsa, 384},
    {Algorithm::kRs512, "RS512", KeyType::kRsa, 512},
    {Algorithm::kPs256, "PS256", KeyType::kRsa, 256},
    {Algorithm::kPs384, "PS384", KeyType::kRsa, 384},
    {Algorithm::kPs512, "PS512", KeyType::kRsa, 512},
    {Algorithm::kEs256, "ES256", KeyType::kP256, 256},
    {Algorithm::kEs384, "ES384", KeyType::kP384, 384},
    {Algorithm::kEs512, "ES512", KeyType::kP521, 512},
    {Algorithm::kEdDsa, "EdDSA", KeyType::kEd25519, 0},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    if (static_cast<std::size_t>(kAlgorithms[i].algorithm) != i) return false;
  }
  return true;
}
static_assert(in_order(), "facts_of looks an algorithm up by its number");

}  // namespace

std::span<const AlgorithmFacts> algorithms() {
  return kAlgorithms;
}

const AlgorithmFacts& facts_of(Algorithm algorithm) {
  const auto index = static_cast<std::size_t>(algorithm);
  FANFARE_CHECK(index < kAlgorithms.size());
  return kAlgorithms[index];
}

std::optional<Algorithm> find_algorithm(std::string_view name) {
  const auto found = std::ranges::find(kAlgorithms, name, &AlgorithmFacts::name);
  return found == kAlgorithms.end() ? std::nullopt : std::optional(found->algorithm);
}

std::string_view description_of(KeyType type) {
  switch (type) {
    case KeyType::kSecret:
      return "a secret";
    case KeyType::kRsa:
      return "an RSA key";
    case KeyType::kP256:
      return "an EC key on P-256";
    case KeyType::kP384:
      return "an EC key on P-384";
    case KeyType::kP521:
      return "an EC key on P-521";
    case KeyType::kEd25519:
      return "an Ed25519 key";
  }
  check_failed("a type of key", __FILE__, __LINE__);
}

}  // namespace fanfare
