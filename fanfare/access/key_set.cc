#include "fanfare/access/key_set.h"

#include <algorithm>
#include <array>

#include "fanfare/access/jwk.h"

namespace fanfare {
namespace {

constexpr std::array<std::string_view, 3> kSshBeginnings = {"ssh-", "ecdsa-sha2-", "---- BEGIN SSH2"};

Result<Key> parse_secret(std::string_view text, std::optional<Algorithm> wanted) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(text, is_control)) {
    return fail("a secret is text of one line (bytes can be given as a JWK of kty oct), and this is no PEM or JWK");
  }
  const auto begins = [&](std::string_view with) { return text.starts_with(with); };
  if (std::ranges::any_of(kSshBeginnings, begins)) {
    return fail("this is an SSH key: write it as PEM with `ssh-keygen -e -m PKCS8 -f FILE`");
  }
  return Key::from_secret(text, wanted);
}

}  // namespace

Result<KeySet> KeySet::parse(std::string_view text, std::optional<Algorithm> wanted, const Limits& limits) {
  if (text.size() > limits.key_file_bytes_max) {
    return fail("the key has more than " + std::to_string(limits.key_file_bytes_max) +
                " bytes (--limit key_file_bytes_max)");
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') {
    auto keys = parse_jwks(text, wanted, limits.keys_max);
    if (!keys) return std::unexpected(std::move(keys.error()));
    return KeySet(std::move(*keys));
  }
  const bool is_pem = text.find("-----BEGIN ") != text.npos;
  auto key = is_pem ? Key::from_pem(text, wanted) : parse_secret(text, wanted);
  if (!key) return std::unexpected(std::move(key.error()));
  return KeySet({std::move(*key)});
}

bool KeySet::may_know(const std::string& key_id) const {
  return std::ranges::any_of(keys_, [&](const Key& key) { return key.id().empty() || key.id() == key_id; });
}

Result<void> KeySet::verify(std::string_view algorithm, const std::optional<std::string>& key_id, std::string_view text,
                            std::string_view signature) const {
  const auto is_for = [&](const Key& key) { return facts_of(key.algorithm()).name == algorithm; };
  const auto is_named = [&](const Key& key) { return is_for(key) && key_id && key.id() == *key_id; };
  if (std::ranges::none_of(keys_, is_for)) return fail("the token's alg is not " + algorithm_names());
  const bool name_is_known = std::ranges::any_of(keys_, is_named);
  for (const Key& key : keys_) {
    if ((name_is_known ? is_named(key) : is_for(key)) && key.verify(text, signature)) return {};
  }
  if (!key_id || name_is_known) return fail("the token's signature is wrong");
  return fail("the token's signature is of no key that is known here, and neither is its kid");
}

// "HS256, the one that is accepted here", or "one of …".
std::string KeySet::algorithm_names() const {
  std::vector<std::string_view> names;
  for (const Key& key : keys_) names.push_back(facts_of(key.algorithm()).name);
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  if (names.size() == 1) return std::string(names.front()) + ", the one that is accepted here";
  std::string text = "one of";
  for (const auto name : names) text.append(name == names.front() ? " " : ", ").append(name);
  return text + ", which are accepted here";
}

}  // namespace fanfare
