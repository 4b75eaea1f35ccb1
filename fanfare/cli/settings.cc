#include "fanfare/cli/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/base/limits.h"
#include "fanfare/cli/suggest.h"

namespace fanfare::cli {
namespace {

using Kind = SettingKind;

constexpr std::array<std::string_view, 1> kLogs = {"memory"};
constexpr std::array<std::string_view, 3> kDurabilities = {"fsync", "os", "memory"};
constexpr std::array<std::string_view, 2> kUnknownIds = {"live", "replay"};
constexpr std::array<std::string_view, 3> kLogFormats = {"auto", "text", "json"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warning", "error"};

constexpr std::uint64_t kLeewaySecondsMax = 600;
constexpr std::uint64_t kThreadsMax = 256;

constexpr std::string_view kAlgorithmHelp =
    "Its algorithm, if not the first of its type (HS256, RS256, that of the curve, EdDSA)";

constexpr std::array kSettings = {
    Setting{.name = "listen",
            .kind = Kind::kList,
            .value_name = "ADDR:PORT",
            .help = "Listen on ADDR:PORT; repeat for more (else 127.0.0.1:8080, unless there is a certificate)"},
    Setting{.name = "tls-listen",
            .kind = Kind::kList,
            .value_name = "ADDR:PORT",
            .help = "The same with TLS (else 127.0.0.1:8443, where there is a certificate)"},
    Setting{.name = "tls-certificate",
            .kind = Kind::kFiles,
            .value_name = "FILE",
            .help = "Certificate for TLS and those that lead to its authority (PEM); repeat for more names",
            .group = SettingGroup::kCertificate,
            .change = Change::kReload},
    Setting{.name = "tls-key",
            .kind = Kind::kFiles,
            .value_name = "FILE",
            .help = "Key of the certificate (PEM), unless it stands in the same file; repeat in the same order",
            .group = SettingGroup::kCertificate,
            .is_detail = true,
            .change = Change::kReload},
    Setting{.name = "tls-self-signed",
            .kind = Kind::kSwitch,
            .value_name = "",
            .help = "Make a certificate that nobody else has signed, keep it, and print its fingerprint",
            .group = SettingGroup::kCertificate,
            .change = Change::kReload},
    Setting{.name = "dev",
            .kind = Kind::kSwitch,
            .value_name = "",
            .help = "For development: loopback only, anybody may subscribe, publishing takes a printed token"},
    Setting{.name = "publisher-key",
            .kind = Kind::kSecret,
            .value_name = "KEY",
            .help = "Key of publishers' tokens: a secret, PEM, JWK or JWKS (or $MERCURE_PUBLISHER_JWT_KEY)",
            .group = SettingGroup::kPublisherKey,
            .change = Change::kReload},
    Setting{.name = "publisher-key-file",
            .kind = Kind::kFile,
            .value_name = "FILE",
            .help = "The same from a file",
            .group = SettingGroup::kPublisherKey,
            .change = Change::kReload},
    Setting{
        .name = "publisher-jwks-url",
        .kind = Kind::kText,
        .value_name = "URL",
        .help = "Where the keys of publishers' tokens are published as a JWKS (https; fetched again as they change)",
        .group = SettingGroup::kPublisherKey,
        .change = Change::kReload},
    Setting{.name = "publisher-alg",
            .kind = Kind::kText,
            .value_name = "ALG",
            .help = kAlgorithmHelp,
            .group = SettingGroup::kPublisherKey,
            .is_detail = true,
            .change = Change::kReload},
    Setting{.name = "subscriber-key",
            .kind = Kind::kSecret,
            .value_name = "KEY",
            .help = "Key of subscribers' tokens: a secret, PEM, JWK or JWKS (or $MERCURE_SUBSCRIBER_JWT_KEY)",
            .group = SettingGroup::kSubscriberKey,
            .change = Change::kReload},
    Setting{.name = "subscriber-key-file",
            .kind = Kind::kFile,
            .value_name = "FILE",
            .help = "The same from a file",
            .group = SettingGroup::kSubscriberKey,
            .change = Change::kReload},
    Setting{.name = "subscriber-jwks-url",
            .kind = Kind::kText,
            .value_name = "URL",
            .help = "The same of subscribers' tokens",
            .group = SettingGroup::kSubscriberKey,
            .change = Change::kReload},
    Setting{.name = "subscriber-alg",
            .kind = Kind::kText,
            .value_name = "ALG",
            .help = kAlgorithmHelp,
            .group = SettingGroup::kSubscriberKey,
            .is_detail = true,
            .change = Change::kReload},
    Setting{.name = "allow-weak-keys",
            .kind = Kind::kSwitch,
            .value_name = "",
            .help = "Take secrets that are shorter than their hash, which RFC 7518 forbids",
            .change = Change::kReload},
    Setting{.name = "token-leeway",
            .kind = Kind::kNumber,
            .value_name = "SECONDS",
            .help = "How far the clocks of those who make tokens may be off: their exp counts so much later, nbf "
                    "earlier",
            .fallback = "0",
            .most = kLeewaySecondsMax,
            .change = Change::kReload},
    Setting{.name = "anonymous",
            .kind = Kind::kSwitch,
            .value_name = "",
            .help = "Let anybody subscribe to public updates",
            .change = Change::kReload},
    Setting{.name = "subscriptions",
            .kind = Kind::kSwitch,
            .value_name = "",
            .help = "Tell those whose token grants it who subscribes to what, by updates and by requests"},
    Setting{.name = "store-subscriptions",
            .kind = Kind::kSwitch,
            .value_name = "",
            .help = "Keep those updates in the event log like all others, not only while they are recent"},
    Setting{.name = "cors-origin",
            .kind = Kind::kList,
            .value_name = "ORIGIN",
            .help = "Let pages of this origin use the hub; repeat for more; * without credentials",
            .change = Change::kReload},
    Setting{.name = "publish-origin",
            .kind = Kind::kList,
            .value_name = "ORIGIN",
            .help = "Let pages of this origin publish with their visitor's cookie; repeat for more",
            .change = Change::kReload},
    Setting{.name = "content-coding",
            .kind = Kind::kList,
            .value_name = "CODING",
            .help = "Compress event streams in this coding for those who accept it: zstd, br, gzip or deflate; repeat "
                    "for more, the preferred one first (else all four); identity: in none",
            .change = Change::kReload},
    Setting{.name = "trusted-proxy",
            .kind = Kind::kList,
            .value_name = "ADDR[/BITS]",
            .help = "Believe what this proxy says of its clients (X-Forwarded-For, else Forwarded); repeat for more",
            .change = Change::kReload},
    Setting{.name = "proxy-protocol",
            .kind = Kind::kSwitch,
            .value_name = "",
            .help = "Every connection begins with a PROXY header, version 2; only --trusted-proxy may connect"},
    Setting{.name = "data",
            .kind = Kind::kDirectory,
            .value_name = "DIR",
            .help = "Keep the event log in this directory (else $STATE_DIRECTORY/log, or ~/.local/state/fanfare/log)",
            .group = SettingGroup::kLog},
    Setting{.name = "log",
            .kind = Kind::kChoice,
            .value_name = "KIND",
            .help = "memory: keep the event log in memory only; it is gone with the process",
            .choices = kLogs,
            .group = SettingGroup::kLog},
    Setting{.name = "durability",
            .kind = Kind::kChoice,
            .value_name = "LEVEL",
            .help = "Answer publishers when the disk has the update (fsync: it survives the loss of power), the system "
                    "(os: the end of the process) or the process (memory: a clean stop)",
            .fallback = "fsync",
            .choices = kDurabilities},
    Setting{.name = "history-rules",
            .kind = Kind::kFile,
            .value_name = "FILE",
            .help = "What the event log keeps of some topics: rules with an age, a number, durable or not (TOML)"},
    Setting{.name = "unknown-id",
            .kind = Kind::kChoice,
            .value_name = "WHAT",
            .help = "What a subscriber gets whose Last-Event-ID is unknown: what comes (live), or all that is held "
                    "first (replay)",
            .fallback = "live",
            .choices = kUnknownIds},
    Setting{.name = "threads",
            .kind = Kind::kNumber,
            .value_name = "N",
            .help = "Threads that serve (else one for each core)",
            .least = 1,
            .most = kThreadsMax},
    Setting{.name = "limit",
            .kind = Kind::kLimits,
            .value_name = "NAME=VALUE",
            .help = "Set a limit; repeat for more (in the file: the table [limits])",
            .change = Change::kReload},
    Setting{.name = "log-format",
            .kind = Kind::kChoice,
            .value_name = "FORMAT",
            .help = "auto (text on a terminal, else JSON), text or json",
            .fallback = "auto",
            .choices = kLogFormats},
    Setting{.name = "log-level",
            .kind = Kind::kChoice,
            .value_name = "LEVEL",
            .help = "debug, info, warning or error",
            .fallback = "info",
            .choices = kLogLevels},
    Setting{.name = "no-access-log", .kind = Kind::kSwitch, .value_name = "", .help = "Write no line for each request"},
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const auto& word : words) {
    const bool is_last = &word == &words.back() && words.size() > 1;
    text.append(text.empty() ? "" : is_last ? " or " : ", ").append(word);
  }
  return text;
}

// What the setting takes instead; empty if the text is of its form.
std::string wanted_instead(const Setting& setting, const std::string& text) {
  switch (setting.kind) {
    case Kind::kSwitch:
      return text == "true" || text == "false" ? "" : "true or false";
    case Kind::kNumber: {
      const auto number = parse_number(text);
      if (number && *number >= setting.least && *number <= setting.most) return "";
      return "a whole number from " + std::to_string(setting.least) + " to " + std::to_string(setting.most);
    }
    case Kind::kChoice:
      return std::ranges::find(setting.choices, text) != setting.choices.end() ? "" : joined(setting.choices);
    default:
      return text.empty() ? "a value" : "";
  }
}

std::vector<std::string> limit_names() {
  std::vector<std::string> names;
  for (const LimitField& field : limit_fields()) names.emplace_back(field.name);
  return names;
}

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(kSettings, name, &Setting::name);
  return found == kSettings.end() ? nullptr : &*found;
}

bool is_about_keys(const Setting& setting) {
  return setting.group == SettingGroup::kPublisherKey || setting.group == SettingGroup::kSubscriberKey;
}

bool is_list(const Setting& setting) {
  return setting.kind == Kind::kList || setting.kind == Kind::kFiles || setting.kind == Kind::kLimits;
}

std::string variable_of(const Setting& setting) {
  std::string variable = "FANFARE_";
  for (const char each : setting.name) {
    const bool is_letter = each >= 'a' && each <= 'z';
    variable += is_letter ? static_cast<char>(each - 'a' + 'A') : '_';
  }
  return variable;
}

std::string name_at(const Origin& origin, std::string_view setting) {
  switch (origin.from) {
    case Origin::From::kFile:
      return origin.place + ": " + std::string(setting);
    case Origin::From::kEnvironment:
      return "$" + origin.place;
    default:
      return "--" + std::string(setting);
  }
}

std::string comment_of(const Origin& origin) {
  switch (origin.from) {
    case Origin::From::kFile:
      return "file " + origin.place;
    case Origin::From::kEnvironment:
      return "environment " + origin.place;
    case Origin::From::kOption:
      return "flag";
    case Origin::From::kDefault:
      break;
  }
  return origin.place.empty() ? "default" : "default: " + origin.place;
}

Result<void> Layer::give(const Setting& setting, std::vector<std::string> texts, Origin origin) {
  if (setting.kind == Kind::kLimits) {
    for (const std::string& text : texts) {
      const auto equals = std::min(text.find('='), text.size());
      const auto value = std::string_view(text).substr(std::min(equals + 1, text.size()));
      if (auto given = give_limit(std::string_view(text).substr(0, equals), value, origin); !given) return given;
    }
    return {};
  }
  for (const std::string& text : texts) {
    const std::string wanted = wanted_instead(setting, text);
    if (wanted.empty()) continue;
    std::string message = name_at(origin, setting.name) + " takes " + wanted;
    if (setting.kind != Kind::kSecret) message.append(", not '").append(text).append("'");
    return fail(std::move(message));
  }
  this->settings.insert_or_assign(std::string(setting.name), Given{std::move(texts), std::move(origin)});
  return {};
}

Result<void> Layer::give_limit(std::string_view name, std::string_view value, Origin origin) {
  const std::string named = origin.from == Origin::From::kFile ? origin.place : name_at(origin, "limit");
  const std::vector<std::string> known = limit_names();
  if (std::ranges::find(known, name) == known.end()) {
    return fail(named + ": there is no limit named '" + std::string(name) + "'; " + suggestion(name, known));
  }
  if (!parse_number(value)) {
    return fail(named + ": " + std::string(name) + " takes a whole number, not '" + std::string(value) + "'");
  }
  limits.insert_or_assign(std::string(name), Given{{std::string(value)}, std::move(origin)});
  return {};
}

std::string text_of(const GivenByName& given, std::string_view name) {
  const auto found = given.find(name);
  return found == given.end() ? "" : found->second.texts.front();
}

std::string Layer::text(std::string_view name) const {
  return text_of(this->settings, name);
}

bool Layer::is_on(std::string_view name) const {
  return text(name) == "true";
}

Layer merged(std::span<const Layer> layers) {
  Layer result;
  std::set<SettingGroup> displaced;
  for (const Layer& layer : layers) {
    std::set<SettingGroup> said;
    for (const auto& [name, given] : layer.settings) {
      const Setting* setting = find_setting(name);
      FANFARE_CHECK(setting != nullptr);
      if (displaced.contains(setting->group)) continue;
      result.settings.emplace(name, given);
      if (setting->group != SettingGroup::kNone && !setting->is_detail) said.insert(setting->group);
    }
    displaced.merge(said);
    for (const auto& [name, given] : layer.limits) result.limits.emplace(name, given);
    result.issuers.insert(result.issuers.end(), layer.issuers.begin(), layer.issuers.end());
  }
  return result;
}

}  // namespace fanfare::cli
