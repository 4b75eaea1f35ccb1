#include "fanfare/cli/serve_config.h"

#include <array>
#include <charconv>
#include <ctime>
#include <memory>
#include <random>
#include <utility>

#include "fanfare/access/origins.h"
#include "fanfare/base/check.h"
#include "fanfare/base/limits.h"
#include "fanfare/cli/commands.h"
#include "fanfare/cli/config_file.h"
#include "fanfare/cli/file_text.h"
#include "fanfare/cli/history_rules.h"
#include "fanfare/cli/key_options.h"
#include "fanfare/cli/weak_keys.h"
#include "fanfare/net/ip_address.h"
#include "fanfare/server/policy.h"
#include "fanfare/server/server.h"

namespace fanfare::cli {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::string random_secret() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::random_device random;
  std::string secret;
  for (std::size_t i = 0; i < 2 * kSecretBytes; ++i) secret.push_back(kHex[random() % 16]);
  return secret;
}

// systemd's StateDirectory=, else where the XDG base directory specification has programs' state; empty if the
// environment names neither.
std::string state_directory(const Environment& environment) {
  std::string state = value_in(environment, "STATE_DIRECTORY");
  state = state.substr(0, state.find(':'));
  if (!state.empty()) return state;
  state = value_in(environment, "XDG_STATE_HOME");
  const std::string home = value_in(environment, "HOME");
  if (!state.starts_with('/')) state = home.empty() ? "" : home + "/.local/state";
  return state.empty() ? "" : state + "/fanfare";
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  FANFARE_CHECK(error == std::errc() && end == text.data() + text.size());  // Layer::give has seen to it
  return number;
}

// In place of what fetches, while nobody asks for a key.
class Unfetched final : public KeySource {
 public:
  std::shared_ptr<const KeySet> current() const override { return nullptr; }
  std::uint64_t version() const override { return 0; }
  Renewal renew(std::move_only_function<void()> /*done*/) override { return Renewal::kTooSoon; }
  KeySourceFigures figures() const override { return {}; }
};

std::shared_ptr<KeySource> make_unfetched(const jwks::JwksUrl& /*url*/, std::optional<Algorithm> /*wanted*/) {
  return std::make_shared<Unfetched>();
}

// As messages call it.
std::string name_in(const GivenByName& given, std::string_view setting) {
  const auto found = given.find(setting);
  return name_at(found == given.end() ? Origin{} : found->second.origin, setting);
}

// One reading, step by step; each fails with what is wrong.
class Reading {
 public:
  explicit Reading(const ServeArguments& arguments) : arguments_(arguments) {}

  Result<ServeConfig> read();

 private:
  Result<void> merge_sources();
  Result<void> add_defaults();
  Result<void> set_limits();
  Result<void> set_access();
  Result<IssuerOptions> issuer_of(const GivenByName& given, std::string name);
  Result<KeyOptions> key_options_of(const GivenByName& given, const std::string& role, const std::string& issuer);
  Result<void> check_strength(const KeySet& keys, const GivenByName& given, const std::string& role);
  Result<void> place_log();
  Result<void> set_rules();
  Result<void> set_addresses();
  Result<void> set_certificates();
  Result<void> set_server();

  const Layer& given() const { return config_.effective; }
  void give_default(std::string_view name, std::vector<std::string> texts, std::string reason = {});
  std::vector<std::string> list(std::string_view name) const;
  Result<void> check_lists() const;
  std::string named(std::string_view setting) const;

  const ServeArguments& arguments_;
  ServeConfig config_;
};

Result<ServeConfig> Reading::read() {
  using Step = Result<void> (Reading::*)();
  for (const Step step : {&Reading::merge_sources, &Reading::add_defaults, &Reading::set_limits, &Reading::set_access,
                          &Reading::place_log, &Reading::set_rules, &Reading::set_addresses, &Reading::set_certificates,
                          &Reading::set_server}) {
    if (auto done = (this->*step)(); !done) return std::unexpected(std::move(done.error()));
  }
  return std::move(config_);
}

Result<void> Reading::merge_sources() {
  const Environment& environment = arguments_.environment;
  auto variables = read_variables(environment);
  if (!variables) return std::unexpected(std::move(variables.error()));
  const auto is_given = [&](std::string_view name) {
    return arguments_.options.settings.contains(name) || variables->settings.contains(name);
  };
  const bool says_where = is_given("listen") || is_given("tls-listen");
  auto reference = read_reference_hub(environment, says_where ? ServerName::kIgnore : ServerName::kRead);
  if (!reference) return std::unexpected(std::move(reference.error()));
  const std::string path = arguments_.config.empty() ? value_in(environment, kConfigVariable) : arguments_.config;
  auto file = path.empty() ? Result<Layer>() : read_config_file(path);
  if (!file) return std::unexpected(std::move(file.error()));
  const std::array layers = {arguments_.options, std::move(*variables), std::move(reference->directives),
                             std::move(reference->variables), std::move(*file)};
  config_.effective = merged(layers);
  config_.notices = std::move(reference->notices);
  return {};
}

