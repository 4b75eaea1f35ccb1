#include "fanfare/access/jwt.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

namespace fanfare {
namespace {

using Json = nlohmann::json;

constexpr const char* kClaim = "mercure";
constexpr const char* kClaimAlias = "https://mercure.rocks/";

// part: "header" or "payload", for the messages.
Result<Json> parse_object(std::string_view text, const std::string& part) {
  std::vector<std::set<std::string>> names;  // of the objects that are open
  std::size_t depth = 0;
  bool too_deep = false;
  bool repeated = false;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) too_deep |= ++depth > kTokenDepthMax;
    if (event == Event::object_end || event == Event::array_end) --depth;
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key) repeated |= !names.back().insert(parsed.get<std::string>()).second;
    return true;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (json.is_discarded()) return fail("the token's " + part + " is not JSON");
  if (too_deep) return fail("the token's " + part + " is nested too deeply");
  if (repeated) return fail("the token's " + part + " has a name twice in one object");
  if (!json.is_object()) return fail("the token's " + part + " is not a JSON object");
  return json;
}

// The member of an object, or null.
const Json& member(const Json& object, const char* name) {
  static const Json kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

Result<std::vector<std::string>> selectors(const Json& claim, const char* name) {
  const Json& list = member(claim, name);
  if (list.is_null()) return {};
  const auto wrong = [&] {
    return fail(std::string("the token's claim mercure.") + name + " is not a list of strings");
  };
  if (!list.is_array()) return wrong();
  std::vector<std::string> strings;
  for (const Json& each : list) {
    if (!each.is_string()) return wrong();
    strings.push_back(each.get<std::string>());
  }
  return strings;
}

// A NumericDate (RFC 7519 section 2): whole seconds, rounded down; beyond 64 bits, the nearest that fits.
Result<std::optional<std::int64_t>> time_claim(const Json& claims, const char* name) {
  using Seconds = std::numeric_limits<std::int64_t>;
  const auto found = claims.find(name);
  if (found == claims.end()) return std::nullopt;
  if (!found->is_number()) return fail(std::string("the token's claim ") + name + " is not a number");
  if (found->is_number_unsigned()) {
    const auto seconds = found->get<std::uint64_t>();
    return std::in_range<std::int64_t>(seconds) ? static_cast<std::int64_t>(seconds) : Seconds::max();
  }
  if (found->is_number_integer()) return found->get<std::int64_t>();
  const double seconds = std::floor(found->get<double>());
  if (seconds >= 0x1p63) return Seconds::max();
  if (seconds < -0x1p63) return Seconds::min();
  return static_cast<std::int64_t>(seconds);
}

}  // namespace

Result<JwsHeader> parse_jws_header(std::string_view json) {
  const auto header = parse_object(json, "header");
  if (!header) return std::unexpected(header.error());
  if (header->contains("crit")) return fail("the token's header has crit, and no extension is understood here");
  JwsHeader result;
  if (const Json& algorithm = member(*header, "alg"); algorithm.is_string()) result.algorithm = algorithm;
  if (const Json& key_id = member(*header, "kid"); key_id.is_string()) result.key_id = key_id;
  return result;
}

Result<Claims> parse_claims(std::string_view json) {
  const auto claims = parse_object(json, "payload");
  if (!claims) return std::unexpected(claims.error());
  const auto expires_at_s = time_claim(*claims, "exp");
  if (!expires_at_s) return std::unexpected(expires_at_s.error());
  const auto not_before_s = time_claim(*claims, "nbf");
  if (!not_before_s) return std::unexpected(not_before_s.error());

  const Json& issuer = member(*claims, "iss");
  if (!issuer.is_null() && !issuer.is_string()) return fail("the token's claim iss is not a string");

  Claims result;
  result.grants.expires_at_s = *expires_at_s;
  result.not_before_s = *not_before_s;
  if (issuer.is_string()) result.issuer = issuer.get<std::string>();
  if (const Json& subject = member(*claims, "sub"); subject.is_string()) result.grants.subject = subject;
  const Json& alias = member(*claims, kClaimAlias);
  const Json& claim = alias.is_null() ? member(*claims, kClaim) : alias;
  if (claim.is_null()) return result;
  if (!claim.is_object()) return fail("the token's claim mercure is not an object");
  auto publish = selectors(claim, "publish");
  if (!publish) return std::unexpected(publish.error());
  auto subscribe = selectors(claim, "subscribe");
  if (!subscribe) return std::unexpected(subscribe.error());
  result.grants.publish = std::move(*publish);
  result.grants.subscribe = std::move(*subscribe);
  if (const Json& payload = member(claim, "payload"); !payload.is_null()) result.grants.payload = payload.dump();
  return result;
}

std::string write_jws_header(const Key& key) {
  Json header = {{"alg", facts_of(key.algorithm()).name}, {"typ", "JWT"}};
  if (!key.id().empty()) header["kid"] = key.id();
  return header.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> write_claims(const Grants& grants, std::string_view payload) {
  Json claim = {{"publish", grants.publish}, {"subscribe", grants.subscribe}};
  if (!payload.empty()) {
    claim["payload"] = Json::parse(payload, nullptr, /*allow_exceptions=*/false);
    if (claim["payload"].is_discarded()) return fail("the payload is not JSON");
  }
  Json claims = {{kClaim, std::move(claim)}};
  if (grants.expires_at_s) claims["exp"] = *grants.expires_at_s;
  if (!grants.issuer.empty()) claims["iss"] = grants.issuer;
  if (!grants.subject.empty()) claims["sub"] = grants.subject;
  return claims.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fanfare
