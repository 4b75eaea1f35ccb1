#include "fanfare/cli/toml_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>
#include <utility>

#include <toml++/toml.h>

#include "fanfare/cli/suggest.h"

namespace fanfare::cli {
namespace {

TomlPlace place_of(const toml::source_region& source) {
  return {source.begin.line, source.begin.column};
}

std::string_view name_of(TomlType type) {
  static constexpr std::array<std::string_view, 7> kNames = {"a table", "an array",  "a string",      "an integer",
                                                             "a float", "a boolean", "a date or time"};
  return kNames[static_cast<std::size_t>(type)];
}

// toml++ bounds how deep values may be nested.
// NOLINTNEXTLINE(misc-no-recursion)
TomlValue value_of(const toml::node& node) {
  TomlValue value;
  value.place = place_of(node.source());
  if (const auto* table = node.as_table()) {
    value.type = TomlType::kTable;
    for (const auto& [key, member] : *table) {
      value.members.push_back({std::string(key.str()), place_of(key.source()), value_of(member)});
    }
    std::ranges::sort(value.members, {},
                      [](const TomlMember& each) { return std::tuple(each.place.line, each.place.column); });
  } else if (const auto* array = node.as_array()) {
    value.type = TomlType::kArray;
    for (const toml::node& element : *array) value.elements.push_back(value_of(element));
  } else if (const auto* string = node.as_string()) {
    value.type = TomlType::kString;
    value.string = string->get();
  } else if (const auto* integer = node.as_integer()) {
    value.type = TomlType::kInteger;
    value.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.type = TomlType::kBoolean;
    value.boolean = boolean->get();
  } else {
    value.type = node.is_floating_point() ? TomlType::kFloat : TomlType::kTime;
  }
  return value;
}

std::unexpected<Error> wrong_at(const std::string& name, TomlPlace place, const std::string& message) {
  return fail(name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + message);
}

}  // namespace

const TomlMember* TomlValue::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &TomlMember::key);
  return found == members.end() ? nullptr : &*found;
}

Result<TomlFile> TomlFile::parse(std::string_view text, std::string name) {
  try {
    TomlValue root = value_of(toml::parse(text));
    return TomlFile(std::move(name), std::move(root));
  } catch (const toml::parse_error& error) {
    return wrong_at(name, place_of(error.source()), "this is no TOML: " + std::string(error.description()));
  }
}

std::string TomlFile::line_of(TomlPlace place) const {
  return name_ + ":" + std::to_string(place.line);
}

std::unexpected<Error> TomlFile::wrong(TomlPlace place, const std::string& message) const {
  return wrong_at(name_, place, message);
}

std::unexpected<Error> TomlFile::unknown_key(const TomlMember& member, std::span<const std::string> known) const {
  return wrong(member.place, "unknown key '" + member.key + "'; " + suggestion(member.key, known));
}

std::unexpected<Error> TomlFile::wrong_type(const TomlMember& member, const TomlValue& value,
                                            std::string_view wanted) const {
  return wrong(value.place, member.key + " takes " + std::string(wanted) + ", not " + std::string(name_of(value.type)));
}

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      quoted += {'\\', each};
    } else if (each == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> escape;
      quoted.append(escape.data(),
                    static_cast<std::size_t>(std::snprintf(escape.data(), escape.size(), "\\u%04X", byte)));
    } else {
      quoted += each;
    }
  }
  return quoted + '"';
}

}  // namespace fanfare::cli
