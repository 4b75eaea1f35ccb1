// `fanfare serve`: its options, and the parts of a running hub.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/limits.h"
#include "fanfare/cli/commands.h"
#include "fanfare/cli/history_rules.h"
#include "fanfare/cli/issuers.h"
#include "fanfare/cli/key_options.h"
#include "fanfare/cli/printable.h"
#include "fanfare/history/memory_log.h"
#include "fanfare/history_rocksdb/rocksdb_log.h"
#include "fanfare/observe/log.h"
#include "fanfare/server/routes.h"
#include "fanfare/server/server.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Serves until SIGTERM or SIGINT: then it takes no new streams, tells the open ones
when to come back, ends them, and exits within the limit drain_ms. A second
signal ends it at once.

Examples:
  fanfare serve --dev
  fanfare serve --listen :8080 --publisher-key "$KEY" --anonymous --data /var/lib/fanfare
  fanfare serve --listen :8080 --publisher-key-file public.pem --subscriber-key-file jwks.json
  fanfare serve --listen :8080 --publisher-jwks-url https://id.example/jwks --anonymous
  fanfare serve --dev --data log --history-rules rules.toml
  fanfare serve --dev --log memory
  fanfare serve --listen [::1]:8080 --dev --limit heartbeat_ms=5000)";

constexpr std::size_t kSecretBytes = 32;  // RFC 7518 section 3.2: as long as the hash
constexpr int kLeewaySecondsMax = 600;

struct Parsed {
  ServerOptions options;
  KeyOptions publisher_key;
  KeyOptions subscriber_key;
  std::vector<std::string> listen;
  std::vector<std::string> limits;
  std::string log;
  std::string directory;
  std::string durability = "fsync";
  std::optional<std::string> history_rules;
  std::string unknown_id = "live";
  std::string log_format = "auto";
  std::string log_level = "info";
  bool no_access_log = false;
};

ExitCode usage_error(const std::string& message) {
  std::fprintf(stderr, "fanfare serve: %s\n", printable(message).c_str());
  return ExitCode::kUsage;
}

std::string random_secret() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::random_device random;
  std::string secret;
  for (std::size_t i = 0; i < 2 * kSecretBytes; ++i) secret.push_back(kHex[random() % 16]);
  return secret;
}

// systemd's StateDirectory=, else where the XDG base directory specification has programs' state; empty if the
// environment names neither.
std::string default_log_directory() {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  std::string state = environment("STATE_DIRECTORY");
  state = state.substr(0, state.find(':'));
  if (!state.empty()) return state + "/log";
  state = environment("XDG_STATE_HOME");
  if (!state.starts_with('/')) state = environment("HOME").empty() ? "" : environment("HOME") + "/.local/state";
  return state.empty() ? "" : state + "/fanfare/log";
}

// Why a limit would bound nothing; empty if none.
std::string limit_without_effect(const Parsed& parsed) {
  if (parsed.log != "memory") return {};
  for (const auto& field : limit_fields()) {
    if (!field.name.starts_with("history_") || parsed.options.limits.*(field.member) == 0) continue;
    return "--log memory has no limit " + std::string(field.name) +
           ": give memory_log_updates_max or memory_log_bytes_max, or --data DIR";
  }
  return {};
}

// Why the options let nobody in, or name keys that cannot be used; empty if they are right.
std::string complete_access(Parsed& parsed, const MakeSource& make_source) {
  AuthorizerOptions& access = parsed.options.access;
  if (parsed.options.development) {
    access.anonymous = true;
    if (!parsed.publisher_key.names_any()) parsed.publisher_key.key = random_secret();
  }
  const IssuerOptions own = {.name = "", .publisher = parsed.publisher_key, .subscriber = parsed.subscriber_key};
  auto issuers = make_issuers({own}, parsed.options.limits, make_source);
  if (!issuers) return issuers.error().message;
  if (parsed.options.development && !has_subscribers(*issuers)) {
    issuers->front().subscriber_keys = issuers->front().publisher_keys;
    issuers->front().subscriber_source = issuers->front().publisher_source;
  }
  if (!has_publishers(*issuers)) {
    return "nobody could publish: give --publisher-key (or $MERCURE_PUBLISHER_JWT_KEY), --publisher-key-file, "
           "--publisher-jwks-url, or try --dev";
  }
  if (!has_subscribers(*issuers) && !access.anonymous) {
    return "nobody could subscribe: give --subscriber-key (or $MERCURE_SUBSCRIBER_JWT_KEY), --subscriber-key-file, "
           "--subscriber-jwks-url, --anonymous, or several";
  }
  access.issuers = std::move(*issuers);
  return {};
}

