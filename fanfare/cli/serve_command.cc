// `fanfare serve`: its options, and the parts of a running hub.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/limits.h"
#include "fanfare/cli/commands.h"
#include "fanfare/cli/effective_config.h"
#include "fanfare/cli/environment.h"
#include "fanfare/cli/issuers.h"
#include "fanfare/cli/output.h"
#include "fanfare/cli/printable.h"
#include "fanfare/cli/serve_config.h"
#include "fanfare/cli/serve_reload.h"
#include "fanfare/cli/settings.h"
#include "fanfare/history/memory_log.h"
#include "fanfare/history_rocksdb/rocksdb_log.h"
#include "fanfare/observe/log.h"
#include "fanfare/server/routes.h"
#include "fanfare/server/server.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Serves until SIGTERM or SIGINT: then it takes no new streams, tells the open ones
when to come back, ends them, and exits within the limit drain_ms. A second
signal ends it at once. SIGHUP reads keys, certificates, origins and limits again.

Each option but --config and --check may also be an environment variable
(--cors-origin: FANFARE_CORS_ORIGIN, with spaces between several) or a key of
the configuration file (cors-origin = ["…", "…"]). Options count before
variables, and these before the file. The reference hub's variables are
understood: MERCURE_PUBLISHER_JWT_KEY, SERVER_NAME, MERCURE_EXTRA_DIRECTIVES.

Examples:
  fanfare serve --dev
  fanfare serve --listen :8080 --publisher-key-file secret --anonymous --data /var/lib/fanfare
  fanfare serve --listen :8080 --publisher-key-file public.pem --subscriber-key-file jwks.json
  fanfare serve --listen :8080 --publisher-jwks-url https://id.example/jwks --anonymous
  fanfare serve --config fanfare.toml
  fanfare serve --config fanfare.toml --check
  fanfare serve --dev --data log --history-rules rules.toml
  fanfare serve --dev --log memory
  fanfare serve --listen [::1]:8080 --dev --limit heartbeat_ms=5000)";

// What the option parser found. It keeps references: nothing here may move.
struct Parsed {
  std::map<std::string_view, CLI::Option*> options;  // by the names of their settings
  std::map<std::string_view, std::string> texts;
  std::map<std::string_view, std::vector<std::string>> lists;
  std::map<std::string_view, bool> switches;
  std::string config;
  bool check = false;
};

ExitCode failed(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "fanfare serve: %s\n", printable(message).c_str());
  return code;
}

// What the command line gives.
Result<Layer> layer_of(const Parsed& parsed) {
  Layer layer;
  for (const auto& [name, option] : parsed.options) {
    if (option->count() == 0) continue;
    const Setting& setting = *find_setting(name);
    const auto texts = setting.kind == SettingKind::kSwitch
                           ? std::vector<std::string>{parsed.switches.at(name) ? "true" : "false"}
                       : is_list(setting) ? parsed.lists.at(name)
                                          : std::vector{parsed.texts.at(name)};
    if (auto given = layer.give(setting, texts, {Origin::From::kOption, "--" + std::string(name)}); !given) {
      return std::unexpected(std::move(given.error()));
    }
  }
  return layer;
}

Log make_log(const Layer& effective) {
  const std::string format = effective.text("log-format");
  const std::string level = effective.text("log-level");
  return Log(format == "text"   ? LogFormat::kText
             : format == "json" ? LogFormat::kJson
                                : LogFormat::kAuto,
             level == "debug"     ? LogLevel::kDebug
             : level == "warning" ? LogLevel::kWarning
             : level == "error"   ? LogLevel::kError
                                  : LogLevel::kInfo);
}

