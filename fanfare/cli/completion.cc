#include "fanfare/cli/completion.h"

namespace fanfare::cli {
namespace {

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::vector<std::string> option_names(const std::vector<OptionDescription>& options) {
  std::vector<std::string> names;
  for (const auto& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

// Puts a backslash before each of the special characters.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// In single quotes, for bash and zsh.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// The bash command that fills COMPREPLY with such values; empty where there is nothing to offer.
std::string bash_reply(const ValueHint& value) {
  switch (value.kind) {
    case ValueKind::kFile:
      return "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
    case ValueKind::kDirectory:
      return "mapfile -t COMPREPLY < <(compgen -d -- \"$current\")";
    case ValueKind::kChoice:
      return "mapfile -t COMPREPLY < <(compgen -W " + quoted(joined(value.choices, " ")) + " -- \"$current\")";
    default:
      return "";
  }
}

void append_bash_command(std::string& out, const CommandDescription& command) {
  out += "    " + command.name + ")\n";
  out += "      case $previous in\n";
  for (const auto& option : command.options) {
    if (option.value.kind == ValueKind::kNone) continue;
    std::string reply = bash_reply(option.value);
    out += "        " + joined(option.names, "|") + ") " + (reply.empty() ? "" : reply + "; ") + "return ;;\n";
  }
  out += "      esac\n";
  std::string reply = command.positionals.empty() ? "" : bash_reply(command.positionals.front());
  if (!reply.empty()) out += "      if [[ $current != -* ]]; then " + reply + "; return; fi\n";
  out += "      words=" + quoted(joined(option_names(command.options), " ")) + " ;;\n";
}

// One specification of zsh's _arguments: '(-q --quiet)'{-q,--quiet}'[summary]:NAME:action'.
std::string zsh_value(const ValueHint& value) {
  std::string name = escaped(value.name, ":\\");
  switch (value.kind) {
    case ValueKind::kNone:
      return "";
    case ValueKind::kText:
      return ":" + name + ": ";
    case ValueKind::kFile:
      return ":" + name + ":_files";
    case ValueKind::kDirectory:
      return ":" + name + ":_files -/";
    case ValueKind::kChoice:
      return ":" + name + ":(" + joined(value.choices, " ") + ")";
  }
  return "";
}

std::string zsh_option(const OptionDescription& option) {
  std::string out;
  for (const std::string& name : option.names) {
    std::string before = option.repeats ? "*" : "(" + joined(option.names, " ") + ")";
    out += " \\\n        " +
           quoted(before + name + "[" + escaped(option.summary, "[]:\\") + "]" + zsh_value(option.value));
  }
  return out;
}

void append_zsh_command(std::string& out, const CommandDescription& command) {
  out += "    " + command.name + ")\n      _arguments -s -S";
  for (const auto& option : command.options) out += zsh_option(option);
  for (const auto& positional : command.positionals) {
    bool is_last = &positional == &command.positionals.back();
    out += " \\\n        " + quoted((is_last ? "*" : "") + zsh_value(positional));
  }
  out += "\n      ;;\n";
}

std::string fish_quoted(std::string_view text) {
  return "'" + escaped(text, "'\\") + "'";
}

std::string fish_value(const ValueHint& value) {
  switch (value.kind) {
    case ValueKind::kNone:
      return "";
    case ValueKind::kText:
      return " -x";
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kDirectory:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kChoice:
      return " -x -a " + fish_quoted(joined(value.choices, " "));
  }
  return "";
}

void append_fish_option(std::string& out, const std::string& begin, const OptionDescription& option) {
  out += begin;
  for (const std::string& name : option.names) {
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  out += fish_value(option.value) + " -d " + fish_quoted(option.summary) + "\n";
}

}  // namespace

std::string bash_completion(const ProgramDescription& program) {
  std::string function = "_" + program.name;
  std::string out = "# bash completion for " + program.name + ": source <(" + program.name + " completion bash)\n";
  out += function + "() {\n";
  out += "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words\n";
  out += "  COMPREPLY=()\n";
  std::vector<std::string> names;
  for (const auto& command : program.commands) names.push_back(command.name);
  for (const std::string& name : option_names(program.options)) names.push_back(name);
  out += "  if ((COMP_CWORD == 1)); then\n";
  out += "    mapfile -t COMPREPLY < <(compgen -W " + quoted(joined(names, " ")) + " -- \"$current\")\n";
  out += "    return\n  fi\n";
  out += "  case ${COMP_WORDS[1]} in\n";
  for (const auto& command : program.commands) append_bash_command(out, command);
  out += "    *) return ;;\n  esac\n";
  out += "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n";
  out += "}\n";
  out += "complete -o filenames -F " + function + " " + program.name + "\n";
  return out;
}

std::string zsh_completion(const ProgramDescription& program) {
  std::string function = "_" + program.name;
  std::string out = "#compdef " + program.name + "\n";
  out += "# zsh completion for " + program.name + ": source <(" + program.name + " completion zsh)\n";
  out += function + "() {\n  local context state state_descr line\n  typeset -A opt_args\n";
  out += "  local -a commands=(";
  for (const auto& command : program.commands) {
    out += "\n    " + quoted(escaped(command.name, ":\\") + ":" + escaped(command.summary, "\\"));
  }
  out += "\n  )\n  _arguments -C";
  for (const auto& option : program.options) out += zsh_option(option);
  out += " \\\n        '1:command:->command' '*::argument:->argument' && return\n";
  out += "  if [[ $state == command ]]; then _describe command commands; return; fi\n";
  out += "  case $words[1] in\n";
  for (const auto& command : program.commands) append_zsh_command(out, command);
  out += "  esac\n}\n";
  out += "if [[ $funcstack[1] == " + function + " ]]; then " + function + " \"$@\"; else compdef " + function + " " +
         program.name + "; fi\n";
  return out;
}

std::string fish_completion(const ProgramDescription& program) {
  std::string complete = "complete -c " + program.name;
  std::string out = "# fish completion for " + program.name + ": " + program.name + " completion fish | source\n";
  out += complete + " -f\n";
  for (const auto& option : program.options) {
    append_fish_option(out, complete + " -n __fish_use_subcommand", option);
  }
  for (const auto& command : program.commands) {
    out += complete + " -n __fish_use_subcommand -a " + command.name + " -d " + fish_quoted(command.summary) + "\n";
  }
  for (const auto& command : program.commands) {
    std::string begin = complete + " -n '__fish_seen_subcommand_from " + command.name + "'";
    for (const auto& option : command.options) append_fish_option(out, begin, option);
    for (const auto& positional : command.positionals) {
      std::string value = fish_value(positional);
      if (positional.kind != ValueKind::kText) out += begin + value + "\n";
    }
  }
  return out;
}

}  // namespace fanfare::cli
