#include "fanfare/cli/config_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/cli/file_text.h"
#include "fanfare/cli/toml_file.h"

namespace fanfare::cli {
namespace {

constexpr std::size_t kConfigBytesMax = 1024 * 1024;
constexpr std::string_view kLimits = "limits";
constexpr std::string_view kIssuer = "issuer";
constexpr std::string_view kName = "name";

// The setting whose key this is.
const Setting* find_key(std::string_view key) {
  const Setting* setting = find_setting(key);
  return setting == nullptr || setting->kind == SettingKind::kLimits ? nullptr : setting;
}

bool is_limit(std::string_view key) {
  return std::ranges::find(limit_fields(), key, &LimitField::name) != limit_fields().end();
}

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    if (find_key(setting.name) != nullptr) keys.emplace_back(setting.name);
  }
  keys.emplace_back(kLimits);
  keys.emplace_back(kIssuer);
  return keys;
}

std::vector<std::string> known_keys_of_issuers() {
  std::vector<std::string> keys = {std::string(kName)};
  for (const Setting& setting : settings()) {
    if (is_about_keys(setting)) keys.emplace_back(setting.name);
  }
  return keys;
}

TomlType type_of(SettingKind kind) {
  if (kind == SettingKind::kSwitch) return TomlType::kBoolean;
  return kind == SettingKind::kNumber ? TomlType::kInteger : TomlType::kString;
}

std::string wanted_of(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::kSwitch:
      return "true or false";
    case SettingKind::kNumber:
      return "a whole number";
    case SettingKind::kList:
    case SettingKind::kFiles:
      return "an array of strings";
    default:
      return "a string";
  }
}

std::string scalar_text(const TomlValue& value) {
  if (value.type == TomlType::kBoolean) return value.boolean ? "true" : "false";
  return value.type == TomlType::kInteger ? std::to_string(value.integer) : value.string;
}

class ConfigFile {
 public:
  ConfigFile(const TomlFile& file, const std::string& path)
      : file_(file), directory_(std::filesystem::path(path).parent_path()) {}

  Result<Layer> read();

 private:
  Result<void> take(const TomlMember& member);
  Result<void> take_limits(const TomlMember& member);
  Result<void> take_issuers(const TomlMember& member);
  Result<GivenIssuer> issuer_of(const TomlMember& member, const TomlValue& table) const;
  Result<std::vector<std::string>> texts_of(const Setting& setting, const TomlMember& member) const;
  Origin origin_of(const TomlMember& member) const { return {Origin::From::kFile, file_.line_of(member.place)}; }

  const TomlFile& file_;
  const std::filesystem::path directory_;
  Layer layer_;
};

Result<Layer> ConfigFile::read() {
  for (const TomlMember& member : file_.root().members) {
    auto taken = member.key == kLimits   ? take_limits(member)
                 : member.key == kIssuer ? take_issuers(member)
                                         : take(member);
    if (!taken) {
      return std::unexpected(std::move(taken.error()));
    }
  }
  return std::move(layer_);
}

Result<void> ConfigFile::take(const TomlMember& member) {
  if (is_limit(member.key)) return file_.wrong(member.place, member.key + " is a limit: put it below [limits]");
  const Setting* setting = find_key(member.key);
  if (setting == nullptr) return file_.unknown_key(member, known_keys());
  auto texts = texts_of(*setting, member);
  if (!texts) return std::unexpected(std::move(texts.error()));
  return layer_.give(*setting, std::move(*texts), origin_of(member));
}

Result<std::vector<std::string>> ConfigFile::texts_of(const Setting& setting, const TomlMember& member) const {
  const TomlValue& value = member.value;
  const bool is_path = setting.kind == SettingKind::kFile || setting.kind == SettingKind::kFiles ||
                       setting.kind == SettingKind::kDirectory;
  const auto placed = [&](const std::string& text) {
    return is_path && !text.empty() ? (directory_ / text).string() : text;
  };
  if (is_list(setting) && value.type == TomlType::kArray) {
    std::vector<std::string> texts;
    for (const TomlValue& each : value.elements) {
      if (each.type != TomlType::kString) return file_.wrong_type(member, each, "strings");
      texts.push_back(placed(each.string));
    }
    return texts;
  }
  if (value.type != type_of(setting.kind)) return file_.wrong_type(member, value, wanted_of(setting));
  return std::vector{placed(scalar_text(value))};
}

Result<void> ConfigFile::take_limits(const TomlMember& member) {
  if (member.value.type != TomlType::kTable) return file_.wrong_type(member, member.value, "a table: [limits]");
  for (const TomlMember& limit : member.value.members) {
    if (find_key(limit.key) != nullptr) {
      return file_.wrong(limit.place, limit.key + " is no limit: put it above the table [limits]");
    }
    if (is_limit(limit.key) && limit.value.type != TomlType::kInteger)
      return file_.wrong_type(limit, limit.value, "a whole number");
    if (auto given = layer_.give_limit(limit.key, scalar_text(limit.value), origin_of(limit)); !given) return given;
  }
  return {};
}

Result<void> ConfigFile::take_issuers(const TomlMember& member) {
  if (member.value.type != TomlType::kArray) return file_.wrong_type(member, member.value, "tables: [[issuer]]");
  for (const TomlValue& each : member.value.elements) {
    if (each.type != TomlType::kTable) return file_.wrong_type(member, each, "tables: [[issuer]]");
    auto issuer = issuer_of(member, each);
    if (!issuer) return std::unexpected(std::move(issuer.error()));
    layer_.issuers.push_back(std::move(*issuer));
  }
  return {};
}

Result<GivenIssuer> ConfigFile::issuer_of(const TomlMember& member, const TomlValue& table) const {
  GivenIssuer issuer;
  Layer keys;
  for (const TomlMember& each : table.members) {
    if (each.key == kName) {
      if (each.value.type != TomlType::kString) return file_.wrong_type(each, each.value, "a string");
      issuer.name = {{each.value.string}, origin_of(each)};
      continue;
    }
    const Setting* setting = find_key(each.key);
    if (setting == nullptr || !is_about_keys(*setting)) return file_.unknown_key(each, known_keys_of_issuers());
    auto texts = texts_of(*setting, each);
    if (!texts) return std::unexpected(std::move(texts.error()));
    if (auto given = keys.give(*setting, std::move(*texts), origin_of(each)); !given) {
      return std::unexpected(std::move(given.error()));
    }
  }
  if (issuer.name.texts.empty() || issuer.name.texts.front().empty()) {
    const TomlPlace place = table.members.empty() ? member.place : table.members.front().place;
    return file_.wrong(place, "an issuer takes a name: what its tokens have as iss, exactly");
  }
  issuer.keys = std::move(keys.settings);
  return issuer;
}

}  // namespace

Result<Layer> parse_config_file(std::string_view text, const std::string& path) {
  const auto file = TomlFile::parse(text, path);
  if (!file) return std::unexpected(file.error());
  return ConfigFile(*file, path).read();
}

Result<Layer> read_config_file(const std::string& path) {
  const auto text = read_file(path, kConfigBytesMax);
  if (!text) return fail("cannot read the configuration '" + path + "': " + text.error().message);
  return parse_config_file(*text, path);
}

}  // namespace fanfare::cli