void Reading::give_default(std::string_view name, std::vector<std::string> texts, std::string reason) {
  if (given().settings.contains(name)) return;
  const auto done =
      config_.effective.give(*find_setting(name), std::move(texts), {Origin::From::kDefault, std::move(reason)});
  FANFARE_CHECK(done.has_value());
}

Result<void> Reading::add_defaults() {
  config_.server.development = given().is_on("dev");
  if (config_.server.development) {
    const bool is_off = given().settings.contains("anonymous") && !given().is_on("anonymous");
    if (is_off) return fail(named("anonymous") + " cannot be false with --dev, which lets anybody subscribe");
    give_default("anonymous", {"true"}, "for development");
    give_default("subscriptions", {"true"}, "for development");
  }
  for (const Setting& setting : settings()) {
    if (setting.kind == SettingKind::kSwitch) {
      give_default(setting.name, {"false"});
    } else if (!setting.fallback.empty()) {
      give_default(setting.name, {std::string(setting.fallback)});
    }
  }
  return {};
}

Result<void> Reading::place_log() {
  const bool has_log = given().settings.contains("log");
  if (has_log && given().settings.contains("data")) {
    return fail("give " + named("log") + " memory or " + named("data") + ", not both");
  }
  if (has_log || given().settings.contains("data")) return {};
  const std::string directory = state_directory(arguments_.environment);
  if (directory.empty()) return fail("where to keep the event log? Give --data DIR, or --log memory for none");
  give_default("data", {directory + "/log"});
  return {};
}

Result<void> Reading::set_limits() {
  Limits& limits = config_.server.limits;
  for (const LimitField& field : limit_fields()) {
    const auto found = given().limits.find(field.name);
    if (found == given().limits.end()) continue;
    limits.*(field.member) = number_of(found->second.texts.front());
    if (config_.log_is_in_memory() && field.name.starts_with("history_") && limits.*(field.member) != 0) {
      return fail("--log memory has no limit " + std::string(field.name) +
                  ": give memory_log_updates_max or memory_log_bytes_max, or --data DIR");
    }
  }
  return {};
}

std::string Reading::named(std::string_view setting) const {
  return name_in(given().settings, setting);
}

Result<void> Reading::set_access() {
  AuthorizerOptions& access = config_.server.access;
  access.anonymous = given().is_on("anonymous");
  access.leeway_s = static_cast<std::int64_t>(number_of(given().text("token-leeway")));
  auto unnamed = issuer_of(given().settings, "");
  if (!unnamed) return std::unexpected(std::move(unnamed.error()));
  auto& [name, publisher, subscriber] = *unnamed;
  if (config_.server.development && !publisher.names_any()) publisher.text = publisher.key = random_secret();
  if (config_.server.development && !subscriber.names_any() && subscriber.algorithm.empty()) subscriber = publisher;
  config_.issuers.push_back(std::move(*unnamed));
  for (const GivenIssuer& each : given().issuers) {
    auto issuer = issuer_of(each.keys, each.name.texts.front());
    if (!issuer) return std::unexpected(std::move(issuer.error()));
    config_.issuers.push_back(std::move(*issuer));
  }

  const auto issuers = make_issuers(config_.issuers, config_.server.limits, make_unfetched);
  if (!issuers) return std::unexpected(issuers.error());
  if (!has_publishers(*issuers)) {
    return fail(
        "nobody could publish: give --publisher-key (or $MERCURE_PUBLISHER_JWT_KEY), --publisher-key-file, "
        "--publisher-jwks-url, an [[issuer]] in the configuration file, or try --dev");
  }
  if (!has_subscribers(*issuers) && !access.anonymous) {
    return fail(
        "nobody could subscribe: give --subscriber-key (or $MERCURE_SUBSCRIBER_JWT_KEY), --subscriber-key-file, "
        "--subscriber-jwks-url, --anonymous, or several");
  }
  for (std::size_t i = 0; i < issuers->size(); ++i) {
    const GivenByName& keys = i == 0 ? given().settings : given().issuers[i - 1].keys;
    auto checked = check_strength((*issuers)[i].publisher_keys, keys, "publisher");
    if (checked) checked = check_strength((*issuers)[i].subscriber_keys, keys, "subscriber");
    if (!checked) return checked;
  }
  return {};
}

