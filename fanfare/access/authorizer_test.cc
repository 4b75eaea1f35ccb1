#include "fanfare/access/authorizer.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <utility>

#include "fanfare/access/jws.h"
#include "fanfare/access/jwt.h"
#include "fanfare/access/key_vectors.h"

namespace fanfare {
namespace {

constexpr std::string_view kHs256 = R"({"alg":"HS256"})";
constexpr std::int64_t kNow_s = 1'795'251'600;  // 2026-11-21T09:00:00Z

using Strings = std::vector<std::string>;

Key secret(std::string_view text) {
  return Key::from_secret(text, Algorithm::kHs256).value();
}

KeySet secrets(std::string_view text) {
  return KeySet({secret(text)});
}

AuthorizerOptions options() {
  AuthorizerOptions made;
  made.issuers = {
      {.name = "", .publisher_keys = secrets("publisher secret"), .subscriber_keys = secrets("subscriber secret")}};
  return made;
}

Authorizer authorizer() {
  return Authorizer(options());
}

Authorizer open_authorizer() {
  AuthorizerOptions made = options();
  made.anonymous = true;
  return Authorizer(std::move(made));
}

std::expected<Grants, Denied> publish_with(std::string_view payload, std::string_view header = kHs256) {
  return authorizer().publisher(sign_jws(secret("publisher secret"), header, payload), kNow_s);
}

std::string reason_of(const std::expected<Grants, Denied>& result) {
  return result ? "granted" : result.error().reason;
}

TEST(Authorizer, AMadeTokenGrantsWhatItSays) {
  const Grants made{
      .publish = {"https://example.com/{id}", "\"\\\xC3\xA9"}, .subscribe = {"*"}, .expires_at_s = kNow_s + 1};
  const auto publisher = authorizer().publisher(make_token("publisher secret", made), kNow_s);
  ASSERT_TRUE(publisher) << reason_of(publisher);
  EXPECT_EQ(publisher->publish, made.publish);
  EXPECT_EQ(publisher->subscribe, made.subscribe);
  EXPECT_EQ(publisher->expires_at_s, made.expires_at_s);
  EXPECT_TRUE(authorizer().subscriber(make_token("subscriber secret", made), kNow_s));
}

TEST(Authorizer, EachRoleHasItsOwnKey) {
  const std::string publishers = make_token("publisher secret", {});
  const std::string subscribers = make_token("subscriber secret", {});
  EXPECT_EQ(reason_of(authorizer().publisher(subscribers, kNow_s)), "the token's signature is wrong");
  EXPECT_EQ(reason_of(authorizer().subscriber(publishers, kNow_s)), "the token's signature is wrong");
}

TEST(Authorizer, ARoleWithoutAKeyAcceptsNoToken) {
  AuthorizerOptions none;
  none.anonymous = true;
  none.issuers = {{.name = "", .publisher_keys = {}, .subscriber_keys = {}}};
  const Authorizer keyless(std::move(none));
  const std::string token = make_token("x", {});
  EXPECT_EQ(reason_of(keyless.publisher(token, kNow_s)), "this hub has no key to check a publisher's token");
  EXPECT_EQ(reason_of(keyless.subscriber(token, kNow_s)), "this hub has no key to check a subscriber's token");
}

TEST(Authorizer, WithoutATokenOnlyAnAnonymousSubscriberPasses) {
  const Authorizer open = open_authorizer();
  EXPECT_EQ(authorizer().publisher(std::nullopt, kNow_s).error().denial, Denial::kMissing);
  EXPECT_EQ(authorizer().subscriber(std::nullopt, kNow_s).error().denial, Denial::kMissing);
  EXPECT_EQ(open.publisher(std::nullopt, kNow_s).error().denial, Denial::kMissing);
  const auto anonymous = open.subscriber(std::nullopt, kNow_s);
  ASSERT_TRUE(anonymous);
  EXPECT_TRUE(anonymous->publish.empty() && anonymous->subscribe.empty() && !anonymous->expires_at_s);
}

TEST(Authorizer, ABadTokenIsNeverTakenForNone) {
  const Authorizer open = open_authorizer();
  for (const char* bad : {"", "nonsense", "a.b.c"}) {
    const auto refused = open.subscriber(bad, kNow_s);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().denial, Denial::kInvalid) << bad;
  }
}

TEST(Authorizer, OnlyAHeaderThatSaysHs256AndNothingCriticalPasses) {
  for (const char* good :
       {R"({"alg":"HS256"})", R"({"typ":"JWT","alg":"HS256"})", R"({"typ":7,"alg":"HS256","kid":"x","jwk":{}})"}) {
    EXPECT_EQ(reason_of(publish_with("{}", good)), "granted") << good;
  }
  constexpr const char* kAlgorithm = "the token's alg is not HS256, the one that is accepted here";
  const struct {
    const char* header;
    const char* reason;
  } rows[] = {
      {R"({"alg":"none"})", kAlgorithm},
      {R"({"alg":"hs256"})", kAlgorithm},
      {R"({"alg":"HS512"})", kAlgorithm},
      {R"({"alg":"RS256"})", kAlgorithm},
      {R"({"alg":["HS256"]})", kAlgorithm},
      {R"({"alg":null})", kAlgorithm},
      {R"({})", kAlgorithm},
      {R"({"alg":"HS256","crit":["exp"],"exp":1})", "the token's header has crit, and no extension is understood here"},
      {R"({"alg":"HS256","crit":null})", "the token's header has crit, and no extension is understood here"},
      {R"({"alg":"HS256","alg":"none"})", "the token's header has a name twice in one object"},
      {R"({"alg":"none","\u0061lg":"HS256"})", "the token's header has a name twice in one object"},
      {R"(["HS256"])", "the token's header is not a JSON object"},
      {R"({"alg":"HS256"}x)", "the token's header is not JSON"},
      {"", "the token's header is not JSON"},
  };
  for (const auto& row : rows) EXPECT_EQ(reason_of(publish_with("{}", row.header)), row.reason) << row.header;
}

TEST(Authorizer, AnUnsignedTokenIsRefused) {
  const std::string none = "eyJhbGciOiJub25lIn0.e30.";  // {"alg":"none"}, {}
  EXPECT_EQ(reason_of(authorizer().publisher(none, kNow_s)),
            "the token's alg is not HS256, the one that is accepted here");
  const std::string stripped = "eyJhbGciOiJIUzI1NiJ9.e30.";  // {"alg":"HS256"}, {}
  EXPECT_EQ(reason_of(authorizer().publisher(stripped, kNow_s)), "the token's signature is wrong");
}

TEST(Authorizer, ATamperedTokenIsRefused) {
  const std::string token = make_token("publisher secret", {.publish = {"*"}, .subscribe = {}, .expires_at_s = {}});
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(authorizer().publisher(changed, kNow_s)) << i;
  }
}

