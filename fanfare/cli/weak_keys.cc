#include "fanfare/cli/weak_keys.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "fanfare/access/algorithm.h"
#include "fanfare/base/check.h"

namespace fanfare::cli {
namespace {

constexpr std::array<std::string_view, 9> kWellKnown = {
    // The reference hub, Symfony, API Platform, Laravel
    "!ChangeThisMercureHubJWTSecretKey!",
    "!ChangeMe!",
    "!UnsecureChangeMe!",
    "aVerySecretKey",
    // jwt.io
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-string-secret-at-least-512-bits-long-which-is-very-long-indeed",
};

// A key tells nothing of what it is made of, but two that sign alike are the same.
bool is_made_of(const Key& key, std::string_view secret) {
  constexpr std::string_view kProbe = "probe";
  const auto known = Key::from_secret(secret, key.algorithm());
  FANFARE_CHECK(known.has_value());
  return key.verify(kProbe, known->sign(kProbe));
}

}  // namespace

std::string well_known_fault(const KeySet& keys) {
  const bool is_known = std::ranges::any_of(keys.keys(), [](const Key& key) {
    return key.is_secret() &&
           std::ranges::any_of(kWellKnown, [&](std::string_view secret) { return is_made_of(key, secret); });
  });
  return is_known ? "this secret is an example that everybody knows; `openssl rand -hex 32` makes one" : "";
}

std::string short_fault(const KeySet& keys) {
  const auto found = std::ranges::find_if(keys.keys(), &Key::is_weak);
  if (found == keys.keys().end()) return "";
  const AlgorithmFacts& facts = facts_of(found->algorithm());
  const std::string bytes = std::to_string(facts.hash_bits / 8);
  return "a secret for " + std::string(facts.name) + " has " + bytes + " bytes or more (RFC 7518 section 3.2); " +
         "`openssl rand -hex " + bytes + "` makes one";
}

}  // namespace fanfare::cli
