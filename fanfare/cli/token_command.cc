// `fanfare token`: makes tokens, and explains them.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/check.h"
#include "fanfare/base/time_text.h"
#include "fanfare/base/utf8.h"
#include "fanfare/cli/commands.h"
#include "fanfare/cli/key_options.h"
#include "fanfare/cli/output.h"
#include "fanfare/cli/printable.h"
#include "fanfare/cli/serve_config.h"
#include "fanfare/cli/token_explanation.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Prints a token that grants what the options say, signed with a secret or a private
key (PEM or JWK; of a JWKS, the first that can sign). SELECTOR is an exact topic, a
URI template, or * for all.
With --explain it prints what a token says and whether a hub takes it: one with
that key, else the one that `fanfare serve` would be with this --config and this
environment, if they configure any. The exit code is 4 if it does not.

Examples:
  fanfare token --key-file secret --publish '*' --expires 30d
  fanfare token --key-file private.pem --subscribe 'https://example.com/users/7/{x}'
  fanfare token --explain "$FANFARE_TOKEN" --key-file public.pem
  fanfare token --explain "$FANFARE_TOKEN" --config /etc/fanfare.toml)";

// Beyond the time that fetching keys may take.
constexpr std::chrono::milliseconds kFetchPatience{1'000};

struct Parsed {
  KeyOptions key;
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  std::string expires = "1h";
  std::string payload;
  std::string explained;
  std::string config;
  CLI::Option* explain_option = nullptr;
};

ExitCode failed(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "fanfare token: %s\n", printable(message).c_str());
  return code;
}

ExitCode print(const std::string& text) {
  std::signal(SIGPIPE, SIG_IGN);
  if (write_all(STDOUT_FILENO, text) == Wrote::kFailed) return failed(ExitCode::kFailed, std::strerror(errno));
  return ExitCode::kDone;
}

Result<std::optional<std::int64_t>> expiry(const std::string& text) {
  if (text == "never") return std::nullopt;
  const auto duration_ms = parse_duration_ms(text);
  if (!duration_ms || *duration_ms < 1000) return fail("--expires takes 1s or more (30m, 12h, 90d), or never");
  return std::time(nullptr) + static_cast<std::int64_t>(*duration_ms / 1000);
}

Result<std::string> mint(const Parsed& parsed) {
  if (parsed.publish.empty() && parsed.subscribe.empty()) {
    return fail("the token would grant nothing: give --publish, --subscribe, or both");
  }
  for (const auto* selectors : {&parsed.publish, &parsed.subscribe}) {
    for (const std::string& each : *selectors) {
      if (!is_valid_utf8(each)) return fail("a selector is no UTF-8");
    }
  }
  const auto expires_at_s = expiry(parsed.expires);
  if (!expires_at_s) return std::unexpected(expires_at_s.error());
  const auto key = read_signing_key(parsed.key, Limits{});
  if (!key) return std::unexpected(key.error());
  return make_token(*key, {parsed.publish, parsed.subscribe, *expires_at_s}, parsed.payload);
}

// The keys that were given, or the hub's.
Result<std::vector<NamedKeys>> keys_to_check_with(const Parsed& parsed) {
  std::vector<KeyOptions> wanted = {parsed.key};
  if (!parsed.key.names_key() && parsed.key.algorithm.empty()) {
    wanted = {key_of_environment("MERCURE_PUBLISHER_JWT"), key_of_environment("MERCURE_SUBSCRIBER_JWT")};
  }
  std::vector<NamedKeys> named;
  for (const KeyOptions& each : wanted) {
    auto keys = read_keys(each, Limits{});
    if (!keys) return std::unexpected(keys.error());
    if (!keys->empty()) named.push_back({each.file.empty() ? each.key_name : each.file, std::move(*keys)});
  }
  return named;
}

// The hub of this configuration; nothing if there is none, or none that anybody could use.
Result<std::optional<ServeConfig>> configured_hub(const Parsed& parsed) {
  ServeArguments arguments{.options = {}, .config = parsed.config, .environment = read_environment()};
  // Where its event log is makes no difference, and need not be known here.
  auto given = arguments.options.give(*find_setting("log"), {"memory"}, {});
  FANFARE_CHECK(given.has_value());
  auto config = read_serve_config(arguments);
  if (config) return std::optional(std::move(*config));
  const bool is_named = !parsed.config.empty() || !value_in(arguments.environment, kConfigVariable).empty();
  if (is_named) return std::unexpected(std::move(config.error()));
  return std::nullopt;
}