Result<IssuerOptions> Reading::issuer_of(const GivenByName& given, std::string name) {
  auto publisher = key_options_of(given, "publisher", name);
  if (!publisher) return std::unexpected(std::move(publisher.error()));
  auto subscriber = key_options_of(given, "subscriber", name);
  if (!subscriber) return std::unexpected(std::move(subscriber.error()));
  return IssuerOptions{std::move(name), std::move(*publisher), std::move(*subscriber)};
}

// role: "publisher" or "subscriber".
Result<KeyOptions> Reading::key_options_of(const GivenByName& given, const std::string& role,
                                           const std::string& issuer) {
  KeyOptions options{.key = text_of(given, role + "-key"),
                     .file = text_of(given, role + "-key-file"),
                     .algorithm = text_of(given, role + "-alg"),
                     .jwks_url = text_of(given, role + "-jwks-url"),
                     .key_name = name_in(given, role + "-key"),
                     .file_name = name_in(given, role + "-key-file"),
                     .algorithm_name = name_in(given, role + "-alg"),
                     .jwks_url_name = name_in(given, role + "-jwks-url")};
  auto text = read_key_text(options, config_.server.limits);
  if (!text) return std::unexpected(std::move(text.error()));
  const std::string setting = role + "-key-file";
  if (!options.file.empty())
    config_.file_texts.emplace(issuer.empty() ? setting : issuer_setting(issuer, setting), *text);
  options.text = std::move(*text);
  return options;
}

// given: what they were read from.
Result<void> Reading::check_strength(const KeySet& keys, const GivenByName& given, const std::string& role) {
  const bool is_file = given.contains(role + "-key-file");
  const std::string setting = role + (is_file ? "-key-file" : "-key");
  if (!given.contains(setting)) return {};  // a random one
  const std::string place = name_in(given, setting);
  const std::string known = well_known_fault(keys);
  const std::string too_short = short_fault(keys);
  if (!known.empty() && !config_.server.development) return fail(place + ": " + known);
  const bool is_allowed = config_.server.development || config_.effective.is_on("allow-weak-keys");
  if (!too_short.empty() && !is_allowed) {
    return fail(place + ": " + too_short + ", and --allow-weak-keys takes this one all the same");
  }
  for (const std::string& fault : {known, too_short}) {
    if (!fault.empty()) config_.weak_keys.push_back(std::string(place).append(": ").append(fault));
  }
  return {};
}

Result<void> Reading::set_rules() {
  const Limits& limits = config_.server.limits;
  const std::string path = given().text("history-rules");
  if (path.empty()) {
    config_.rules = std::make_shared<OneTopicRule>(TopicRule{.updates_max = limits.history_updates_per_topic_max});
    return {};
  }
  auto text = read_file(path, limits.rule_file_bytes_max, "rule_file_bytes_max");
  if (!text) return fail("cannot read the rules in '" + path + "': " + text.error().message);
  const LogPlace place = config_.log_is_in_memory() ? LogPlace::kMemory : LogPlace::kDisk;
  auto rules = parse_history_rules(*text, path, limits, place);
  if (!rules) return std::unexpected(std::move(rules.error()));
  config_.file_texts.emplace("history-rules", std::move(*text));
  config_.rules = std::move(*rules);
  return {};
}

std::vector<std::string> Reading::list(std::string_view name) const {
  const auto found = given().settings.find(name);
  return found == given().settings.end() ? std::vector<std::string>() : found->second.texts;
}

// In clear on a port of its own; with a certificate, and unless an address says otherwise, inside TLS only.
Result<void> Reading::set_addresses() {
  ServerOptions& server = config_.server;
  const bool has_certificate = given().settings.contains("tls-certificate") || given().is_on("tls-self-signed");
  if (has_certificate) {
    give_default("tls-listen", {"127.0.0.1:8443"}, "with a certificate");
  } else if (given().settings.contains("tls-listen")) {
    return fail(named("tls-listen") +
                " needs a certificate: give --tls-certificate and --tls-key, or --tls-self-signed");
  } else {
    give_default("listen", {"127.0.0.1:8080"});
  }
  server.listen = list("listen");
  server.tls_listen = list("tls-listen");
  if (server.listen.empty() && server.tls_listen.empty()) {
    return fail(named("listen") + " takes an address at least: \"127.0.0.1:8080\"");
  }
  for (const std::string_view name : {"listen", "tls-listen"}) {
    FixedOptions only;
    only.development = server.development;
    only.listen = list(name);
    if (const auto checked = Server::check_addresses(only); !checked) {
      return fail(named(name) + ": " + checked.error().message);
    }
  }
  return {};
}

