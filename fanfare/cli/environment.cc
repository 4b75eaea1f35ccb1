#include "fanfare/cli/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "fanfare/cli/suggest.h"

namespace fanfare::cli {
namespace {

constexpr std::string_view kPrefix = "FANFARE_";
// Of the other commands.
constexpr std::array<std::string_view, 3> kOthers = {kConfigVariable, "FANFARE_HUB", "FANFARE_TOKEN"};

// FANFARE_SERVICE_HOST, FANFARE_SERVICE_PORT_HTTP, FANFARE_PORT, FANFARE_PORT_80_TCP_ADDR, FANFARE_ENV_…, FANFARE_NAME:
// what containers are told of a service or a link with that name.
bool is_made_up(std::string_view variable) {
  const std::string_view rest = variable.substr(kPrefix.size());
  return rest == "PORT" || rest == "NAME" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_") ||
         rest.starts_with("ENV_");
}

const Setting* setting_of(std::string_view variable) {
  const auto found = std::ranges::find(settings(), variable, variable_of);
  return found == settings().end() ? nullptr : &*found;
}

std::unexpected<Error> unknown(const std::string& variable) {
  std::vector<std::string> known(kOthers.begin(), kOthers.end());
  for (const Setting& setting : settings()) known.push_back(variable_of(setting));
  return fail("there is no setting for $" + variable + "; " + suggestion(variable, known));
}

}  // namespace

Environment read_environment() {
  Environment environment;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry = *each;
    const auto equals = entry.find('=');
    if (equals == entry.npos || equals + 1 == entry.size()) continue;
    environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

std::string value_in(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::vector<std::string> split_words(std::string_view text, std::string_view separators) {
  std::vector<std::string> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
    if (text.empty()) return words;
    const auto end = std::min(text.find_first_of(separators), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

Result<Layer> read_variables(const Environment& environment) {
  Layer layer;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || value.empty()) continue;
    const Setting* setting = setting_of(name);
    if (setting == nullptr) {
      if (std::ranges::find(kOthers, name) != kOthers.end() || is_made_up(name)) continue;
      return unknown(name);
    }
    std::vector<std::string> texts = is_list(*setting) ? split_words(value) : std::vector{value};
    if (auto given = layer.give(*setting, std::move(texts), {Origin::From::kEnvironment, name}); !given) {
      return std::unexpected(std::move(given.error()));
    }
  }
  return layer;
}

}  // namespace fanfare::cli
