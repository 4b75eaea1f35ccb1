// A TOML document as plain values that know their places in it, and the messages that name those places. What the
// configuration and the rules of topics are read from; toml++ stays in toml_file.cc.
// Immutable after parse(); any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare::cli {

struct TomlPlace {
  std::size_t line = 0;  // from 1, as columns are
  std::size_t column = 0;
};

enum class TomlType { kTable, kArray, kString, kInteger, kFloat, kBoolean, kTime };

struct TomlMember;

// What of it counts depends on the type; of a float or a time, nothing is kept but the type.
struct TomlValue {
  TomlType type = TomlType::kTable;
  TomlPlace place;
  std::string string;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<TomlValue> elements;  // of an array
  std::vector<TomlMember> members;  // of a table, as they stand in the file

  const TomlMember* find(std::string_view key) const;  // nullptr: there is none
};

struct TomlMember {
  std::string key;
  TomlPlace place;  // of the key
  TomlValue value;
};

class TomlFile {
 public:
  // name: what messages call the file.
  static Result<TomlFile> parse(std::string_view text, std::string name);

  const TomlValue& root() const { return root_; }

  // "NAME:LINE"
  std::string line_of(TomlPlace place) const;
  // "NAME:LINE:COLUMN: message"
  std::unexpected<Error> wrong(TomlPlace place, const std::string& message) const;
  // Names the nearest of those that there are, or all.
  std::unexpected<Error> unknown_key(const TomlMember& member, std::span<const std::string> known) const;
  // "KEY takes WANTED, not an integer"; value: the member's, or an element of it.
  std::unexpected<Error> wrong_type(const TomlMember& member, const TomlValue& value, std::string_view wanted) const;

 private:
  TomlFile(std::string name, TomlValue root) : name_(std::move(name)), root_(std::move(root)) {}

  std::string name_;
  TomlValue root_;
};

// As a TOML basic string, in quotes.
std::string toml_string(std::string_view text);

}  // namespace fanfare::cli