TEST(Authorizer, ATokenCountsFromNbfUntilExp) {
  const struct {
    const char* payload;
    const char* reason;
  } rows[] = {
      {R"({"exp":1795251601})", "granted"},
      {R"({"exp":1795251600})", "the token expired 0 s ago"},
      {R"({"exp":1795251600.9})", "the token expired 0 s ago"},
      {R"({"exp":0})", "the token expired 1795251600 s ago"},
      {R"({"exp":-0.5})", "the token expired 1795251601 s ago"},
      {R"({"exp":1e19})", "granted"},
      {R"({"exp":-5})", "the token expired 1795251605 s ago"},
      {R"({"exp":-1e300})", "the token expired 9223372038650027408 s ago"},
      {R"({"exp":1e300})", "granted"},
      {R"({"exp":18446744073709551615})", "granted"},
      {R"({"exp":1e999})", "the token's payload is not JSON"},
      {R"({"exp":"1795251601"})", "the token's claim exp is not a number"},
      {R"({"exp":null})", "the token's claim exp is not a number"},
      {R"({"exp":true})", "the token's claim exp is not a number"},
      {R"({"nbf":1795251600})", "granted"},
      {R"({"nbf":1795251601})", "the token is valid only in 1 s"},
      {R"({"nbf":951827696000})", "the token is valid only in 950032444400 s"},
      {R"({"nbf":[]})", "the token's claim nbf is not a number"},
      {R"({"iat":"yesterday","aud":7})", "granted"},
  };
  for (const auto& row : rows) EXPECT_EQ(reason_of(publish_with(row.payload)), row.reason) << row.payload;
}