// Why the options do not make a server; empty if they do.
std::string complete(Parsed& parsed, Log& log) {
  ServerOptions& options = parsed.options;
  if (!parsed.listen.empty()) options.listen = parsed.listen;
  options.access_log = !parsed.no_access_log;
  if (options.development) options.subscriptions = true;
  if (options.store_subscriptions && !options.subscriptions) return "--store-subscriptions needs --subscriptions";
  options.version = kVersion;
  options.unknown_id = parsed.unknown_id == "replay" ? UnknownId::kReplay : UnknownId::kLive;
  if (parsed.log == "memory" && !parsed.directory.empty()) return "give --log memory or --data, not both";
  for (const auto& assignment : parsed.limits) {
    if (auto set = set_limit(options.limits, assignment); !set) return set.error().message;
  }
  if (auto wrong = limit_without_effect(parsed); !wrong.empty()) return wrong;
  const auto make_source = make_fetching_source(options.limits, log);
  if (auto wrong = complete_access(parsed, make_source); !wrong.empty()) return wrong;
  if (parsed.log.empty() && parsed.directory.empty()) {
    parsed.directory = default_log_directory();
    if (parsed.directory.empty()) return "where to keep the event log? Give --data DIR, or --log memory for none";
  }
  return {};
}

Log make_log(const Parsed& parsed) {
  const LogFormat format = parsed.log_format == "text"   ? LogFormat::kText
                           : parsed.log_format == "json" ? LogFormat::kJson
                                                         : LogFormat::kAuto;
  const LogLevel level = parsed.log_level == "debug"     ? LogLevel::kDebug
                         : parsed.log_level == "warning" ? LogLevel::kWarning
                         : parsed.log_level == "error"   ? LogLevel::kError
                                                         : LogLevel::kInfo;
  return Log(format, level);
}

Result<TopicRulesPtr> make_rules(const Parsed& parsed) {
  const Limits& limits = parsed.options.limits;
  if (!parsed.history_rules) {
    return std::make_shared<OneTopicRule>(TopicRule{.updates_max = limits.history_updates_per_topic_max});
  }
  const LogPlace place = parsed.directory.empty() ? LogPlace::kMemory : LogPlace::kDisk;
  return read_history_rules(*parsed.history_rules, limits, place);
}

Result<std::unique_ptr<EventLog>> open_history(const Parsed& parsed, Log& log) {
  auto rules = make_rules(parsed);
  if (!rules) return std::unexpected(std::move(rules.error()));
  // No topic is durable in memory, and a rule that asks for more than that is refused.
  if (parsed.directory.empty()) return std::make_unique<MemoryLog>(parsed.options.limits);
  RocksDbLogOptions options;
  options.directory = parsed.directory;
  options.durability = parsed.durability == "os"       ? Durability::kOs
                       : parsed.durability == "memory" ? Durability::kMemory
                                                       : Durability::kFsync;
  const Limits& limits = parsed.options.limits;
  options.retention.age_ms_max = limits.history_age_ms_max;
  options.retention.bytes_max = limits.history_bytes_max;
  options.retention.updates_max = limits.history_updates_max;
  options.topic_rules = std::move(*rules);
  options.retention.check_ms = limits.durable_log_check_ms;
  options.append_queue_bytes_max = limits.durable_log_append_queue_bytes_max;
  options.commit_bytes_max = limits.durable_log_commit_bytes_max;
  options.tail_bytes_max = limits.durable_log_tail_bytes_max;
  options.cache_bytes_max = limits.durable_log_cache_bytes_max;
  options.reading_threads = limits.durable_log_reading_threads;
  options.free_bytes_min = limits.durable_log_free_bytes_min;
  options.log = &log;
  return open_rocksdb_log(std::move(options));
}

