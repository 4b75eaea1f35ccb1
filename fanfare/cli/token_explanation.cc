#include "fanfare/cli/token_explanation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/jws.h"
#include "fanfare/access/jwt.h"
#include "fanfare/base/time_text.h"
#include "fanfare/cli/printable.h"

namespace fanfare::cli {
namespace {

constexpr std::size_t kNameColumn = 12;
constexpr std::int64_t kShownSecondsMax = 253'402'300'799;  // the end of the year 9999, RFC 3339's last

void append_line(std::string& text, std::string name, std::string_view value) {
  name.resize(std::max(kNameColumn, name.size() + 1), ' ');
  text += name;
  append_printable(text, value);
  text += '\n';
}

// In at most two units: "1 h 5 min".
std::string words_of(std::uint64_t seconds) {
  static constexpr std::array<std::pair<const char*, std::uint64_t>, 4> kUnits = {
      {{"d", 86'400}, {"h", 3'600}, {"min", 60}, {"s", 1}}};
  std::string words;
  int shown = 0;
  for (const auto& [unit, length] : kUnits) {
    if (seconds < length || shown == 2) continue;
    words += (shown++ == 0 ? "" : " ") + std::to_string(seconds / length) + " " + unit;
    seconds %= length;
  }
  return shown == 0 ? "0 s" : words;
}

std::string time_in_words(std::int64_t time_s, std::int64_t now_s) {
  if (time_s < 0 || time_s > kShownSecondsMax) return "at " + std::to_string(time_s) + " (Unix time)";
  std::string time = format_rfc3339_ms(static_cast<std::uint64_t>(time_s) * 1000);
  time.replace(time.rfind('.'), std::string::npos, "Z");
  const bool is_past = time_s <= now_s;
  const auto between = static_cast<std::uint64_t>(is_past ? now_s - time_s : time_s - now_s);
  return time + (is_past ? ", " + words_of(between) + " ago" : ", in " + words_of(between));
}

void append_selectors(std::string& text, const char* name, const std::vector<std::string>& selectors,
                      const char* without) {
  if (selectors.empty()) append_line(text, name, without);
  for (const std::string& each : selectors) append_line(text, &each == &selectors.front() ? name : "", each);
}

void append_claims(std::string& text, const Claims& claims, std::int64_t now_s) {
  if (claims.issuer) append_line(text, "issuer", *claims.issuer);
  append_selectors(text, "publish", claims.grants.publish, "nothing: every update is refused");
  append_selectors(text, "subscribe", claims.grants.subscribe, "nothing private: public updates only");
  const auto& expires_at_s = claims.grants.expires_at_s;
  append_line(text, "expires", expires_at_s ? time_in_words(*expires_at_s, now_s) : "never");
  if (claims.not_before_s) append_line(text, "not before", time_in_words(*claims.not_before_s, now_s));
}

std::string signature_in_words(const CompactJws& jws, const JwsHeader& header, const KeySet& keys) {
  const auto verified = keys.verify(header.algorithm, header.key_id, jws.signed_part, jws.signature);
  return verified ? "good" : "not good: " + verified.error().message;
}

// Why the token is not in force, whoever signed it; empty if it is.
std::string time_fault(const Claims& claims, std::int64_t now_s) {
  if (claims.grants.expires_at_s && now_s >= *claims.grants.expires_at_s) return "it has expired";
  if (claims.not_before_s && now_s < *claims.not_before_s) return "its nbf is still to come";
  return {};
}

struct DecodedToken {
  CompactJws jws;
  JwsHeader header;
  Claims claims;
};

// Tells what it says. Nothing, with the reason in the text, for what is no token.
std::optional<DecodedToken> append_token(std::string& text, std::string_view token, std::int64_t now_s) {
  const auto refused = [&](const Error& why) {
    append_line(text, "refused", why.message);
    return std::nullopt;
  };
  auto jws = decode_jws(token);
  if (!jws) return refused(jws.error());
  append_line(text, "header", jws->header);
  append_line(text, "payload", jws->payload);
  auto header = parse_jws_header(jws->header);
  if (!header) return refused(header.error());
  auto claims = parse_claims(jws->payload);
  if (!claims) return refused(claims.error());
  append_claims(text, *claims, now_s);
  return DecodedToken{std::move(*jws), std::move(*header), std::move(*claims)};
}

}  // namespace

Explanation explain_token(std::string_view token, std::span<const NamedKeys> keys, std::int64_t now_s) {
  Explanation made{"", Verdict::kRefused};
  const auto refused = [&](const std::string& why) {
    append_line(made.text, "refused", why);
    return made;
  };
  const auto decoded = append_token(made.text, token, now_s);
  if (!decoded) return made;
  const auto& [jws, header, claims] = *decoded;
  if (keys.empty()) {
    append_line(made.text, "signature", "not checked: no key was given");
    if (const std::string fault = time_fault(claims, now_s); !fault.empty()) return refused(fault);
    if (!find_algorithm(header.algorithm)) return refused("its alg is no algorithm that is known here");
    made.verdict = Verdict::kAccepted;
  }
  for (const NamedKeys& each : keys) {
    append_line(made.text, "key", each.name);
    append_line(made.text, "  signature", signature_in_words(jws, header, each.keys));
    AuthorizerOptions options;
    options.issuers = {{.name = "", .publisher_keys = each.keys, .subscriber_keys = {}}};
    const auto granted = Authorizer(std::move(options)).publisher(token, now_s);
    append_line(made.text, "  token", granted ? "accepted" : "refused: " + granted.error().reason);
    if (granted) made.verdict = Verdict::kAccepted;
  }
  return made;
}

Explanation explain_answers(std::string_view token, const HubAnswers& answers, std::int64_t now_s) {
  Explanation made{"", Verdict::kRefused};
  if (!append_token(made.text, token, now_s)) return made;
  append_line(made.text, "hub", answers.hub);
  for (const auto& [role, refusal] :
       {std::pair("  publishing", &answers.publishing), std::pair("  subscribing", &answers.subscribing)}) {
    append_line(made.text, role, *refusal ? "refused: " + **refusal : "accepted");
    if (!*refusal) made.verdict = Verdict::kAccepted;
  }
  return made;
}

}  // namespace fanfare::cli