TEST(Authorizer, GrantsAreTheListsOfTheClaimOrOfItsAlias) {
  const struct {
    const char* payload;
    Strings publish, subscribe;
  } rows[] = {
      {R"({})", {}, {}},
      {R"({"mercure":null})", {}, {}},
      {R"({"mercure":{}})", {}, {}},
      {R"({"mercure":{"publish":[],"subscribe":null}})", {}, {}},
      {R"({"mercure":{"publish":["a","b"],"payload":{"x":[1]}}})", {"a", "b"}, {}},
      {R"({"mercure":{"subscribe":["*"]}})", {}, {"*"}},
      {R"({"https://mercure.rocks/":{"publish":["a"]}})", {"a"}, {}},
      {R"({"https://mercure.rocks/":{"publish":["a"]},"mercure":{"publish":["b"],"subscribe":["c"]}})", {"a"}, {}},
      {R"({"https://mercure.rocks/":null,"mercure":{"publish":["b"]}})", {"b"}, {}},
  };
  for (const auto& row : rows) {
    const auto grants = publish_with(row.payload);
    ASSERT_TRUE(grants) << row.payload << reason_of(grants);
    EXPECT_EQ(grants->publish, row.publish) << row.payload;
    EXPECT_EQ(grants->subscribe, row.subscribe) << row.payload;
  }
}

TEST(Authorizer, AClaimOfTheWrongTypeIsRefused) {
  const struct {
    const char* payload;
    const char* reason;
  } rows[] = {
      {R"({"mercure":["*"]})", "the token's claim mercure is not an object"},
      {R"({"mercure":"*"})", "the token's claim mercure is not an object"},
      {R"({"mercure":{"publish":"*"}})", "the token's claim mercure.publish is not a list of strings"},
      {R"({"mercure":{"publish":{"0":"*"}}})", "the token's claim mercure.publish is not a list of strings"},
      {R"({"mercure":{"subscribe":["a",1]}})", "the token's claim mercure.subscribe is not a list of strings"},
      {R"({"mercure":{"subscribe":["a",null]}})", "the token's claim mercure.subscribe is not a list of strings"},
      {R"({"mercure":{"publish":[],"publish":["*"]}})", "the token's payload has a name twice in one object"},
      {R"({"a":[{"x":1},{"x":1}],"b":{"x":1}})", "granted"},
      {R"([])", "the token's payload is not a JSON object"},
      {"{\"mercure\":{\"publish\":[\"\xFF\"]}}", "the token's payload is not JSON"},
      {"", "the token's payload is not JSON"},
  };
  for (const auto& row : rows) EXPECT_EQ(reason_of(publish_with(row.payload)), row.reason) << row.payload;
}

TEST(Authorizer, LeewayMovesExpAndNbfAndTheEndOfTheStream) {
  AuthorizerOptions lenient = options();
  lenient.leeway_s = 30;
  const Authorizer with_leeway(std::move(lenient));
  const struct {
    const char* payload;
    const char* reason;
    std::optional<std::int64_t> expires_at_s;
  } rows[] = {
      {R"({"exp":1795251571})", "granted", kNow_s + 1},
      {R"({"exp":1795251570})", "the token expired 30 s ago", {}},
      {R"({"exp":1e300})", "granted", std::numeric_limits<std::int64_t>::max()},
      {R"({"exp":-1e300})", "the token expired 9223372038650027408 s ago", {}},
      {R"({"nbf":1795251630})", "granted", {}},
      {R"({"nbf":1795251631})", "the token is valid only in 31 s", {}},
      {R"({})", "granted", {}},
  };
  for (const auto& row : rows) {
    const auto grants = with_leeway.publisher(sign_jws(secret("publisher secret"), kHs256, row.payload), kNow_s);
    EXPECT_EQ(reason_of(grants), row.reason) << row.payload;
    EXPECT_EQ(grants ? grants->expires_at_s : std::nullopt, row.expires_at_s) << row.payload;
  }
}

TEST(Authorizer, OnlyTheKeysOfItsIssuerCountForAToken) {
  AuthorizerOptions several;
  several.issuers = {
      {.name = "https://a.example", .publisher_keys = secrets("a"), .subscriber_keys = {}},
      {.name = "https://b.example", .publisher_keys = secrets("b"), .subscriber_keys = secrets("b")},
  };
  constexpr const char* kGranted = "granted";
  constexpr const char* kUntrusted = "the token's iss is not one that is trusted here";
  constexpr const char* kWrong = "the token's signature is wrong";
  struct Row {
    const char* payload;
    const char* key;
    const char* reason;
  };
  const Row rows[] = {
      {R"({"iss":"https://a.example"})", "a", kGranted},
      {R"({"iss":"https://b.example"})", "b", kGranted},
      {R"({"iss":"https://a.example"})", "b", kWrong},
      {R"({"iss":"https://b.example"})", "a", kWrong},
      {R"({"iss":"https://a.example/"})", "a", kUntrusted},
      {R"({"iss":"HTTPS://a.example"})", "a", kUntrusted},
      {R"({"iss":"https://a.exampl"})", "a", kUntrusted},
      {R"({"iss":""})", "a", kUntrusted},
      {R"({"iss":null})", "a", kUntrusted},
      {R"({})", "a", kUntrusted},
      {R"({"iss":["https://a.example"]})", "a", "the token's claim iss is not a string"},
  };
  const Authorizer named(several);
  for (const auto& row : rows) {
    EXPECT_EQ(reason_of(named.publisher(sign_jws(secret(row.key), kHs256, row.payload), kNow_s)), row.reason)
        << row.payload << row.key;
  }
  EXPECT_EQ(reason_of(named.subscriber(sign_jws(secret("a"), kHs256, rows[0].payload), kNow_s)), kUntrusted);
  EXPECT_EQ(reason_of(named.subscriber(sign_jws(secret("b"), kHs256, rows[1].payload), kNow_s)), kGranted);

  several.issuers.push_back({.name = "", .publisher_keys = secrets("any"), .subscriber_keys = {}});
  const Authorizer with_any(several);
  const Row more[] = {
      {R"({})", "any", kGranted},
      {R"({"iss":"https://c.example"})", "any", kGranted},
      {R"({"iss":"https://a.example"})", "any", kWrong},
      {R"({"iss":"https://a.example"})", "a", kGranted},
      {R"({})", "a", kWrong},
  };
  for (const auto& row : more) {
    EXPECT_EQ(reason_of(with_any.publisher(sign_jws(secret(row.key), kHs256, row.payload), kNow_s)), row.reason)
        << row.payload << row.key;
  }
}

// RFC 8725 section 2.1: a public key as the secret of an HMAC, and a header that asks for it.
TEST(Authorizer, APublicKeyIsNoSecret) {
  AuthorizerOptions made;
  made.issuers = {
      {.name = "", .publisher_keys = KeySet({Key::from_pem(kRsaPublicPem, {}).value()}), .subscriber_keys = {}}};
  const Authorizer with_public_key(std::move(made));
  const std::string forged = sign_jws(secret(kRsaPublicPem), kHs256, R"({"mercure":{"publish":["*"]}})");
  EXPECT_EQ(reason_of(with_public_key.publisher(forged, kNow_s)),
            "the token's alg is not RS256, the one that is accepted here");
  const std::string relabelled = sign_jws(secret(kRsaPublicPem), R"({"alg":"RS256"})", "{}");
  EXPECT_EQ(reason_of(with_public_key.publisher(relabelled, kNow_s)), "the token's signature is wrong");
}

TEST(Authorizer, ATokenOfEveryTypeOfKeyGrants) {
  const std::pair<std::string_view, std::string_view> pairs[] = {{kP256PublicPem, kP256PrivatePem},
                                                                 {kP384PublicPem, kP384PrivatePem},
                                                                 {kP521PublicPem, kP521PrivatePem},
                                                                 {kEd25519PublicPem, kEd25519PrivatePem}};
  for (const auto& [public_pem, private_pem] : pairs) {
    AuthorizerOptions made;
    made.issuers = {
        {.name = "", .publisher_keys = KeySet({Key::from_pem(public_pem, {}).value()}), .subscriber_keys = {}}};
    const std::string token =
        make_token(Key::from_pem(private_pem, {}).value(), {.publish = {"*"}, .subscribe = {}, .expires_at_s = {}});
    const auto grants = Authorizer(std::move(made)).publisher(token, kNow_s);
    ASSERT_TRUE(grants) << reason_of(grants);
    EXPECT_EQ(grants->publish, Strings{"*"});
  }
}

TEST(Authorizer, AMadeTokenCarriesItsKeysNameAndAPayload) {
  const Key key = secret("publisher secret").named("k\"1");
  const auto token = make_token(key, Grants{}, R"({"name":"Ann"})");
  ASSERT_TRUE(token);
  const auto jws = decode_jws(*token);
  EXPECT_EQ(jws->header, R"({"alg":"HS256","kid":"k\"1","typ":"JWT"})");
  EXPECT_EQ(jws->payload, R"({"mercure":{"payload":{"name":"Ann"},"publish":[],"subscribe":[]}})");
  EXPECT_TRUE(authorizer().publisher(*token, kNow_s));
  EXPECT_FALSE(make_token(key, Grants{}, "{"));
}

TEST(Authorizer, DepthAndSizeAreBounded) {
  const auto nested = [](std::size_t depth) {
    return R"({"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(reason_of(publish_with(nested(kTokenDepthMax))), "granted");
  EXPECT_EQ(reason_of(publish_with(nested(kTokenDepthMax + 1))), "the token's payload is nested too deeply");
  EXPECT_EQ(reason_of(publish_with(nested(2800))), "the token's payload is nested too deeply");
  EXPECT_EQ(reason_of(publish_with(R"({"x":")" + std::string(8000, 'x') + "\"}")),
            "the token is longer than 8192 bytes");
}

}  // namespace
}  // namespace fanfare
