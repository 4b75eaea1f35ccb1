// The program `fanfare`: adds every command to the option parser, lets it choose one and runs it.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "fanfare/cli/commands.h"
#include "fanfare/cli/printable.h"
#include "fanfare/cli/suggest.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  fanfare serve --dev                                  a hub on 127.0.0.1:8080
  fanfare listen greetings                             print what comes
  fanfare publish --topic greetings 'Hello, world'     send something
  vmstat 1 | fanfare publish --topic host/vmstat -     send each line

`fanfare COMMAND --help` tells more.

Exit codes:
  0  done
  1  failed on this machine (file, output, port), or --count was not reached
  2  the command line is wrong, or the configuration
  3  no connection; nothing was sent
  4  the server refused the request (4xx), or would refuse the token
  5  the server failed (5xx), broke off, did not answer in time, or is no hub)";

constexpr std::size_t kHelpColumn = 28;

// An option as "-q, --quiet" or "--hub URL"; what else there is to know follows its description.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = Formatter::make_option_name(option, is_positional);
    std::size_t comma = name.find(',');
    if (comma != std::string::npos) name.insert(comma + 1, " ");
    return name;
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string type = option->get_positional() ? "" : option->get_type_name();
    return type.empty() ? "" : " " + type.substr(0, type.find(":{"));
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (!option->get_envname().empty()) text += "; else $" + option->get_envname();
    if (!option->get_default_str().empty()) text += "; else " + option->get_default_str();
    if (option->get_required() && !option->get_positional()) text += " (required)";
    return text;
  }
};

// The command that has been named, or the root.
const CLI::App& named_command(const CLI::App& app) {
  auto commands = app.get_subcommands();
  return commands.empty() ? app : named_command(*commands.front());
}

// "fanfare log stat".
std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

std::vector<std::string> known_words(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* subcommand : command.get_subcommands({})) words.push_back(subcommand->get_name());
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

// What is wrong with the command line, with a suggestion where one word is not known.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named_command(app);
  std::vector<std::string> unknown = command.remaining();
  if (unknown.empty()) unknown = app.remaining();
  if (unknown.empty()) return error.what();
  std::string typed = unknown.front().substr(0, unknown.front().find('='));
  bool is_command = !command.get_subcommands({}).empty() && !typed.starts_with('-');
  std::string message = is_command               ? "unknown command '"
                        : typed.starts_with('-') ? "unknown option '"
                                                 : "one argument too many: '";
  message += printable(typed) + "'";
  std::string nearest = nearest_word(typed, known_words(command));
  if (!nearest.empty()) message += "; did you mean '" + nearest + "'?";
  return message;
}

ExitCode usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named_command(app);
  std::string name = full_name(command);
  std::fprintf(stderr, "%s: %s\nTry `%s --help`.\n", name.c_str(), usage_message(app, error).c_str(), name.c_str());
  return ExitCode::kUsage;
}

ExitCode run_program(int argc, char** argv) {
  Run run;
  CLI::App app("Pushes events to browsers and programs over Server-Sent Events.", "fanfare");
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(kHelpColumn);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("--version", "fanfare " + std::string(kVersion), "Print the version");
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  add_serve_command(app, run);
  add_publish_command(app, run);
  add_listen_command(app, run);
  add_token_command(app, run);
  add_log_command(app, run);
  add_completion_command(app, run);
  for (CLI::App* command : app.get_subcommands({})) command->group("Commands");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    return static_cast<ExitCode>(app.exit(wanted));
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  if (run) return run();
  std::fputs(app.help().c_str(), stderr);
  return ExitCode::kUsage;
}

}  // namespace
}  // namespace fanfare::cli

int main(int argc, char** argv) {
  return static_cast<int>(fanfare::cli::run_program(argc, argv));
}
