// Tokens of an issuer whose keys change.
#include "fanfare/access/key_source.h"

#include <gtest/gtest.h>

#include <utility>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/jws.h"
#include "fanfare/access/key_vectors.h"

namespace fanfare {
namespace {

class Source final : public KeySource {
 public:
  std::shared_ptr<const KeySet> current() const override { return keys; }
  std::uint64_t version() const override { return version_; }
  Renewal renew(std::move_only_function<void()>) override { return Renewal::kTooSoon; }
  KeySourceFigures figures() const override { return {}; }
  void set(std::vector<Key> with) {
    keys = std::make_shared<const KeySet>(std::move(with));
    ++version_;
  }

  std::shared_ptr<const KeySet> keys;

 private:
  std::uint64_t version_ = 0;
};

Key private_key() {
  return Key::from_pem(kEd25519PrivatePem, {}).value();
}
Key public_key(std::string kid) {
  return Key::from_pem(kEd25519PublicPem, {}).value().named(std::move(kid));
}
std::string token_of(std::string kid) {
  return make_token(private_key().named(std::move(kid)), {});
}

class KeySourceTest : public testing::Test {
 protected:
  KeySourceTest() : authorizer({.issuers = issuers()}) {}
  std::vector<Issuer> issuers() const {
    const KeySet secrets({Key::from_secret("other", Algorithm::kHs256).value()});
    return {{.name = "",
             .publisher_keys = {},
             .subscriber_keys = {},
             .publisher_source = source,
             .subscriber_source = source},
            {.name = "other", .publisher_keys = secrets, .subscriber_keys = {}}};
  }
  std::optional<Denial> denial_of(const std::string& token) const {
    const auto granted = authorizer.publisher(token, 0);
    if (granted) return std::nullopt;
    EXPECT_EQ(granted.error().source, is_of_keys(granted.error().denial) ? source : nullptr);
    return granted.error().denial;
  }
  static bool is_of_keys(Denial denial) { return denial == Denial::kUnknown || denial == Denial::kNoKeys; }

  std::shared_ptr<Source> source = std::make_shared<Source>();
  Authorizer authorizer;
};

TEST_F(KeySourceTest, BeforeAnyKeysHaveComeNobodyKnows) {
  EXPECT_EQ(denial_of(token_of("a")), Denial::kNoKeys);
  EXPECT_EQ(denial_of("nonsense"), Denial::kInvalid);
  Grants grants;
  grants.issuer = "other";
  EXPECT_EQ(denial_of(make_token("other", grants)), std::nullopt) << "other issuers do not wait";
}

TEST_F(KeySourceTest, ANameThatIsNotThereIsUnknownAndAWrongSignatureIsWrong) {
  source->set({public_key("a")});
  EXPECT_EQ(denial_of(token_of("a")), std::nullopt);
  EXPECT_EQ(denial_of(token_of("b")), Denial::kUnknown);
  EXPECT_EQ(denial_of(token_of("")), std::nullopt) << "a token need not name its key";
  const std::string token = token_of("a");
  EXPECT_EQ(denial_of(token.substr(0, token.size() - 86) + std::string(86, 'A')), Denial::kInvalid);
  source->set({public_key("b")});
  EXPECT_EQ(denial_of(token_of("b")), std::nullopt);
  EXPECT_EQ(denial_of(token_of("a")), Denial::kUnknown);
}

TEST_F(KeySourceTest, AKeyWithoutANameIsTriedForAnyName) {
  source->set({public_key("")});
  EXPECT_EQ(denial_of(token_of("b")), std::nullopt);
}

TEST_F(KeySourceTest, ASecretTokenIsNotVerifiedWithThePublicKeyAsSecret) {
  source->set({public_key("a")});
  EXPECT_EQ(denial_of(make_token(kEd25519PublicPem, {})), Denial::kInvalid);
}

TEST_F(KeySourceTest, TheVersionTellsThatKeysHaveChanged) {
  const auto before = authorizer.keys_version();
  source->set({public_key("a")});
  EXPECT_NE(authorizer.keys_version(), before);
  EXPECT_EQ(authorizer.sources().size(), 1u) << "one source for both roles";
}

TEST_F(KeySourceTest, GrantsTellForWhomTheTokenIsAndWhoMadeIt) {
  source->set({public_key("a")});
  Grants made;
  made.issuer = "https://id.example";
  made.subject = "ann";
  const auto granted = authorizer.publisher(make_token(private_key(), made), 0);
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->issuer, "https://id.example");
  EXPECT_EQ(granted->subject, "ann");
  const auto odd = authorizer.publisher(sign_jws(private_key(), R"({"alg":"EdDSA"})", R"({"sub":7})"), 0);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->subject, "");
}

}  // namespace
}  // namespace fanfare
