#include "fanfare/cli/issuers.h"

#include <gtest/gtest.h>

#include "fanfare/access/key_vectors.h"

namespace fanfare::cli {
namespace {

class NoKeys final : public KeySource {
 public:
  std::shared_ptr<const KeySet> current() const override { return nullptr; }
  std::uint64_t version() const override { return 0; }
  Renewal renew(std::move_only_function<void()>) override { return Renewal::kTooSoon; }
  KeySourceFigures figures() const override { return {}; }
};

KeyOptions named(const std::string& role) {
  KeyOptions options;
  options.key_name = "--" + role + "-key";
  options.file_name = "--" + role + "-key-file";
  options.algorithm_name = "--" + role + "-alg";
  options.jwks_url_name = "--" + role + "-jwks-url";
  return options;
}

IssuerOptions issuer(std::string name) {
  return {.name = std::move(name), .publisher = named("publisher"), .subscriber = named("subscriber")};
}

class IssuersTest : public testing::Test {
 protected:
  Result<std::vector<Issuer>> make(const std::vector<IssuerOptions>& options) {
    return make_issuers(options, limits, [this](const jwks::JwksUrl& url, std::optional<Algorithm> wanted) {
      asked.push_back(url.text + (wanted ? " " + std::string(facts_of(*wanted).name) : ""));
      return std::make_shared<NoKeys>();
    });
  }
  std::string fault_of(const std::vector<IssuerOptions>& options) {
    const auto made = make(options);
    return made ? "" : made.error().message;
  }

  const Limits limits;
  std::vector<std::string> asked;
};

TEST_F(IssuersTest, EachHasItsNameAndTheKeysOfItsRoles) {
  IssuerOptions own = issuer("");
  own.publisher.key = "a secret";
  IssuerOptions other = issuer("https://id.example");
  other.publisher.key = kRsaPublicPem;
  other.publisher.algorithm = "PS256";
  other.subscriber.jwks_url = "https://id.example/jwks";
  other.subscriber.algorithm = "ES256";
  const auto made = make({own, other});
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->size(), 2u);
  EXPECT_EQ(made->front().name, "");
  EXPECT_EQ(made->front().publisher_keys.keys().size(), 1u);
  EXPECT_TRUE(made->front().subscriber_keys.empty());
  EXPECT_EQ(made->back().name, "https://id.example");
  EXPECT_EQ(made->back().publisher_keys.keys().front().algorithm(), Algorithm::kPs256);
  EXPECT_TRUE(made->back().subscriber_keys.empty());
  EXPECT_NE(made->back().subscriber_source, nullptr);
  EXPECT_EQ(asked, (std::vector<std::string>{"https://id.example/jwks ES256"}));
  EXPECT_TRUE(has_publishers(*made));
  EXPECT_TRUE(has_subscribers(*made));
  EXPECT_FALSE(has_publishers(*make({issuer("")})));
  EXPECT_FALSE(has_subscribers(*make({own})));
}

TEST_F(IssuersTest, FaultsNameTheIssuerAndTheOption) {
  IssuerOptions one = issuer("one");
  one.publisher.key = "a secret";
  EXPECT_EQ(fault_of({one, one}), "there are two issuers named 'one'");
  EXPECT_EQ(fault_of({one, issuer("two")}),
            "issuer 'two': it has no keys, so that none of its tokens could be accepted");
  IssuerOptions both = one;
  both.publisher.jwks_url = "https://id.example/jwks";
  EXPECT_EQ(fault_of({both}), "issuer 'one': give --publisher-key or --publisher-jwks-url, not both");
  IssuerOptions bad_url = issuer("");
  bad_url.subscriber.jwks_url = "file:///etc/keys";
  EXPECT_EQ(fault_of({bad_url}),
            "--subscriber-jwks-url: 'file:///etc/keys' is no URL that begins with https:// or http://");
  IssuerOptions secret = issuer("");
  secret.publisher.jwks_url = "https://id.example/jwks";
  secret.publisher.algorithm = "HS256";
  EXPECT_EQ(fault_of({secret}), "--publisher-alg: HS256 goes with a secret, and what a URL shows is none");
  secret.publisher.algorithm = "none";
  EXPECT_NE(fault_of({secret}).find("tokens are not signed with 'none' here"), std::string::npos);
  IssuerOptions unreadable = issuer("one");
  unreadable.subscriber.file = "/nowhere/key";
  EXPECT_NE(fault_of({unreadable}).find("issuer 'one': --subscriber-key-file /nowhere/key: No such file"),
            std::string::npos);
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace fanfare::cli
