// Completion scripts for shells, written from a description of the command line. What it is not: it knows no command
// of Fanfare; completion_command.cc reads the description from the option parser itself. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fanfare::cli {

// What completes a value.
enum class ValueKind { kNone, kText, kFile, kDirectory, kChoice };  // kNone: a flag, which takes no value

struct ValueHint {
  ValueKind kind = ValueKind::kText;
  std::string name;                  // as --help shows it: "URL"
  std::vector<std::string> choices;  // of kChoice
};

struct OptionDescription {
  std::vector<std::string> names;  // with their dashes: "-q", "--quiet"
  std::string summary;
  ValueHint value;
  bool repeats = false;
};

struct CommandDescription {
  std::string name;
  std::string summary;
  std::vector<OptionDescription> options;
  std::vector<ValueHint> positionals;  // the last one also stands for those after it
};

struct ProgramDescription {
  std::string name;
  std::vector<OptionDescription> options;
  std::vector<CommandDescription> commands;
};

// Scripts for bash >= 4 (without the bash-completion package), zsh and fish.
std::string bash_completion(const ProgramDescription& program);
std::string zsh_completion(const ProgramDescription& program);
std::string fish_completion(const ProgramDescription& program);

}  // namespace fanfare::cli
