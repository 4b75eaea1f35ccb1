// The first byte says what the rest is: a token, the claims of one that is signed, its header, or what is done to a
// good one. Nobody is let in without the secret, with an algorithm that is not its own, or with a token in which a byte
// is another; what is granted is granted again when it is written anew; and every refusal is one printable line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/jws.h"
#include "fanfare/access/jwt.h"
#include "fanfare/base/check.h"
#include "fanfare/base/utf8.h"

namespace fanfare {
namespace {

constexpr std::int64_t kNow_s = 1'795'251'600;

const Key& secret() {
  static const Key kKey = Key::from_secret("a secret of 32 bytes for fuzzing", Algorithm::kHs256).value();
  return kKey;
}

const Authorizer& authorizer() {
  static const Authorizer kAuthorizer(
      {.issuers = {{.name = "", .publisher_keys = KeySet({secret()}), .subscriber_keys = {}},
                   {.name = "empty", .publisher_keys = {}, .subscriber_keys = KeySet({secret()})}},
       .leeway_s = 7,
       .anonymous = true});
  return kAuthorizer;
}

std::expected<Grants, Denied> ask(std::string_view token) {
  auto granted = authorizer().publisher(token, kNow_s);
  if (granted) return granted;
  const std::string& reason = granted.error().reason;
  FANFARE_CHECK(granted.error().denial == Denial::kInvalid && !reason.empty() && is_valid_utf8(reason));
  FANFARE_CHECK(std::ranges::none_of(reason, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
  return granted;
}

bool is_same(const Grants& a, const Grants& b) {
  return a.publish == b.publish && a.subscribe == b.subscribe && a.expires_at_s == b.expires_at_s &&
         a.issuer == b.issuer && a.subject == b.subject;
}

// Expiry has the leeway added already: it must not get it twice.
void check_claims(std::string_view claims) {
  const auto granted = ask(sign_jws(secret(), R"({"alg":"HS256"})", claims));
  if (!granted) return;
  FANFARE_CHECK(parse_claims(claims).has_value());
  FANFARE_CHECK(!granted->expires_at_s || *granted->expires_at_s > kNow_s);
  Grants again = *granted;
  if (again.expires_at_s) *again.expires_at_s -= 7;
  const auto once_more = ask(make_token(secret(), again));
  FANFARE_CHECK(once_more.has_value() && is_same(*once_more, *granted));
}

void check_header(std::string_view header) {
  if (!ask(sign_jws(secret(), header, "{}"))) return;
  const auto parsed = parse_jws_header(header);
  FANFARE_CHECK(parsed && parsed->algorithm == "HS256");
}

// place: where the byte is changed; by: to what.
void check_damage(std::size_t place, char by) {
  static const std::string kGood = make_token(secret(), {.publish = {"a"}, .subscribe = {}, .expires_at_s = {}});
  FANFARE_CHECK(ask(kGood).has_value());
  std::string damaged = kGood;
  char& byte = damaged[place % damaged.size()];
  if (byte == by) return;
  byte = by;
  FANFARE_CHECK(!ask(damaged));
}

}  // namespace
}  // namespace fanfare

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      FANFARE_CHECK(!fanfare::ask(rest));
      break;
    case 1:
      fanfare::check_claims(rest);
      break;
    case 2:
      fanfare::check_header(rest);
      break;
    default:
      if (rest.size() >= 3) {
        fanfare::check_damage(static_cast<std::size_t>(data[1]) * 256 + data[2], rest[2]);
      }
  }
  return 0;
}
