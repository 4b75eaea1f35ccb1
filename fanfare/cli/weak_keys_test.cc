#include "fanfare/cli/weak_keys.h"

#include <string>

#include <gtest/gtest.h>

#include "fanfare/access/key_vectors.h"

namespace fanfare::cli {
namespace {

KeySet keys_of(std::string_view text, std::optional<Algorithm> algorithm = {}) {
  auto keys = KeySet::parse(text, algorithm, Limits{});
  EXPECT_TRUE(keys) << keys.error().message;
  return keys ? *keys : KeySet();
}

TEST(WeakKeys, AnExampleIsKnownInEveryForm) {
  EXPECT_NE(well_known_fault(keys_of("!ChangeThisMercureHubJWTSecretKey!")), "");
  EXPECT_NE(well_known_fault(keys_of("!ChangeThisMercureHubJWTSecretKey!", Algorithm::kHs512)), "");
  EXPECT_NE(well_known_fault(keys_of("!ChangeMe!")), "");
  EXPECT_NE(well_known_fault(keys_of(R"({"keys":[{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"},)"
                                     R"({"kty":"oct","k":"IUNoYW5nZU1lIQ"}]})")),
            "")
      << "the second is !ChangeMe!";
  EXPECT_EQ(well_known_fault(keys_of("!ChangeThisMercureHubJWTSecretKey")), "");
  EXPECT_EQ(well_known_fault(keys_of(kP256PublicPem)), "");
  EXPECT_EQ(well_known_fault(KeySet()), "");
}

TEST(WeakKeys, ASecretIsAsLongAsItsHash) {
  const std::string secret(32, 'a');
  EXPECT_EQ(short_fault(keys_of(secret)), "");
  EXPECT_EQ(short_fault(keys_of(secret.substr(1))),
            "a secret for HS256 has 32 bytes or more (RFC 7518 section 3.2); `openssl rand -hex 32` makes one");
  EXPECT_NE(short_fault(keys_of(secret, Algorithm::kHs384)).find("HS384 has 48 bytes"), std::string::npos);
  EXPECT_EQ(short_fault(keys_of(kEd25519PublicPem)), "");
}

}  // namespace
}  // namespace fanfare::cli