Result<void> Reading::set_certificates() {
  ServerOptions& server = config_.server;
  const auto certificates = list("tls-certificate");
  const auto keys = list("tls-key");
  if (given().is_on("tls-self-signed")) {
    if (!certificates.empty()) {
      return fail("give " + named("tls-certificate") + " or " + named("tls-self-signed") + ", not both");
    }
    const std::string directory = state_directory(arguments_.environment);
    if (directory.empty()) return fail("where to keep the certificate? Set $STATE_DIRECTORY or $HOME");
    auto found = find_self_signed(directory + "/tls", names_of_this_machine(server.tls_listen), std::time(nullptr),
                                  server.limits);
    if (!found) return std::unexpected(std::move(found.error()));
    server.tls_identities = {found->identity};
    config_.self_signed = std::move(*found);
    return {};
  }
  if (!keys.empty() && keys.size() != certificates.size()) {
    return fail(named("tls-key") + " is given " + std::to_string(keys.size()) + " times, and a certificate " +
                std::to_string(certificates.size()) + " times: each key goes with the certificate at its place");
  }
  auto identities = read_identities(certificates, keys, server.limits);
  if (!identities) return fail("TLS: " + identities.error().message);
  std::string& text = config_.file_texts["tls-certificate"];
  for (const auto& each : *identities) text.append(each.certificate).append(each.key);
  server.tls_identities = std::move(*identities);
  return {};
}

Result<void> Reading::set_server() {
  ServerOptions& server = config_.server;
  if (const std::string threads = given().text("threads"); !threads.empty()) server.threads = number_of(threads);
  server.cors_origins = list("cors-origin");
  server.publish_origins = list("publish-origin");
  server.content_codings = list("content-coding");
  server.trusted_proxies = list("trusted-proxy");
  server.proxy_protocol = given().is_on("proxy-protocol");
  if (server.proxy_protocol && server.trusted_proxies.empty()) {
    return fail(named("proxy-protocol") + " needs --trusted-proxy: nobody else's header is believed");
  }
  if (auto checked = check_lists(); !checked) return checked;
  server.unknown_id = given().text("unknown-id") == "replay" ? UnknownId::kReplay : UnknownId::kLive;
  server.subscriptions = given().is_on("subscriptions");
  server.store_subscriptions = given().is_on("store-subscriptions");
  if (server.store_subscriptions && !server.subscriptions) {
    return fail(named("store-subscriptions") + " needs --subscriptions");
  }
  server.access_log = !given().is_on("no-access-log");
  server.version = kVersion;
  return Server::check(server);
}

// As the server would, and with the place of what is wrong.
Result<void> Reading::check_lists() const {
  const ServerOptions& server = config_.server;
  for (const auto& [name, texts] :
       {std::pair("cors-origin", &server.cors_origins), std::pair("publish-origin", &server.publish_origins)}) {
    if (const auto parsed = Origins::parse(*texts); !parsed) return fail(named(name) + ": " + parsed.error().message);
  }
  if (Origins::parse(server.publish_origins)->lists_all()) {
    return fail(named("publish-origin") + ": any page could publish with its visitor's cookie: name the origins that " +
                "may, instead of '*'");
  }
  if (const auto parsed = parse_codings(server.content_codings); !parsed) {
    return fail(named("content-coding") + ": " + parsed.error().message);
  }
  for (const auto& text : server.trusted_proxies) {
    if (const auto parsed = net::IpRange::parse(text); !parsed) {
      return fail(named("trusted-proxy") + ": " + parsed.error().message);
    }
  }
  return {};
}

}  // namespace

std::string issuer_setting(std::string_view issuer, std::string_view setting) {
  return "issuer '" + std::string(issuer) + "' " + std::string(setting);
}

ServerOptions server_options(const ServeConfig& config, const MakeSource& make_source) {
  auto issuers = make_issuers(config.issuers, config.server.limits, make_source);
  FANFARE_CHECK(issuers.has_value());  // it has been tried
  ServerOptions options = config.server;
  options.access.issuers = std::move(*issuers);
  return options;
}

Result<ServeConfig> read_serve_config(const ServeArguments& arguments) {
  return Reading(arguments).read();
}

}  // namespace fanfare::cli
