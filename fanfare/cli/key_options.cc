#include "fanfare/cli/key_options.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "fanfare/cli/file_text.h"

namespace fanfare::cli {
namespace {

// What the messages call the key.
std::string name_of(const KeyOptions& options) {
  return options.file.empty() ? options.key_name : options.file_name + " " + options.file;
}

std::unexpected<Error> fail_for(const KeyOptions& options, const std::string& message) {
  return fail(name_of(options) + ": " + message);
}

// Docker secrets and `openssl rand -hex 32 > FILE` end with one.
void drop_line_ending(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

}  // namespace

Result<std::optional<Algorithm>> algorithm_of(const KeyOptions& options) {
  if (options.algorithm.empty()) return std::nullopt;
  if (const auto found = find_algorithm(options.algorithm)) return found;
  std::string known;
  for (const AlgorithmFacts& each : algorithms()) known.append(known.empty() ? "" : ", ").append(each.name);
  return fail(options.algorithm_name + ": tokens are not signed with '" + options.algorithm + "' here; there is " +
              known);
}

void add_key_options(CLI::App& command, KeyOptions& keys, const std::string& whose) {
  keys.key_name = "--key";
  keys.file_name = "--key-file";
  keys.algorithm_name = "--alg";
  command.add_option(keys.key_name, keys.key, "Key of " + whose + ": a secret, PEM, JWK or JWKS")->type_name("KEY");
  command.add_option(keys.file_name, keys.file, "The same from a file")->type_name("FILE");
  command
      .add_option(keys.algorithm_name, keys.algorithm,
                  "Its algorithm, if not the first of its type (HS256, RS256, that of the curve, EdDSA)")
      ->type_name("ALG");
}

KeyOptions key_of_environment(const std::string& environment) {
  const auto value = [](const std::string& name) {
    const char* text = std::getenv(name.c_str());
    return std::string(text != nullptr ? text : "");
  };
  KeyOptions keys;
  keys.key_name = "$" + environment + "_KEY";
  keys.algorithm_name = "$" + environment + "_ALG";
  keys.key = value(environment + "_KEY");
  keys.algorithm = value(environment + "_ALG");
  return keys;
}

Result<std::string> read_key_text(const KeyOptions& options, const Limits& limits) {
  if (!options.key.empty() && !options.file.empty()) {
    return fail("give " + options.key_name + " or " + options.file_name + ", not both");
  }
  if (options.text) return *options.text;
  if (options.file.empty()) return options.key;
  auto text = read_file(options.file, limits.key_file_bytes_max, "key_file_bytes_max");
  if (!text) return fail_for(options, text.error().message);
  drop_line_ending(*text);
  if (text->empty()) return fail_for(options, "the file is empty");
  return text;
}

Result<KeySet> read_keys(const KeyOptions& options, const Limits& limits) {
  const auto text = read_key_text(options, limits);
  if (!text) return std::unexpected(text.error());
  const auto algorithm = algorithm_of(options);
  if (!algorithm) return std::unexpected(algorithm.error());
  if (!options.names_key()) {
    if (!*algorithm) return KeySet();
    return fail(options.algorithm_name + " is for a key, and there is none");
  }
  auto keys = KeySet::parse(*text, *algorithm, limits);
  if (!keys) return fail_for(options, keys.error().message);
  return keys;
}

Result<KeySet> read_verification_keys(const KeyOptions& options, const Limits& limits) {
  auto keys = read_keys(options, limits);
  if (!keys) return keys;
  const auto is_private = [](const Key& key) { return key.can_sign() && !key.is_secret(); };
  if (std::ranges::none_of(keys->keys(), is_private)) return keys;
  return fail_for(options,
                  "this is a private key, which a hub has no use for; `openssl pkey -in FILE -pubout` "
                  "prints the public half of a PEM, and a JWK's is what is left without d");
}

Result<Key> read_signing_key(const KeyOptions& options, const Limits& limits) {
  const auto keys = read_keys(options, limits);
  if (!keys) return std::unexpected(keys.error());
  if (keys->empty()) return fail("there is no key to sign with: give " + options.key_name + " or " + options.file_name);
  const auto found = std::ranges::find_if(keys->keys(), &Key::can_sign);
  if (found != keys->keys().end()) return *found;
  return fail_for(options, "this is a public key, and tokens are signed with the private one");
}

}  // namespace fanfare::cli
