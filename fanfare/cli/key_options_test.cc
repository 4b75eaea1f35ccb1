#include "fanfare/cli/key_options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "fanfare/access/key_vectors.h"

namespace fanfare::cli {
namespace {

// A file of this test, gone with it.
class KeyFile {
 public:
  explicit KeyFile(std::string_view text) {
    FILE* file = std::fopen(path_.c_str(), "wb");
    EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
    std::fclose(file);
  }
  ~KeyFile() { std::remove(path_.c_str()); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_ = ::testing::TempDir() + "key of " + std::to_string(::getpid());
};

KeyOptions named() {
  KeyOptions options;
  options.key_name = "--key";
  options.file_name = "--key-file";
  options.algorithm_name = "--alg";
  return options;
}

KeyOptions with_key(std::string_view key, const std::string& algorithm = "") {
  KeyOptions options = named();
  options.key = key;
  options.algorithm = algorithm;
  return options;
}

KeyOptions with_file(const std::string& path) {
  KeyOptions options = named();
  options.file = path;
  return options;
}

template <typename T>
std::string fault_of(const Result<T>& result) {
  return result ? "none" : result.error().message;
}

TEST(KeyOptions, OneLineEndingAtTheEndOfAFileIsNoPartOfTheSecret) {
  const Key secret = Key::from_secret("secret", Algorithm::kHs256).value();
  for (const char* text : {"secret", "secret\n", "secret\r\n"}) {
    const KeyFile file(text);
    const auto keys = read_keys(with_file(file.path()), Limits{});
    ASSERT_TRUE(keys) << fault_of(keys);
    EXPECT_TRUE(keys->keys().front().verify("text", secret.sign("text"))) << text;
  }
  const KeyFile two("secret\n\n");
  EXPECT_FALSE(read_keys(with_file(two.path()), Limits{}));
}

TEST(KeyOptions, AFileHoldsWhateverAKeyMayBe) {
  const KeyFile file(kP384PublicPem);
  const auto keys = read_keys(with_file(file.path()), Limits{});
  ASSERT_TRUE(keys) << fault_of(keys);
  EXPECT_EQ(keys->keys().front().algorithm(), Algorithm::kEs384);
}

TEST(KeyOptions, FaultsNameTheOption) {
  const KeyFile empty("\n");
  KeyOptions both = with_key("secret");
  both.file = empty.path();
  const std::pair<KeyOptions, std::string> rows[] = {
      {with_file("/nowhere/key"), "--key-file /nowhere/key: No such file or directory"},
      {with_file(empty.path()), "--key-file " + empty.path() + ": the file is empty"},
      {both, "give --key or --key-file, not both"},
      {with_key("secret", "none"),
       "--alg: tokens are not signed with 'none' here; there is HS256, HS384, HS512, RS256, RS384, RS512, PS256, "
       "PS384, "
       "PS512, ES256, ES384, ES512, EdDSA"},
      {with_key("", "HS256"), "--alg is for a key, and there is none"},
      {with_key("secret", "RS256"), "--key: RS256 does not go with a secret, which is for HS256, HS384, HS512"},
      {with_key(kRsaPublicPem, "HS256"),
       "--key: HS256 does not go with an RSA key, which is for RS256, RS384, RS512, PS256, PS384, PS512"},
  };
  for (const auto& [options, fault] : rows) EXPECT_EQ(fault_of(read_keys(options, Limits{})), fault);
  Limits narrow;
  narrow.key_file_bytes_max = 5;
  const KeyFile long_file("secret");
  EXPECT_EQ(fault_of(read_keys(with_file(long_file.path()), narrow)),
            "--key-file " + long_file.path() + ": it has more than 5 bytes (--limit key_file_bytes_max)");
}

TEST(KeyOptions, NoKeyIsAnEmptySet) {
  const auto keys = read_keys(named(), Limits{});
  ASSERT_TRUE(keys) << fault_of(keys);
  EXPECT_TRUE(keys->empty());
}

TEST(KeyOptions, AHubTakesNoPrivateKey) {
  for (const auto pem : {kP256PrivatePem, kEd25519PrivatePem}) {
    const auto keys = read_verification_keys(with_key(pem), Limits{});
    EXPECT_EQ(fault_of(keys).find("--key: this is a private key"), 0u);
  }
  EXPECT_TRUE(read_verification_keys(with_key(kP256PublicPem), Limits{}));
  EXPECT_TRUE(read_verification_keys(with_key("secret"), Limits{}));
}

TEST(KeyOptions, OnlySecretsAndPrivateKeysSign) {
  EXPECT_TRUE(read_signing_key(with_key("secret"), Limits{}));
  EXPECT_TRUE(read_signing_key(with_key(kEd25519PrivatePem), Limits{}));
  EXPECT_EQ(fault_of(read_signing_key(with_key(kEd25519PublicPem), Limits{})),
            "--key: this is a public key, and tokens are signed with the private one");
  EXPECT_EQ(fault_of(read_signing_key(named(), Limits{})), "there is no key to sign with: give --key or --key-file");
}

TEST(KeyOptions, TheEnvironmentsKeyHasItsNames) {
  setenv("FANFARE_TEST_JWT_KEY", "secret", 1);
  setenv("FANFARE_TEST_JWT_ALG", "HS999", 1);
  const KeyOptions options = key_of_environment("FANFARE_TEST_JWT");
  EXPECT_EQ(options.key, "secret");
  EXPECT_EQ(fault_of(read_keys(options, Limits{})).find("$FANFARE_TEST_JWT_ALG: tokens are not signed with 'HS999'"),
            0u);
  unsetenv("FANFARE_TEST_JWT_KEY");
  unsetenv("FANFARE_TEST_JWT_ALG");
  EXPECT_FALSE(key_of_environment("FANFARE_TEST_JWT").names_key());
}

}  // namespace
}  // namespace fanfare::cli