// The first key that tokens for publishing can be made with; none if the hub was given public keys.
const Key* signing_key(const AuthorizerOptions& access) {
  const auto keys = access.issuers.front().publisher_keys.keys();
  const auto found = std::ranges::find_if(keys, &Key::can_sign);
  return found == keys.end() ? nullptr : &*found;
}

void print_development_help(const Server& server, const AuthorizerOptions& access) {
  const std::string origin = "http://" + server.addresses().front();
  const std::string hub = origin + std::string(kHubPath);
  Grants grants;
  grants.publish = {"*"};
  grants.subscribe = {"*"};
  const Key* key = signing_key(access);
  const std::string token = key != nullptr ? make_token(*key, grants) : "TOKEN";
  const std::string page = origin + (key != nullptr ? "/#token=" + token : "/");
  std::printf(
      "Fanfare %s for development: this machine only, anybody on it may subscribe, publishing takes the token.\n\n"
      "  Page       %s\n\n"
      "  Subscribe  curl -N '%s?topic=greetings'\n\n"
      "  Publish    curl -H 'Authorization: Bearer %s' -d topic=greetings -d 'data=Hello, world' %s\n\n",
      std::string(kVersion).c_str(), page.c_str(), hub.c_str(), token.c_str(), hub.c_str());
  if (key == nullptr)
    std::printf("  TOKEN is one that your private key signs: `fanfare token --publish '*' --key-file FILE`\n\n");
  std::fflush(stdout);
}

void warn_of_weak_keys(const AuthorizerOptions& access, Log& log) {
  for (const auto* keys : {&access.issuers.front().publisher_keys, &access.issuers.front().subscriber_keys}) {
    const auto weak = std::ranges::find_if(keys->keys(), &Key::is_weak);
    if (weak == keys->keys().end()) continue;
    const AlgorithmFacts& facts = facts_of(weak->algorithm());
    const std::string advice = "a secret for " + std::string(facts.name) + " should have " +
                               std::to_string(facts.hash_bits / 8) + " bytes or more";
    log.write(LogLevel::kWarning, "weak_key", {{"advice", advice}});
    return;
  }
}

ExitCode run(const Parsed& given) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of the log lines that goes away must not end the hub
  Log log = make_log(given);
  Parsed parsed = given;  // its keys may come from threads that write to the log, and must not outlive it
  if (const std::string wrong = complete(parsed, log); !wrong.empty()) return usage_error(wrong);
  warn_of_weak_keys(parsed.options.access, log);
  auto history = open_history(parsed, log);
  if (!history) {
    std::fprintf(stderr, "fanfare serve: %s\n", printable(history.error().message).c_str());
    return ExitCode::kFailed;
  }
  const AuthorizerOptions access = parsed.options.access;
  const bool development = parsed.options.development;
  auto server = Server::open(std::move(parsed.options), **history, log);
  if (!server) {
    std::fprintf(stderr, "fanfare serve: %s\n", server.error().message.c_str());
    return ExitCode::kFailed;
  }
  if (development) {
    print_development_help(**server, access);
    log.write(LogLevel::kWarning, "development_mode",
              {{"loopback_only", true}, {"anonymous", true}, {"publishing", "with the printed token"}});
  }
  std::string addresses;
  for (const auto& address : (*server)->addresses()) addresses.append(addresses.empty() ? "" : " ").append(address);
  log.write(LogLevel::kInfo, "ready",
            {{"version", kVersion},
             {"listen", addresses},
             {"threads", static_cast<std::int64_t>((*server)->threads())},
             {"log", parsed.directory.empty() ? "memory" : parsed.directory}});
  (*server)->run();
  return ExitCode::kDone;
}

// The footer and the limits, one to a line.
std::string footer() {
  std::string text = kFooter;
  text += "\n\nLimits and their defaults (--limit NAME=VALUE; the unit is in the name):";
  const Limits defaults;
  for (const auto& field : limit_fields()) {
    text.append("\n  ").append(field.name).append("=").append(std::to_string(defaults.*(field.member)));
  }
  return text;
}