// Asks again once the keys that it takes have been fetched.
template <typename Ask>
Refusal refusal_of(const Ask& ask, const Limits& limits) {
  auto answer = ask();
  if (!answer && answer.error().source != nullptr) {
    auto fetched = std::make_shared<std::promise<void>>();
    if (answer.error().source->renew([fetched] { fetched->set_value(); }) == Renewal::kAwaited) {
      fetched->get_future().wait_for(std::chrono::milliseconds(limits.jwks_fetch_ms_max) + kFetchPatience);
      answer = ask();
    }
  }
  return answer ? std::nullopt : Refusal(answer.error().reason);
}

Explanation explain_to(const ServeConfig& config, const Parsed& parsed) {
  Log log(LogFormat::kText, LogLevel::kError);
  const ServerOptions options = server_options(config, make_fetching_source(config.server.limits, log));
  const Authorizer authorizer(options.access);
  const std::int64_t now_s = std::time(nullptr);
  const std::string& token = parsed.explained;
  HubAnswers answers;
  answers.hub = parsed.config.empty() ? "as this environment configures it" : parsed.config;
  answers.publishing = refusal_of([&] { return authorizer.publisher(token, now_s); }, options.limits);
  answers.subscribing = refusal_of([&] { return authorizer.subscriber(token, now_s); }, options.limits);
  return explain_answers(token, answers, now_s);
}

Result<Explanation> explanation_of(const Parsed& parsed) {
  const bool has_key = parsed.key.names_key() || !parsed.key.algorithm.empty();
  if (has_key && !parsed.config.empty()) return fail("give a key or --config, not both");
  if (!has_key) {
    const auto config = configured_hub(parsed);
    if (!config) return std::unexpected(config.error());
    if (*config) return explain_to(**config, parsed);
  }
  const auto keys = keys_to_check_with(parsed);
  if (!keys) return std::unexpected(keys.error());
  return explain_token(parsed.explained, *keys, std::time(nullptr));
}

ExitCode explain(const Parsed& parsed) {
  const auto explanation = explanation_of(parsed);
  if (!explanation) return failed(ExitCode::kUsage, explanation.error().message);
  if (const ExitCode printed = print(explanation->text); printed != ExitCode::kDone) return printed;
  return explanation->verdict == Verdict::kAccepted ? ExitCode::kDone : ExitCode::kRefused;
}

ExitCode run_token(const Parsed& parsed) {
  if (parsed.explain_option->count() > 0) return explain(parsed);
  const auto token = mint(parsed);
  return token ? print(*token + "\n") : failed(ExitCode::kUsage, token.error().message);
}

}  // namespace

void add_token_command(CLI::App& app, Run& run) {
  const auto parsed = std::make_shared<Parsed>();
  CLI::App* command = app.add_subcommand("token", "Make a token, or explain one");
  command->add_option("--publish", parsed->publish, "Grant publishing to these topics; repeat for more")
      ->type_name("SELECTOR")
      ->allow_extra_args(false);
  command->add_option("--subscribe", parsed->subscribe, "Grant private updates of these topics; repeat for more")
      ->type_name("SELECTOR")
      ->allow_extra_args(false);
  add_key_options(*command, parsed->key, "the token");
  command->add_option("--expires", parsed->expires, "How long it is valid: 30m, 12h, 90d, or never")
      ->type_name("DURATION")
      ->capture_default_str();
  command->add_option("--payload", parsed->payload, "What others are told of the subscriber: any JSON")
      ->type_name("JSON");
  parsed->explain_option =
      command->add_option("--explain", parsed->explained, "Explain this token instead")->type_name("TOKEN");
  command->add_option("--config", parsed->config, "With --explain: the configuration of the hub (else $FANFARE_CONFIG)")
      ->type_name("FILE")
      ->needs(parsed->explain_option);
  for (const char* name : {"--publish", "--subscribe", "--expires", "--payload"}) {
    parsed->explain_option->excludes(command->get_option(name));
  }
  command->footer(kFooter);
  command->callback([parsed, &run] { run = [parsed] { return run_token(*parsed); }; });
}

}  // namespace fanfare::cli
