// The options of `fanfare listen`; listen.h does the work.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

#include "fanfare/cli/commands.h"
#include "fanfare/cli/hub_url.h"
#include "fanfare/cli/listen.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Give the URL of any event stream, or topics of a hub: what begins with http://
or https:// is a URL (use --topic for a topic that is one), all else a topic.
A topic may be a URI template (books/{id}) or '*' for all.

It reconnects when the connection ends and resumes after the last event it saw.
Ctrl-C ends it.

Examples:
  fanfare listen host/vmstat
  fanfare listen --json '*' | jq .data
  fanfare listen 'http://127.0.0.1:8080/.well-known/mercure?topic=greetings'
  fanfare listen --topic https://example.com/books/1 --count 1 --for 10)";

struct Parsed {
  ListenOptions options;
  std::vector<std::string> sources;
  std::vector<std::string> topics;
  std::string hub{kDefaultHub};
  double duration_s = 0;
  bool is_json = false;
  bool is_data = false;
};

ExitCode usage_error(const std::string& message) {
  std::fprintf(stderr, "fanfare listen: %s\n", message.c_str());
  return ExitCode::kUsage;
}

Result<std::string> stream_url(const Parsed& parsed, const std::string& hub) {
  const auto& sources = parsed.sources;
  if (sources.size() == 1 && parsed.topics.empty() && is_http_url(sources[0])) return sources[0];
  std::vector<std::string> topics = parsed.topics;
  for (const std::string& source : sources) {
    if (is_http_url(source)) return fail("one URL or topics, not both (--topic takes a topic that looks like a URL)");
    topics.push_back(source);
  }
  if (topics.empty()) return fail("to what? Give a URL or topics ('*' for all of the hub)");
  return subscribe_url(hub, topics);
}

ExitCode run_listen(Parsed& parsed) {
  ListenOptions& options = parsed.options;
  auto hub = hub_url(parsed.hub);
  if (!hub) return usage_error(hub.error().message);
  auto url = stream_url(parsed, *hub);
  if (!url) return usage_error(url.error().message);
  options.url = *url;
  // The environment's token is the hub's; another server must not see it.
  const char* token = std::getenv("FANFARE_TOKEN");
  if (options.token.empty() && token != nullptr && shown_url(*url) == shown_url(*hub)) options.token = token;
  for (const std::string& value : {options.token, options.last_event_id}) {
    if (value.find_first_of("\r\n") != std::string::npos) return usage_error("a token or an event id is one line");
  }
  if (parsed.duration_s > 0) {
    options.duration = std::chrono::milliseconds(std::llround(std::min(parsed.duration_s, 1e9) * 1000));
  }
  options.form = parsed.is_json ? EventForm::kJson : parsed.is_data ? EventForm::kData : EventForm::kPretty;
  return listen(options);
}

}  // namespace

void add_listen_command(CLI::App& app, Run& run) {
  auto parsed = std::make_shared<Parsed>();
  ListenOptions& options = parsed->options;
  CLI::App* command = app.add_subcommand("listen", "Print the events of a stream as they come");
  command->add_option("URL|TOPIC", parsed->sources, "An event stream's URL, or topics");
  command->add_option("-t,--topic", parsed->topics, "Subscribe to this topic of the hub; may be repeated")
      ->type_name("TOPIC")
      ->allow_extra_args(false);
  command->add_option("--hub", parsed->hub, "The hub's URL")
      ->type_name("URL")
      ->envname("FANFARE_HUB")
      ->capture_default_str();
  command
      ->add_option("--token", options.token, "Token that allows subscribing (a JWT); for the hub also $FANFARE_TOKEN")
      ->type_name("TOKEN");
  CLI::Option* json = command->add_flag("--json", parsed->is_json, "One JSON object per event: time, type, id, data");
  command->add_flag("--data", parsed->is_data, "Only the data, raw")->excludes(json);
  command
      ->add_option("--last-event-id", options.last_event_id,
                   "Begin after this event; \"earliest\" for all that is held")
      ->type_name("ID");
  command->add_option("-n,--count", options.count, "End after so many events")->type_name("N");
  command->add_option("--for", parsed->duration_s, "End after so many seconds; fails if --count was not reached")
      ->type_name("SECONDS")
      ->check(CLI::Validator(CLI::PositiveNumber).description(""));
  command->add_flag("-q,--quiet", options.quiet, "Print errors only on standard error");
  command->footer(kFooter);
  command->callback([parsed, &run] { run = [parsed] { return run_listen(*parsed); }; });
}

}  // namespace fanfare::cli
