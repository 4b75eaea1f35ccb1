// What a token costs that is refused for its signature, by algorithm, beside one that is refused before its signature
// is looked at: what a flood of bad tokens takes from a hub. With N keys of one algorithm in a set, a token without a
// kid is tried with all of them.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/key_vectors.h"

namespace fanfare {
namespace {

constexpr std::int64_t kNow_s = 1'795'251'600;

// The token with the last byte of its claims' part changed: everything is right but the signature.
std::string with_bad_signature(std::string_view private_pem, std::string_view other_pem) {
  const auto made =
      make_token(Key::from_pem(private_pem, {}).value(), {.publish = {"a"}, .subscribe = {}, .expires_at_s = {}});
  const auto other =
      make_token(Key::from_pem(other_pem, {}).value(), {.publish = {"b"}, .subscribe = {}, .expires_at_s = {}});
  return made.substr(0, made.rfind('.')) + other.substr(other.rfind('.'));
}

void refuse(benchmark::State& state, const Authorizer& authorizer, const std::string& token) {
  for (auto _ : state) {
    const auto granted = authorizer.publisher(token, kNow_s);
    if (granted) state.SkipWithError("it is accepted");
    benchmark::DoNotOptimize(granted);
  }
}

Authorizer with_keys(const Key& key, std::int64_t count) {
  const std::vector<Key> keys(static_cast<std::size_t>(count), key);
  return Authorizer({.issuers = {{.name = "", .publisher_keys = KeySet(keys), .subscriber_keys = {}}}});
}

void OfTheWrongAlgorithm(benchmark::State& state) {
  refuse(state, with_keys(Key::from_pem(kP256PublicPem, {}).value(), 1), make_token("a secret", {}));
}
BENCHMARK(OfTheWrongAlgorithm);

void OfASecret(benchmark::State& state) {
  const auto key = Key::from_secret("one secret", Algorithm::kHs256).value();
  refuse(state, with_keys(key, state.range(0)), make_token("another", {}));
}
BENCHMARK(OfASecret)->Arg(1);

void OfEs256(benchmark::State& state) {
  const std::string token = with_bad_signature(kP256PrivatePem, kP256PrivatePem);
  refuse(state, with_keys(Key::from_pem(kP256PublicPem, {}).value(), state.range(0)), token);
}
BENCHMARK(OfEs256)->Arg(1)->Arg(10)->Arg(100);

void OfEs512(benchmark::State& state) {
  const std::string token = with_bad_signature(kP521PrivatePem, kP521PrivatePem);
  refuse(state, with_keys(Key::from_pem(kP521PublicPem, {}).value(), state.range(0)), token);
}
BENCHMARK(OfEs512)->Arg(1);

void OfEd25519(benchmark::State& state) {
  const std::string token = with_bad_signature(kEd25519PrivatePem, kEd25519PrivatePem);
  refuse(state, with_keys(Key::from_pem(kEd25519PublicPem, {}).value(), state.range(0)), token);
}
BENCHMARK(OfEd25519)->Arg(1);

// The vectors' RSA key is public: its token is signed by nobody.
void OfRs256(benchmark::State& state) {
  const std::string es256 = with_bad_signature(kP256PrivatePem, kP256PrivatePem);
  const std::string payload = es256.substr(es256.find('.'), es256.rfind('.') - es256.find('.'));
  const std::string token = "eyJhbGciOiJSUzI1NiJ9" + payload + "." + std::string(kRs256Signature);
  refuse(state, with_keys(Key::from_pem(kRsaPublicPem, {}).value(), state.range(0)), token);
}
BENCHMARK(OfRs256)->Arg(1)->Arg(10);

}  // namespace
}  // namespace fanfare