void add_history_options(CLI::App& command, Parsed& parsed) {
  command
      .add_option("--data", parsed.directory,
                  "Keep the event log in this directory (else $STATE_DIRECTORY/log, or ~/.local/state/fanfare/log)")
      ->type_name("DIR");
  command.add_option("--log", parsed.log, "memory: keep the event log in memory only; it is gone with the process")
      ->type_name("KIND")
      ->check(CLI::IsMember({"memory"}));
  command
      .add_option("--durability", parsed.durability,
                  "Answer publishers when the disk has the update (fsync: it survives the loss of power), the system "
                  "(os: the end of the process) or the process (memory: a clean stop)")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"fsync", "os", "memory"}))
      ->capture_default_str();
  command
      .add_option("--history-rules", parsed.history_rules,
                  "What the event log keeps of some topics: rules with an age, a number, durable or not (TOML)")
      ->type_name("FILE");
  command
      .add_option("--unknown-id", parsed.unknown_id,
                  "What a subscriber gets whose Last-Event-ID is unknown: what comes (live), or all that is held "
                  "first (replay)")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"live", "replay"}))
      ->capture_default_str();
}

}  // namespace

void add_serve_command(CLI::App& app, Run& run_later) {
  const auto parsed = std::make_shared<Parsed>();
  CLI::App* command = app.add_subcommand("serve", "Run a hub");
  command->footer(footer());
  command->add_option("--listen", parsed->listen, "Listen on ADDR:PORT; repeat for more (else 127.0.0.1:8080)")
      ->type_name("ADDR:PORT")
      ->allow_extra_args(false);
  command->add_flag("--dev", parsed->options.development,
                    "For development: loopback only, anybody may subscribe, publishing takes a printed token");
  add_key_options(*command, parsed->publisher_key, "--publisher-", "publishers' tokens", "MERCURE_PUBLISHER_JWT");
  add_key_options(*command, parsed->subscriber_key, "--subscriber-", "subscribers' tokens", "MERCURE_SUBSCRIBER_JWT");
  add_jwks_url_option(*command, parsed->publisher_key, "--publisher-", "publishers' tokens");
  add_jwks_url_option(*command, parsed->subscriber_key, "--subscriber-", "subscribers' tokens");
  command
      ->add_option(
          "--token-leeway", parsed->options.access.leeway_s,
          "How far the clocks of those who make tokens may be off: their exp counts so much later, nbf earlier")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, kLeewaySecondsMax).description(""))
      ->capture_default_str();
  command->add_flag("--anonymous", parsed->options.access.anonymous, "Let anybody subscribe to public updates");
  command
      ->add_option("--cors-origin", parsed->options.cors_origins,
                   "Let pages of this origin use the hub; repeat for more; * without credentials")
      ->type_name("ORIGIN")
      ->allow_extra_args(false);
  command
      ->add_option("--publish-origin", parsed->options.publish_origins,
                   "Let pages of this origin publish with their visitor's cookie; repeat for more")
      ->type_name("ORIGIN")
      ->allow_extra_args(false);
  command->add_flag("--subscriptions", parsed->options.subscriptions,
                    "Tell those whose token grants it who subscribes to what, by updates and by requests");
  command->add_flag("--store-subscriptions", parsed->options.store_subscriptions,
                    "Keep those updates in the event log like all others, not only while they are recent");
  command
      ->add_option("--trusted-proxy", parsed->options.trusted_proxies,
                   "Believe the X-Forwarded-For (else Forwarded) of this proxy, for limits by address; repeat for more")
      ->type_name("ADDR[/BITS]")
      ->allow_extra_args(false);
  add_history_options(*command, *parsed);
  command->add_option("--threads", parsed->options.threads, "Threads that serve (else one for each core)")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""));
  command->add_option("--limit", parsed->limits, "Set a limit; repeat for more")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_option("--log-format", parsed->log_format, "auto (text on a terminal, else JSON), text or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"auto", "text", "json"}))
      ->capture_default_str();
  command->add_option("--log-level", parsed->log_level, "debug, info, warning or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  command->add_flag("--no-access-log", parsed->no_access_log, "Write no line for each request");
  command->callback([parsed, &run_later] { run_later = [parsed] { return run(*parsed); }; });
}

}  // namespace fanfare::cli
