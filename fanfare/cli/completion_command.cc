// `fanfare completion SHELL`: a completion script written from the option parser's own commands and options.
#include <algorithm>
#include <csignal>
#include <memory>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "fanfare/cli/commands.h"
#include "fanfare/cli/completion.h"
#include "fanfare/cli/output.h"

namespace fanfare::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  source <(fanfare completion bash)          # in ~/.bashrc
  source <(fanfare completion zsh)           # in ~/.zshrc, after compinit
  fanfare completion fish | source           # in ~/.config/fish/config.fish)";

// The choices in a type name of the form "SHELL:{bash,zsh,fish}"; empty without.
std::vector<std::string> choices_in(std::string_view type_name) {
  std::vector<std::string> choices;
  std::size_t open = type_name.find('{');
  std::size_t close = type_name.rfind('}');
  if (open == std::string_view::npos || close == std::string_view::npos) return choices;
  return CLI::detail::split(std::string(type_name.substr(open + 1, close - open - 1)), ',');
}

ValueHint describe_value(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {ValueKind::kNone, "", {}};
  std::string type = option.get_type_name();
  std::vector<std::string> choices = choices_in(type);
  std::string name = option.get_positional() ? option.get_name() : type.substr(0, type.find(":{"));
  if (!choices.empty()) return {ValueKind::kChoice, name, choices};
  ValueKind kind = name == "FILE" ? ValueKind::kFile : name == "DIR" ? ValueKind::kDirectory : ValueKind::kText;
  return {kind, name, {}};
}

OptionDescription describe_option(const CLI::Option& option) {
  OptionDescription description;
  for (const std::string& name : option.get_snames()) description.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) description.names.push_back("--" + name);
  description.summary = option.get_description();
  description.value = describe_value(option);
  description.repeats = option.get_items_expected_max() > 1;
  return description;
}

CommandDescription describe_command(const CLI::App& app);

// What a command's own commands take is offered after the command: their names as its first argument, and the options
// of all.
void add_commands_of(const CLI::App& app, CommandDescription& command) {
  std::vector<std::string> names;
  for (const CLI::App* each : app.get_subcommands({})) {
    names.push_back(each->get_name());
    for (OptionDescription& option : describe_command(*each).options) {
      const auto is_same = [&](const OptionDescription& known) { return known.names == option.names; };
      if (std::ranges::none_of(command.options, is_same)) command.options.push_back(std::move(option));
    }
  }
  if (!names.empty()) command.positionals.push_back({ValueKind::kChoice, "COMMAND", std::move(names)});
}

CommandDescription describe_command(const CLI::App& app) {
  CommandDescription command{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    bool is_hidden = option->get_group().empty();
    if (is_hidden) continue;
    if (option->get_positional()) command.positionals.push_back(describe_value(*option));
    if (!option->get_snames().empty() || !option->get_lnames().empty())
      command.options.push_back(describe_option(*option));
  }
  const bool is_program = app.get_parent() == nullptr;
  if (!is_program) add_commands_of(app, command);
  return command;
}

ProgramDescription describe_program(const CLI::App& app) {
  ProgramDescription program{app.get_name(), describe_command(app).options, {}};
  auto is_shown = [](const CLI::App* command) { return !command->get_group().empty(); };
  for (const CLI::App* command : app.get_subcommands(is_shown)) program.commands.push_back(describe_command(*command));
  return program;
}

ExitCode print_completion(const CLI::App& app, std::string_view shell) {
  std::signal(SIGPIPE, SIG_IGN);
  ProgramDescription program = describe_program(app);
  std::string script = shell == "bash"  ? bash_completion(program)
                       : shell == "zsh" ? zsh_completion(program)
                                        : fish_completion(program);
  return write_all(STDOUT_FILENO, script) == Wrote::kAll ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace

void add_completion_command(CLI::App& app, Run& run) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for your shell");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(kFooter);
  command->callback([&app, &run, shell] { run = [&app, shell] { return print_completion(app, *shell); }; });
}

}  // namespace fanfare::cli
