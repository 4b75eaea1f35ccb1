// `fanfare token`: makes tokens, and explains them.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/time_text.h"
#include "fanfare/base/utf8.h"
#include "fanfare/cli/commands.h"
#include "fanfare/cli/key_options.h"
#include "fanfare/cli/output.h"
#include "fanfare/cli/printable.h"
#include "fanfare/cli/token_explanation.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Prints a token that grants what the options say, signed with a secret or a private
key (PEM or JWK; of a JWKS, the first that can sign). SELECTOR is an exact topic, a
URI template, or * for all.
With --explain it prints what a token says and whether a hub with that key takes
it; without --key or --key-file with the keys in $MERCURE_PUBLISHER_JWT_KEY and
$MERCURE_SUBSCRIBER_JWT_KEY, if there are any. The exit code is 4 if none does.

Examples:
  fanfare token --key-file secret --publish '*' --expires 30d
  fanfare token --key-file private.pem --subscribe 'https://example.com/users/7/{x}'
  fanfare token --explain "$FANFARE_TOKEN" --key-file public.pem)";

struct Parsed {
  KeyOptions key;
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  std::string expires = "1h";
  std::string payload;
  std::string explained;
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

ExitCode explain(const Parsed& parsed) {
  const auto keys = keys_to_check_with(parsed);
  if (!keys) return failed(ExitCode::kUsage, keys.error().message);
  const auto explanation = explain_token(parsed.explained, *keys, std::time(nullptr));
  if (const ExitCode printed = print(explanation.text); printed != ExitCode::kDone) return printed;
  return explanation.verdict == Verdict::kAccepted ? ExitCode::kDone : ExitCode::kRefused;
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
  for (const char* name : {"--publish", "--subscribe", "--expires", "--payload"}) {
    parsed->explain_option->excludes(command->get_option(name));
  }
  command->footer(kFooter);
  command->callback([parsed, &run] { run = [parsed] { return run_token(*parsed); }; });
}

}  // namespace fanfare::cli
