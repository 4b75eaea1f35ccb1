// What names a key for tokens: the options --key, --key-file and --alg, or settings like them. What they hold is told
// by its content (KeySet::parse); the last line ending of a file is no part of it. A hub may also be told a URL, which
// issuers.h makes a source of; nothing here fetches. Any thread, on options of its own.
#pragma once

#include <optional>
#include <string>

#include "fanfare/access/key_set.h"
#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"

namespace CLI {
class App;
}

namespace fanfare::cli {

struct KeyOptions {
  std::string key;
  std::string file;
  std::string algorithm;
  std::string jwks_url = {};  // in place of both
  // What the messages call them.
  std::string key_name;
  std::string file_name;
  std::string algorithm_name;
  std::string jwks_url_name = {};
  std::optional<std::string> text = {};  // what read_key_text gave, where that has been done: then no file is read

  bool names_key() const { return !key.empty() || !file.empty(); }
  bool names_any() const { return names_key() || !jwks_url.empty(); }
};

// Adds --key, --key-file and --alg. whose: "publishers' tokens". keys must outlive the parsing.
void add_key_options(CLI::App& command, KeyOptions& keys, const std::string& whose);

// The one that the options name; fails for an unknown name.
Result<std::optional<Algorithm>> algorithm_of(const KeyOptions& options);

// The key of the variables environment_KEY and environment_ALG alone, for commands that do not have them as options.
KeyOptions key_of_environment(const std::string& environment);

// Empty if the options name no key. Fails for what cannot be read, both a key and a file, and an algorithm without key.
Result<KeySet> read_keys(const KeyOptions& options, const Limits& limits);

// The key, or what its file says.
Result<std::string> read_key_text(const KeyOptions& options, const Limits& limits);

// For a hub, which has no use for private keys: they are refused, so that nobody can take them from there.
Result<KeySet> read_verification_keys(const KeyOptions& options, const Limits& limits);

// The first that can sign; fails if there is none.
Result<Key> read_signing_key(const KeyOptions& options, const Limits& limits);

}  // namespace fanfare::cli
