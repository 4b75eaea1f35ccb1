#include "fanfare/cli/reference_hub.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/base/time_text.h"
#include "fanfare/cli/caddyfile.h"
#include "fanfare/cli/suggest.h"

namespace fanfare::cli {
namespace {

constexpr std::string_view kDirectives = "MERCURE_EXTRA_DIRECTIVES";
constexpr std::string_view kServerName = "SERVER_NAME";
constexpr std::string_view kCookieName = "mercureAuthorization";

struct VariableOfSetting {
  std::string_view variable;
  std::string_view setting;
};
constexpr std::array kVariables = {
    VariableOfSetting{"MERCURE_PUBLISHER_JWT_KEY", "publisher-key"},
    VariableOfSetting{"MERCURE_PUBLISHER_JWT_ALG", "publisher-alg"},
    VariableOfSetting{"MERCURE_SUBSCRIBER_JWT_KEY", "subscriber-key"},
    VariableOfSetting{"MERCURE_SUBSCRIBER_JWT_ALG", "subscriber-alg"},
};

struct WithoutEffect {
  std::string_view name;
  std::string_view advice;
};
constexpr std::string_view kOwnLog =
    "the event log is Fanfare's own: --data DIR keeps it on disk, --log memory in memory, and limits bound it";
constexpr std::string_view kOfTheProxy = "it is for the web server inside the reference hub, which Fanfare has not";
constexpr std::array kVariablesWithoutEffect = {
    WithoutEffect{"MERCURE_TRANSPORT_URL", kOwnLog},
    WithoutEffect{"MERCURE_TRUSTED_ISSUERS", "tokens are checked with --publisher-key and --subscriber-key alone"},
    WithoutEffect{"MERCURE_LICENSE", "Fanfare needs none"},
    WithoutEffect{"GLOBAL_OPTIONS", kOfTheProxy},
    WithoutEffect{"CADDY_EXTRA_CONFIG", kOfTheProxy},
    WithoutEffect{"CADDY_SERVER_EXTRA_DIRECTIVES", kOfTheProxy},
};
constexpr std::array kDirectivesWithoutEffect = {
    WithoutEffect{"transport", kOwnLog},
    WithoutEffect{"transport_url", kOwnLog},
    WithoutEffect{"dispatch_timeout", "no subscriber holds up another, so nothing has to time out"},
    WithoutEffect{"write_timeout",
                  "no stream is ended for its age; the limit unacknowledged_ms ends those of dead peers"},
    WithoutEffect{"ui", "there is a console at /"},
    WithoutEffect{"debugger", "there is a console at /"},
    WithoutEffect{"demo", "there is a console at /; `fanfare token` makes tokens"},
    WithoutEffect{"playground", "there is a console at /; `fanfare token` makes tokens"},
    WithoutEffect{"name", "there is one hub"},
    WithoutEffect{"public_urls", "the hub is found by its path"},
    WithoutEffect{"resource_identifier", "tokens are not checked for whom they are"},
    WithoutEffect{"topic_matcher_cache", "the limit topic_cache_bytes_max bounds what is remembered of topics"},
    WithoutEffect{"topic_selector_cache", "the limit topic_cache_bytes_max bounds what is remembered of topics"},
    WithoutEffect{"subscriber_list_cache_size", "there is no such cache"},
};

// "1048576", "1MiB", "1 MB": a whole number, and a unit by thousands or by 1024.
std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string unit;
  for (const char each : text.substr(static_cast<std::size_t>(end - text.data()))) {
    if (each != ' ') unit += each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  }
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr std::array kUnits = {Unit{"", 1},
                                 Unit{"b", 1},
                                 Unit{"k", 1000},
                                 Unit{"kb", 1000},
                                 Unit{"kib", 1024},
                                 Unit{"m", 1'000'000},
                                 Unit{"mb", 1'000'000},
                                 Unit{"mib", 1024 * 1024},
                                 Unit{"g", 1'000'000'000},
                                 Unit{"gb", 1'000'000'000},
                                 Unit{"gib", 1024ULL * 1024 * 1024}};
  const auto known = std::ranges::find(kUnits, unit, &Unit::name);
  if (known == kUnits.end() || number > std::numeric_limits<std::uint64_t>::max() / known->bytes) return std::nullopt;
  return number * known->bytes;
}

Origin from_variable(std::string_view name) {
  return {Origin::From::kEnvironment, std::string(name)};
}

// --- SERVER_NAME -------------------------------------------------------------------------------------------------

// Where a site of the reference hub is served, if that takes no TLS: ":80". Its host chooses among requests there, not
// among interfaces.
std::optional<std::string> address_of_site(std::string_view site) {
  constexpr std::string_view kHttp = "http://";
  const bool is_http = site.starts_with(kHttp);
  if (is_http) site.remove_prefix(kHttp.size());
  if (site.find('/') != site.npos) site = site.substr(0, site.find('/'));  // "https://…" is no port that is served
  const auto colon = site.rfind(':');
  const bool has_port = colon != site.npos && site.find(']', colon) == site.npos;
  const std::string_view host = site.substr(0, has_port ? colon : site.size());
  const std::string_view port = has_port ? site.substr(colon + 1) : "80";
  const bool is_number =
      !port.empty() && std::ranges::all_of(port, [](char each) { return each >= '0' && each <= '9'; });
  const bool is_plain = is_http || (has_port && (host.empty() ? port != "443" : port == "80"));
  if (!is_number || !is_plain) return std::nullopt;
  return ":" + std::string(port);
}

Result<void> read_server_name(const std::string& names, ReferenceHub& hub) {
  std::vector<std::string> addresses;
  std::string refused;
  for (const std::string& site : split_words(names, ", \t\r\n")) {
    const auto address = address_of_site(site);
    if (!address) {
      refused.append(refused.empty() ? "" : ", ").append(site);
    } else if (std::ranges::find(addresses, *address) == addresses.end()) {
      addresses.push_back(*address);
    }
  }
  const std::string needs_certificate =
      "'" + refused + "' needs a certificate, which Fanfare does not get by itself: give --tls-certificate and " +
      "--tls-listen, or put a proxy in front, ";
  if (addresses.empty()) {
    return fail("$SERVER_NAME: " + needs_certificate +
                "and set SERVER_NAME to ':80', or say where to listen with --listen");
  }
  if (!refused.empty()) hub.notices.push_back({std::string(kServerName), needs_certificate + "and leave it out here"});
  return hub.variables.give(*find_setting("listen"), std::move(addresses), from_variable(kServerName));
}

// --- Directives --------------------------------------------------------------------------------------------------

class DirectiveReader {
 public:
  DirectiveReader(const Environment& environment, ReferenceHub& hub) : environment_(environment), hub_(hub) {}

  Result<void> take(Directive directive);

 private:
  using Take = Result<void> (DirectiveReader::*)(const Directive&);
  struct Known {
    std::string_view name;
    Take take;
  };
  static std::span<const Known> known();

  Result<void> take_anonymous(const Directive& directive);
  Result<void> take_subscriptions(const Directive& directive);
  Result<void> take_cors_origins(const Directive& directive);
  Result<void> take_publish_origins(const Directive& directive);
  Result<void> take_heartbeat(const Directive& directive);
  Result<void> take_publisher_jwt(const Directive& directive);
  Result<void> take_subscriber_jwt(const Directive& directive);
  Result<void> take_jwks_url(const Directive& directive);
  Result<void> take_issuer(const Directive& directive);
  Result<void> take_body_size(const Directive& directive);
  Result<void> take_cookie_name(const Directive& directive);
  Result<void> take_version(const Directive& directive);

  Result<void> expand(Directive& directive) const;
  Result<void> give(const Directive& directive, std::string_view setting, std::vector<std::string> texts);
  Result<void> give_jwt(const Directive& directive, const std::string& role);
  void notice(const Directive& directive, std::string_view advice);
  std::unexpected<Error> wrong(const Directive& directive, const std::string& message) const;
  static std::string place_of(const Directive& directive) {
    return std::string(kDirectives) + " line " + std::to_string(directive.line);
  }
  static std::vector<std::string> arguments_of(const Directive& directive) {
    return {directive.words.begin() + 1, directive.words.end()};
  }

  const Environment& environment_;
  ReferenceHub& hub_;
};

std::span<const DirectiveReader::Known> DirectiveReader::known() {
  static constexpr std::array kKnown = {
      Known{"anonymous", &DirectiveReader::take_anonymous},
      Known{"subscriptions", &DirectiveReader::take_subscriptions},
      Known{"cors_origins", &DirectiveReader::take_cors_origins},
      Known{"publish_origins", &DirectiveReader::take_publish_origins},
      Known{"heartbeat", &DirectiveReader::take_heartbeat},
      Known{"publisher_jwt", &DirectiveReader::take_publisher_jwt},
      Known{"subscriber_jwt", &DirectiveReader::take_subscriber_jwt},
      Known{"publisher_jwks_url", &DirectiveReader::take_jwks_url},
      Known{"subscriber_jwks_url", &DirectiveReader::take_jwks_url},
      Known{"issuer", &DirectiveReader::take_issuer},
      Known{"max_request_body_size", &DirectiveReader::take_body_size},
      Known{"cookie_name", &DirectiveReader::take_cookie_name},
      Known{"protocol_version_compatibility", &DirectiveReader::take_version},
  };
  return kKnown;
}

Result<void> DirectiveReader::take(Directive directive) {
  if (auto expanded = expand(directive); !expanded) return expanded;
  const std::string& name = directive.words.front();
  const auto found = std::ranges::find(known(), name, &Known::name);
  if (found != known().end()) return (this->*found->take)(directive);
  const auto without = std::ranges::find(kDirectivesWithoutEffect, name, &WithoutEffect::name);
  if (without == kDirectivesWithoutEffect.end()) {
    std::vector<std::string> names;
    for (const Known& each : known()) names.emplace_back(each.name);
    for (const WithoutEffect& each : kDirectivesWithoutEffect) names.emplace_back(each.name);
    return fail("$" + place_of(directive) + ": unknown directive '" + name + "'; " + suggestion(name, names));
  }
  notice(directive, without->advice);
  return {};
}

// Placeholders, {env.NAME}, are replaced; what else looks like one is not understood.
Result<void> DirectiveReader::expand(Directive& directive) const {
  constexpr std::string_view kBegin = "{env.";
  for (std::string& word : directive.words) {
    for (auto at = word.find(kBegin); at != word.npos; at = word.find(kBegin, at)) {
      const auto end = word.find('}', at);
      if (end == word.npos) break;
      const auto name = at + kBegin.size();
      const std::string value = value_in(environment_, std::string_view(word).substr(name, end - name));
      word.replace(at, end + 1 - at, value);
      at += value.size();
    }
    const bool is_placeholder = word.starts_with('{') && word.ends_with('}') && word.find('"') == word.npos;
    if (is_placeholder) {
      return wrong(directive, "Fanfare knows the placeholder {env.NAME} only, not '" + word + "'");
    }
  }
  return {};
}

std::unexpected<Error> DirectiveReader::wrong(const Directive& directive, const std::string& message) const {
  return fail("$" + place_of(directive) + ": " + directive.words.front() + ": " + message);
}

void DirectiveReader::notice(const Directive& directive, std::string_view advice) {
  hub_.notices.push_back({place_of(directive) + ": " + directive.words.front(), std::string(advice)});
}

Result<void> DirectiveReader::give(const Directive& directive, std::string_view setting,
                                   std::vector<std::string> texts) {
  return hub_.directives.give(*find_setting(setting), std::move(texts), from_variable(place_of(directive)));
}

Result<void> DirectiveReader::take_anonymous(const Directive& directive) {
  return give(directive, "anonymous", {"true"});
}

Result<void> DirectiveReader::take_subscriptions(const Directive& directive) {
  return give(directive, "subscriptions", {"true"});
}

Result<void> DirectiveReader::take_cors_origins(const Directive& directive) {
  if (directive.words.size() < 2) return wrong(directive, "name an origin: https://app.example, or * for all");
  return give(directive, "cors-origin", arguments_of(directive));
}

Result<void> DirectiveReader::take_publish_origins(const Directive& directive) {
  if (directive.words.size() < 2) return wrong(directive, "name an origin: https://app.example");
  std::vector<std::string> origins = arguments_of(directive);
  if (std::erase(origins, "*") > 0) {
    notice(directive,
           "'*' is left out: any page could publish with its visitor's cookie. Name the origins that may; what comes "
           "with a token in the Authorization header needs none");
  }
  return give(directive, "publish-origin", std::move(origins));
}

Result<void> DirectiveReader::take_heartbeat(const Directive& directive) {
  const std::string text = directive.words.size() == 2 ? directive.words[1] : "";
  const auto interval_ms = parse_duration_ms(text);
  if (text != "0" && !interval_ms) return wrong(directive, "it takes a duration such as 40s, not '" + text + "'");
  if (text == "0" || *interval_ms == 0) {
    notice(directive, "streams always have a heartbeat: the limit heartbeat_ms stays as it is");
    return {};
  }
  return hub_.directives.give_limit("heartbeat_ms", std::to_string(*interval_ms), from_variable(place_of(directive)));
}

Result<void> DirectiveReader::give_jwt(const Directive& directive, const std::string& role) {
  const auto& words = directive.words;
  if (words.size() < 2 || words[1].empty()) return wrong(directive, "the key is missing");
  if (words.size() > 3) return wrong(directive, "it takes a key and an algorithm; a key with spaces stands in quotes");
  if (auto given = give(directive, role + "-key", {words[1]}); !given) return given;
  const bool has_algorithm = words.size() == 3 && !words[2].empty();
  return has_algorithm ? give(directive, role + "-alg", {words[2]}) : Result<void>();
}

Result<void> DirectiveReader::take_publisher_jwt(const Directive& directive) {
  return give_jwt(directive, "publisher");
}

Result<void> DirectiveReader::take_subscriber_jwt(const Directive& directive) {
  return give_jwt(directive, "subscriber");
}

Result<void> DirectiveReader::take_jwks_url(const Directive& directive) {
  const std::string role = directive.words.front().starts_with("publisher") ? "publisher" : "subscriber";
  if (directive.words.size() != 2 || directive.words[1].empty()) return wrong(directive, "it takes a URL");
  return give(directive, role + "-jwks-url", {directive.words[1]});
}

Result<void> DirectiveReader::take_issuer(const Directive& directive) {
  return wrong(directive,
               "Fanfare does not know this form: give the keys by publisher_jwt and subscriber_jwt, or by files");
}

Result<void> DirectiveReader::take_body_size(const Directive& directive) {
  const std::string text = directive.words.size() == 2 ? directive.words[1] : "";
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes == 0) return wrong(directive, "it takes a size such as 1MiB, not '" + text + "'");
  return hub_.directives.give_limit("request_body_bytes_max", std::to_string(*bytes),
                                    from_variable(place_of(directive)));
}

Result<void> DirectiveReader::take_cookie_name(const Directive& directive) {
  const std::string text = directive.words.size() == 2 ? directive.words[1] : "";
  if (text != kCookieName) notice(directive, "the cookie is always called mercureAuthorization");
  return {};
}

Result<void> DirectiveReader::take_version(const Directive& directive) {
  const std::string text = directive.words.size() == 2 ? directive.words[1] : "";
  if (text != "7" && text != "8") return wrong(directive, "the versions are 7 and 8, not '" + text + "'");
  if (text == "8") notice(directive, "Fanfare speaks version 7");
  return {};
}

Result<void> read_directives(const Environment& environment, ReferenceHub& hub) {
  auto directives = parse_directives(value_in(environment, kDirectives));
  if (!directives) return fail("$" + std::string(kDirectives) + " " + directives.error().message);
  DirectiveReader reader(environment, hub);
  for (Directive& each : *directives) {
    if (auto taken = reader.take(std::move(each)); !taken) return taken;
  }
  return {};
}

}  // namespace

Result<ReferenceHub> read_reference_hub(const Environment& environment, ServerName server_name) {
  ReferenceHub hub;
  for (const auto& [variable, setting] : kVariables) {
    const std::string value = value_in(environment, variable);
    if (value.empty()) continue;
    const auto given = hub.variables.give(*find_setting(setting), {value}, from_variable(variable));
    FANFARE_CHECK(given.has_value());  // any text but none is of their form
  }
  for (const auto& [variable, advice] : kVariablesWithoutEffect) {
    if (!value_in(environment, variable).empty()) hub.notices.push_back({std::string(variable), std::string(advice)});
  }
  const std::string names = value_in(environment, kServerName);
  if (!names.empty() && server_name == ServerName::kRead) {
    if (auto read = read_server_name(names, hub); !read) return std::unexpected(std::move(read.error()));
  }
  if (auto read = read_directives(environment, hub); !read) return std::unexpected(std::move(read.error()));
  return hub;
}

}  // namespace fanfare::cli
