// The keys that one role's tokens are checked with, whatever the form in which an operator has them.
// Immutable and cheap to copy, as its keys are; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/access/key.h"
#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"

namespace fanfare {

class KeySet {
 public:
  // No keys: verifies nothing.
  KeySet() = default;
  explicit KeySet(std::vector<Key> keys) : keys_(std::move(keys)) {}

  // By its content: PEM, a JWK or JWKS (it begins with a brace), else a secret, which is text of one line. wanted: the
  // algorithm that the keys are for; else as in Key and parse_jwks. Text over key_file_bytes_max is refused, and so is
  // an SSH public key, which everybody may know and would make a secret.
  static Result<KeySet> parse(std::string_view text, std::optional<Algorithm> wanted, const Limits& limits);

  bool empty() const { return keys_.empty(); }
  std::span<const Key> keys() const { return keys_; }

  // Whether a key has this name, or none, so that it may be the one.
  bool may_know(const std::string& key_id) const;

  // Whether a key for this algorithm (a header's alg) made the signature. key_id: the header's kid, a hint: where keys
  // have that name, only they are tried, else all are. Fails with what is wrong with the token.
  Result<void> verify(std::string_view algorithm, const std::optional<std::string>& key_id, std::string_view text,
                      std::string_view signature) const;

 private:
  std::string algorithm_names() const;

  std::vector<Key> keys_;
};

}  // namespace fanfare
