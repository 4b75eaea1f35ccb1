// The commands of the program `fanfare`, one file each (<name>_command.cc): a command describes its own options and
// says what runs when the command line names it. main.cc adds them all; nothing else knows which there are.
// What it is not: no command does its work while the command line is parsed. One thread, before any other starts.
#pragma once

#include <functional>
#include <string_view>

#include "fanfare/cli/exit_code.h"

namespace CLI {
class App;
}

namespace fanfare::cli {

inline constexpr std::string_view kVersion = FANFARE_VERSION;

// What the command line asks for. Empty until the parser meets a command; main calls it after parsing.
using Run = std::function<ExitCode()>;

// Each adds its command to the program's root `app`. When the command line names it, its options are stored and `run`
// is set; `run` must outlive the parsing. Errors of usage that the option parser cannot see are found by `run`, which
// then prints them to standard error and returns ExitCode::kUsage.
void add_serve_command(CLI::App& app, Run& run);
void add_publish_command(CLI::App& app, Run& run);
void add_listen_command(CLI::App& app, Run& run);
void add_token_command(CLI::App& app, Run& run);
void add_log_command(CLI::App& app, Run& run);
void add_completion_command(CLI::App& app, Run& run);  // describes what `app` holds when it runs

}  // namespace fanfare::cli
