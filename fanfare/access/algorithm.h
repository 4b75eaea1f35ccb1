// The algorithms that sign tokens (RFC 7518 section 3.1, RFC 8037 section 3.1) and the type of key that each takes.
// "none" is not among them. Values; any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace fanfare {

enum class Algorithm {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa
};

enum class KeyType { kSecret, kRsa, kP256, kP384, kP521, kEd25519 };

struct AlgorithmFacts {
  Algorithm algorithm;
  std::string_view name;  // as in a header's alg
  KeyType key_type;
  int hash_bits;  // of SHA-2; 0: the algorithm has its own
};

// All of them; those of one type of key stand together, and the first is the one it has unless told otherwise.
std::span<const AlgorithmFacts> algorithms();

const AlgorithmFacts& facts_of(Algorithm algorithm);

// By exactly that name.
std::optional<Algorithm> find_algorithm(std::string_view name);

// "a secret", "an RSA key", …: for messages.
std::string_view description_of(KeyType type);

}  // namespace fanfare
