#include "fanfare/cli/effective_config.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/cli/toml_file.h"
#include "fanfare/jwks/jwks_url.h"

namespace fanfare::cli {
namespace {

constexpr std::size_t kCommentColumnMax = 48;

struct Line {
  std::string text;
  std::string comment;
};

std::string toml_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list.append(list.empty() ? "[" : ", ").append(toml_string(text));
  return list.empty() ? "[]" : list + "]";
}

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).string();
}

std::string toml_value(const Setting& setting, const Given& given) {
  switch (setting.kind) {
    case SettingKind::kSwitch:
    case SettingKind::kNumber:
      return given.texts.front();
    case SettingKind::kList:
      return toml_list(given.texts);
    case SettingKind::kFiles: {
      std::vector<std::string> paths;
      for (const std::string& text : given.texts) paths.push_back(absolute(text));
      return toml_list(paths);
    }
    case SettingKind::kFile:
    case SettingKind::kDirectory:
      return toml_string(absolute(given.texts.front()));
    default:
      return toml_string(given.texts.front());
  }
}

std::vector<Line> lines_of_settings(const GivenByName& all) {
  std::vector<Line> lines;
  for (const Setting& setting : settings()) {
    const auto given = all.find(setting.name);
    if (given == all.end()) continue;
    const std::string name(setting.name);
    const std::string comment = comment_of(given->second.origin);
    const auto url = setting.name.ends_with("-jwks-url") ? jwks::JwksUrl::parse(given->second.texts.front())
                                                         : Result<jwks::JwksUrl>(fail("no URL"));
    if (url && url->shown != url->text) {
      lines.push_back({"# " + name + " = " + toml_string(url->shown) + " (its query is not shown)", comment});
    } else if (setting.kind == SettingKind::kSecret) {
      lines.push_back({"# " + name + " = (not shown)", comment});
    } else {
      lines.push_back({name + " = " + toml_value(setting, given->second), comment});
    }
  }
  return lines;
}

std::vector<Line> lines_of_limits(const ServeConfig& config) {
  std::vector<Line> lines;
  for (const LimitField& field : limit_fields()) {
    const auto given = config.effective.limits.find(field.name);
    const Origin origin = given == config.effective.limits.end() ? Origin{} : given->second.origin;
    const std::string value = std::to_string(config.server.limits.*(field.member));
    lines.push_back({std::string(field.name) + " = " + value, comment_of(origin)});
  }
  return lines;
}

void append(std::string& text, const std::vector<Line>& lines) {
  std::size_t column = 0;
  for (const Line& line : lines) {
    if (line.text.size() <= kCommentColumnMax) column = std::max(column, line.text.size());
  }
  for (const Line& line : lines) {
    const std::size_t blanks = line.text.size() < column ? column - line.text.size() : 0;
    text.append(line.text).append(blanks, ' ').append("  # ").append(line.comment).append("\n");
  }
}

}  // namespace

std::string effective_toml(const ServeConfig& config) {
  std::string text;
  for (const Notice& notice : config.notices) text += "# " + notice.name + " has no effect: " + notice.advice + "\n";
  for (const std::string& fault : config.weak_keys) text += "# weak key: " + fault + "\n";
  if (!text.empty()) text += "\n";
  append(text, lines_of_settings(config.effective.settings));
  for (const GivenIssuer& issuer : config.effective.issuers) {
    std::vector<Line> lines = {{"name = " + toml_string(issuer.name.texts.front()), comment_of(issuer.name.origin)}};
    std::ranges::move(lines_of_settings(issuer.keys), std::back_inserter(lines));
    text += "\n[[issuer]]\n";
    append(text, lines);
  }
  text += "\n[limits]\n";
  append(text, lines_of_limits(config));
  return text;
}

}  // namespace fanfare::cli