Result<std::unique_ptr<EventLog>> open_history(const ServeConfig& config, Log& log) {
  const Limits& limits = config.server.limits;
  // No topic is durable in memory, and a rule that asks for more than that is refused.
  if (config.log_is_in_memory()) return std::make_unique<MemoryLog>(limits);
  const std::string durability = config.effective.text("durability");
  RocksDbLogOptions options;
  options.directory = config.effective.text("data");
  options.durability = durability == "os"       ? Durability::kOs
                       : durability == "memory" ? Durability::kMemory
                                                : Durability::kFsync;
  options.retention.age_ms_max = limits.history_age_ms_max;
  options.retention.bytes_max = limits.history_bytes_max;
  options.retention.updates_max = limits.history_updates_max;
  options.topic_rules = config.rules;
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
const Key* signing_key(const KeySet& keys) {
  const auto found = std::ranges::find_if(keys.keys(), &Key::can_sign);
  return found == keys.keys().end() ? nullptr : &*found;
}

void print_development_help(const Server& server, const ServeConfig& config, const KeySet& publisher_keys) {
  const std::string address = server.addresses().front();
  const bool is_tls = address.starts_with("https://");
  const std::string origin = is_tls ? address : "http://" + address;
  // A client that has not been told would not trust it.
  const std::string trust = is_tls && config.self_signed ? " --cacert " + config.self_signed->certificate_file : "";
  const std::string hub = origin + std::string(kHubPath);
  Grants grants;
  grants.publish = {"*"};
  grants.subscribe = {"*"};
  const Key* key = signing_key(publisher_keys);
  const std::string token = key != nullptr ? make_token(*key, grants) : "TOKEN";
  const std::string page = origin + (key != nullptr ? "/#token=" + token : "/");
  std::printf(
      "Fanfare %s for development: this machine only, anybody on it may subscribe, publishing takes the token.\n\n"
      "  Page       %s\n\n"
      "  Subscribe  curl -N%s '%s?topic=greetings'\n\n"
      "  Publish    curl%s -H 'Authorization: Bearer %s' -d topic=greetings -d 'data=Hello, world' %s\n\n",
      std::string(kVersion).c_str(), page.c_str(), trust.c_str(), hub.c_str(), trust.c_str(), token.c_str(),
      hub.c_str());
  if (key == nullptr)
    std::printf("  TOKEN is one that your private key signs: `fanfare token --publish '*' --key-file FILE`\n\n");
  std::fflush(stdout);
}

void warn_of_what_has_no_effect(const ServeConfig& config, Log& log) {
  for (const Notice& notice : config.notices) {
    log.write(LogLevel::kWarning, "setting_without_effect", {{"setting", notice.name}, {"advice", notice.advice}});
  }
}

void announce(const Server& server, const ServeConfig& config, const KeySet& publisher_keys, Log& log) {
  if (config.server.development) {
    print_development_help(server, config, publisher_keys);
    log.write(LogLevel::kWarning, "development_mode",
              {{"loopback_only", true}, {"anonymous", true}, {"publishing", "with the printed token"}});
  }
  std::string addresses;
  for (const auto& address : server.addresses()) addresses.append(addresses.empty() ? "" : " ").append(address);
  log.write(LogLevel::kInfo, "ready",
            {{"version", kVersion},
             {"listen", addresses},
             {"threads", static_cast<std::int64_t>(server.threads())},
             {"log", config.log_is_in_memory() ? "memory" : config.effective.text("data")}});
}

// While the hub starts, which takes a while with a large log, a SIGHUP waits instead of ending it.
void let_hangup(int how) {
  sigset_t hangup;
  ::sigemptyset(&hangup);
  ::sigaddset(&hangup, SIGHUP);
  ::pthread_sigmask(how, &hangup, nullptr);
}

ExitCode serve(const ServeArguments& arguments, const ServeConfig& config) {
  std::signal(SIGPIPE, SIG_IGN);                    // a reader of the log lines that goes away must not end the hub
  const bool reloads = !config.server.development;  // which ends with its terminal: then comes SIGHUP, too
  if (reloads) let_hangup(SIG_BLOCK);
  Log log = make_log(config.effective);
  warn_of_what_has_no_effect(config, log);
  warn_of_weak_keys(config, log);
  if (auto kept = keep_certificate(config, log); !kept) return failed(ExitCode::kFailed, kept.error().message);
  auto history = open_history(config, log);
  if (!history) return failed(ExitCode::kFailed, history.error().message);
  const MakeSource make_source = make_fetching_source(config.server.limits, log);
  ServerOptions options = server_options(config, make_source);
  const KeySet publisher_keys = options.access.issuers.front().publisher_keys;
  auto server = Server::open(std::move(options), **history, log);
  if (!server) return failed(ExitCode::kFailed, server.error().message);
  std::optional<Reloader> reloader;
  if (reloads) {
    reloader.emplace(arguments, config, make_source, **server, log);
    (*server)->on_hangup([&reloader] { reloader->reload(); });
    let_hangup(SIG_UNBLOCK);
  }
  announce(**server, config, publisher_keys, log);
  (*server)->run();
  return ExitCode::kDone;
}

ExitCode run(const Parsed& parsed) {
  auto options = layer_of(parsed);
  if (!options) return failed(ExitCode::kUsage, options.error().message);
  const ServeArguments arguments{
      .options = std::move(*options), .config = parsed.config, .environment = read_environment()};
  const auto config = read_serve_config(arguments);
  if (!config) return failed(ExitCode::kUsage, config.error().message);
  if (!parsed.check) return serve(arguments, *config);
  std::signal(SIGPIPE, SIG_IGN);
  return write_all(STDOUT_FILENO, effective_toml(*config)) == Wrote::kAll ? ExitCode::kDone : ExitCode::kFailed;
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

void add_option(CLI::App& command, const Setting& setting, Parsed& parsed) {
  const std::string name = "--" + std::string(setting.name);
  const std::string help(setting.help);
  CLI::Option* option = nullptr;
  if (setting.kind == SettingKind::kSwitch) {
    option = command.add_flag(name, parsed.switches[setting.name], help);
  } else if (is_list(setting)) {
    option = command.add_option(name, parsed.lists[setting.name], help)->allow_extra_args(false);
  } else {
    option = command.add_option(name, parsed.texts[setting.name], help);
  }
  if (!setting.value_name.empty()) option->type_name(std::string(setting.value_name));
  if (!setting.fallback.empty()) option->default_str(std::string(setting.fallback));
  if (!setting.choices.empty()) {
    option->check(CLI::IsMember(std::vector<std::string>(setting.choices.begin(), setting.choices.end())));
  }
  parsed.options[setting.name] = option;
}

}  // namespace

void add_serve_command(CLI::App& app, Run& run_later) {
  const auto parsed = std::make_shared<Parsed>();
  CLI::App* command = app.add_subcommand("serve", "Run a hub");
  command->footer(footer());
  command->add_option("--config", parsed->config, "Read settings from this file (TOML)")
      ->type_name("FILE")
      ->default_str("$FANFARE_CONFIG");
  command->add_flag("--check", parsed->check, "Read and check everything, print what would count, and serve nothing");
  for (const Setting& setting : settings()) add_option(*command, setting, *parsed);
  command->callback([parsed, &run_later] { run_later = [parsed] { return run(*parsed); }; });
}

}  // namespace fanfare::cli
