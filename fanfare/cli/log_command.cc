// `fanfare log`: what a directory of the event log holds, printed, checked and rewritten.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "fanfare/base/clock.h"
#include "fanfare/base/time_text.h"
#include "fanfare/cli/commands.h"
#include "fanfare/cli/output.h"
#include "fanfare/cli/printable.h"
#include "fanfare/history/update_line.h"
#include "fanfare/history_rocksdb/inspection.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(stat, dump and verify also work while a hub has the log open: they see it as it
stood when they began. compact and repair need it for themselves.

Examples:
  fanfare log stat --data /var/lib/fanfare
  fanfare log dump --data /var/lib/fanfare --topic books/1 --since 1h
  fanfare log dump --data old | fanfare publish --json-lines)";

constexpr const char* kDumpFooter = R"(Prints one JSON object per update: id, time, topics, data and, where the update
has them, type, retry and private. `fanfare publish --json-lines` reads them.
TIME is RFC 3339 (2026-11-21T14:30:00Z) or how long ago (10m, 1h30m, 2d).

Examples:
  fanfare log dump --data /var/lib/fanfare --since 2026-11-21T14:30:00Z
  fanfare log dump --data old | fanfare publish --json-lines)";

constexpr std::size_t kWriteBytes = 64 * 1024;

struct Parsed {
  std::string directory;
  std::string topic;
  std::string since;
  std::string until;
  CLI::Option* topic_option = nullptr;
  bool topic_bounds = false;
};

ExitCode failed(const char* name, const std::string& message, ExitCode code = ExitCode::kFailed) {
  std::fprintf(stderr, "fanfare log %s: %s\n", name, printable(message).c_str());
  return code;
}

ExitCode print(const char* name, const std::string& text) {
  std::signal(SIGPIPE, SIG_IGN);
  if (write_all(STDOUT_FILENO, text) == Wrote::kFailed) return failed(name, std::strerror(errno));
  return ExitCode::kDone;
}

std::string end_text(const std::optional<LogStat::End>& end) {
  if (!end) return "none\n";
  return format_rfc3339_ms(end->unix_ms) + "  position " + std::to_string(end->position) + "  id " +
         printable(end->id) + "\n";
}

ExitCode run_stat(const Parsed& parsed) {
  const auto stat = stat_log(parsed.directory);
  if (!stat) return failed("stat", stat.error().message);
  const ExitCode printed =
      print("stat", "updates  " + std::to_string(stat->updates) + "\ntopics   " + std::to_string(stat->topics) +
                        "\nbytes    " + std::to_string(stat->bytes) + "\noldest   " + end_text(stat->oldest) +
                        "newest   " + end_text(stat->newest));
  return stat->damage ? failed("stat", *stat->damage) : printed;
}

// Of --since and --until.
Result<std::uint64_t> time_of(const std::string& text) {
  if (const auto time = parse_rfc3339_ms(text)) return *time;
  const auto ago = parse_duration_ms(text);
  if (!ago) return fail("'" + text + "' is neither an RFC 3339 time (2026-11-21T14:30:00Z) nor a duration (10m)");
  const std::uint64_t now = system_unix_ms();
  return now - std::min(now, *ago);
}

// Prints updates in large writes, until something keeps it from going on.
class DumpWriter {
 public:
  Visit take(const LoggedUpdate& logged) {
    const auto line = update_line(logged);
    if (!line) {
      ++unprintable_;
      failed("dump", line.error().message);
      return Visit::kGoOn;
    }
    buffer_ += *line;
    return buffer_.size() < kWriteBytes || flush() ? Visit::kGoOn : Visit::kEnough;
  }
  bool flush() {
    wrote_ = write_all(STDOUT_FILENO, buffer_);
    error_ = errno;
    buffer_.clear();
    return wrote_ == Wrote::kAll;
  }
  // A reader that goes away has had enough.
  ExitCode finish(const Result<void>& dumped) {
    if (wrote_ == Wrote::kAll) flush();
    if (wrote_ == Wrote::kFailed) return failed("dump", std::string("standard output: ") + std::strerror(error_));
    if (!dumped) return failed("dump", dumped.error().message);
    return unprintable_ == 0 ? ExitCode::kDone : ExitCode::kFailed;
  }

