// The options of `fanfare publish`; publish.h does the work.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "fanfare/access/authorizer.h"
#include "fanfare/cli/commands.h"
#include "fanfare/cli/hub_url.h"
#include "fanfare/cli/key_options.h"
#include "fanfare/cli/printable.h"
#include "fanfare/cli/publish.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Prints the id of each update. Without DATA, --file or - nothing is published.
A lone - reads standard input and publishes each line as soon as it has arrived,
empty lines too; the first line that is not published ends the command.
With --json-lines each is an update with fields of its own, as `fanfare log dump`
prints them: {"topics":["books/1"],"data":"..."} and, if wanted, id, type, retry
(ms) and private (true). Lines that arrive together go to the hub in one request.
The token is the first of: --token, --key or --key-file, $FANFARE_TOKEN,
$MERCURE_PUBLISHER_JWT_KEY (a key, as --key). A key is a secret or private.

Examples:
  fanfare publish --topic greetings 'Hello, world'
  fanfare publish --topic books/1 --type updated --file book.json
  vmstat 1 | fanfare publish --topic host/vmstat -
  fanfare log dump --data old | fanfare publish --json-lines)";

struct Parsed {
  PublishOptions options;
  std::string hub{kDefaultHub};
  std::string file;
  std::string data;
  std::string token;
  KeyOptions key;
  std::uint64_t retry_ms = 0;
  bool is_private = false;
  bool is_json_lines = false;
  CLI::Option* data_option = nullptr;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Result<std::string> token_from_key(const KeyOptions& key, const std::vector<std::string>& topics) {
  const auto signing = read_signing_key(key, Limits{});
  if (!signing) return std::unexpected(signing.error());
  Grants grants;
  grants.publish = topics;
  return make_token(*signing, grants);
}

// Empty if there is none.
Result<std::string> choose_token(const Parsed& parsed) {
  const auto topics = parsed.is_json_lines ? std::vector<std::string>{"*"} : parsed.options.fields.topics;
  if (!parsed.token.empty()) return parsed.token;
  if (parsed.key.names_key()) return token_from_key(parsed.key, topics);
  if (std::string token = environment("FANFARE_TOKEN"); !token.empty()) return token;
  const KeyOptions hub_key = key_of_environment("MERCURE_PUBLISHER_JWT");
  return hub_key.names_key() ? token_from_key(hub_key, topics) : "";
}

ExitCode usage_error(const std::string& message) {
  std::fprintf(stderr, "fanfare publish: %s\n", printable(message).c_str());
  return ExitCode::kUsage;
}

// Why the options name no source; empty if they do.
std::string choose_source(Parsed& parsed) {
  PublishOptions& options = parsed.options;
  if (parsed.is_json_lines) {
    options.source = Source::kJsonLines;
    return {};
  }
  if (options.fields.topics.empty()) return "--topic is required";
  bool has_data = parsed.data_option->count() > 0;
  if (has_data && !parsed.file.empty()) return "give either DATA or --file, not both";
  if (!has_data && parsed.file.empty()) {
    return "nothing to publish: give DATA, --file FILE, or - for the lines of standard input";
  }
  options.source = !has_data ? Source::kFile : parsed.data == "-" ? Source::kLines : Source::kArgument;
  options.text = has_data ? parsed.data : parsed.file;
  if (options.source == Source::kLines && !options.fields.id.empty()) {
    return "--id names one update; the lines of standard input are many";
  }
  return {};
}

ExitCode run_publish(Parsed& parsed) {
  PublishOptions& options = parsed.options;
  auto hub = hub_url(parsed.hub);
  if (!hub) return usage_error(hub.error().message);
  options.hub = *hub;
  if (const std::string wrong = choose_source(parsed); !wrong.empty()) return usage_error(wrong);
  auto chosen = choose_token(parsed);
  if (!chosen) return usage_error(chosen.error().message);
  options.token = std::move(*chosen);
  if (options.token.find_first_of("\r\n") != std::string::npos) return usage_error("a token is one line");
  options.fields.is_private = parsed.is_private;
  return publish(options);
}

}  // namespace

void add_publish_command(CLI::App& app, Run& run) {
  auto parsed = std::make_shared<Parsed>();
  Update& fields = parsed->options.fields;
  CLI::App* command = app.add_subcommand("publish", "Publish updates to a hub");
  parsed->data_option =
      command->add_option("DATA", parsed->data, "The update's data; - for one update per line of standard input");
  command->add_option("-t,--topic", fields.topics, "Topic of the update; repeat it for alternate topics (required)")
      ->type_name("TOPIC")
      ->allow_extra_args(false);
  command->add_option("-f,--file", parsed->file, "Publish a whole file as one update; - for standard input")
      ->type_name("FILE");
  command->add_option("--id", fields.id, "Event id; without it the hub chooses one")->type_name("ID");
  command->add_option("--type", fields.type, "Event type; without it \"message\"")->type_name("TYPE");
  CLI::Option* retry =
      command->add_option("--retry", parsed->retry_ms, "Reconnection time for the subscribers, in milliseconds")
          ->type_name("MS");
  command->add_flag("--private", parsed->is_private, "Only for subscribers whose token grants a topic");
  CLI::Option* json_lines = command->add_flag("--json-lines", parsed->is_json_lines,
                                              "Publish JSON lines of standard input, each with its own fields");
  for (const char* name : {"DATA", "--topic", "--file", "--id", "--type", "--retry", "--private"}) {
    json_lines->excludes(command->get_option(name));
  }
  command->add_option("--hub", parsed->hub, "The hub's URL")
      ->type_name("URL")
      ->envname("FANFARE_HUB")
      ->capture_default_str();
  CLI::Option* token =
      command->add_option("--token", parsed->token, "Token that allows publishing (a JWT)")->type_name("TOKEN");
  add_key_options(*command, parsed->key, "publishers' tokens, to make one with");
  for (const char* name : {"--key", "--key-file", "--alg"}) command->get_option(name)->excludes(token);
  command->add_flag("-q,--quiet", parsed->options.quiet, "Do not print ids");
  command->footer(kFooter);
  command->callback([parsed, retry, &run] {
    if (retry->count() > 0) parsed->options.fields.retry_ms = parsed->retry_ms;
    run = [parsed] { return run_publish(*parsed); };
  });
}

}  // namespace fanfare::cli