 private:
  std::string buffer_;
  Wrote wrote_ = Wrote::kAll;
  int error_ = 0;
  std::uint64_t unprintable_ = 0;
};

ExitCode run_dump(const Parsed& parsed) {
  DumpRequest request;
  if (parsed.topic_option->count() > 0) request.topic = parsed.topic;
  for (const auto& [text, time] :
       {std::pair{&parsed.since, &request.since_unix_ms}, {&parsed.until, &request.until_unix_ms}}) {
    if (text->empty()) continue;
    const auto unix_ms = time_of(*text);
    if (!unix_ms) return failed("dump", unix_ms.error().message, ExitCode::kUsage);
    *time = *unix_ms;
  }
  std::signal(SIGPIPE, SIG_IGN);
  DumpWriter writer;
  const auto dumped = dump_log(
      parsed.directory, request, [&](const LoggedUpdate& logged) { return writer.take(logged); },
      [](const std::string& problem) { failed("dump", problem); });
  return writer.finish(dumped);
}

ExitCode run_verify(const Parsed& parsed) {
  const auto verified = verify_log(parsed.directory, parsed.topic_bounds ? TopicBounds::kMayBe : TopicBounds::kNone,
                                   [](const std::string& problem) { failed("verify", problem); });
  if (!verified) return failed("verify", verified.error().message);
  const std::string what = std::to_string(verified->files) + " files, " + std::to_string(verified->updates) +
                           " updates, " + std::to_string(verified->index_entries) + " index entries: ";
  if (verified->problems != 0) return failed("verify", what + std::to_string(verified->problems) + " problems");
  return print("verify", what + "whole\n");
}

ExitCode run_repair(const Parsed& parsed) {
  std::string told;
  const auto repaired = repair_log(parsed.directory, [&](const std::string& what) { told += printable(what) + "\n"; });
  if (!repaired) return failed("repair", repaired.error().message);
  return print("repair", *repaired ? told : "whole\n");
}

ExitCode run_compact(const Parsed& parsed) {
  const auto compacted = compact_log(parsed.directory);
  if (!compacted) return failed("compact", compacted.error().message);
  return print("compact", std::to_string(compacted->bytes_before) + " bytes before, " +
                              std::to_string(compacted->bytes_after) + " after\n");
}

CLI::App* add(CLI::App& log, Run& run_later, const std::shared_ptr<Parsed>& parsed, const char* name,
              const char* summary, ExitCode (*run)(const Parsed&)) {
  CLI::App* command = log.add_subcommand(name, summary);
  command->group("Commands");
  command->add_option("--data", parsed->directory, "The event log's directory")->type_name("DIR")->required();
  command->callback([parsed, run, &run_later] { run_later = [parsed, run] { return run(*parsed); }; });
  return command;
}

}  // namespace

void add_log_command(CLI::App& app, Run& run) {
  const auto parsed = std::make_shared<Parsed>();
  CLI::App* log = app.add_subcommand("log", "Look into an event log on disk");
  log->require_subcommand(1);
  log->footer(kFooter);
  add(*log, run, parsed, "stat", "How much it holds, and since when", run_stat);

  CLI::App* dump = add(*log, run, parsed, "dump", "Print its updates as lines of JSON", run_dump);
  parsed->topic_option =
      dump->add_option("-t,--topic", parsed->topic, "Only updates with this topic")->type_name("TOPIC");
  dump->add_option("--since", parsed->since, "Only updates of that time or later")->type_name("TIME");
  dump->add_option("--until", parsed->until, "Only updates before that time")->type_name("TIME");
  dump->footer(kDumpFooter);

  CLI::App* verify = add(*log, run, parsed, "verify", "Check all of it; fails and tells what is wrong", run_verify);
  verify->add_flag("--topic-bounds", parsed->topic_bounds,
                   "It was kept with bounds per topic: the holes that they make are right");

  add(*log, run, parsed, "repair", "Keep what can be read of a damaged one; no hub may have it open", run_repair);
  add(*log, run, parsed, "compact", "Rewrite its files; no hub may have it open", run_compact);
}

}  // namespace fanfare::cli
