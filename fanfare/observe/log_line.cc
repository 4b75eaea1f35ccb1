#include "fanfare/observe/log_line.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "fanfare/base/utf8.h"

namespace fanfare {
namespace {

struct LevelNames {
  std::string_view text;
  std::string_view json;
  std::string_view colour;
};
constexpr std::array kLevels = {
    LevelNames{"DEBUG", "debug", "\x1B[2m"},
    LevelNames{"INFO", "info", "\x1B[32m"},
    LevelNames{"WARN", "warning", "\x1B[33m"},
    LevelNames{"ERROR", "error", "\x1B[31m"},
};
constexpr std::string_view kColourEnd = "\x1B[0m";

const LevelNames& names_of(LogLevel level) {
  return kLevels[static_cast<std::size_t>(level)];
}

// 2026-11-21T09:00:00.123Z
std::string date_time(LogTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

// Characters above U+007F that a terminal may obey or that make a line look like another: the C1 controls, soft
// hyphen, zero-width and directional marks, line separators, the byte order mark, tags.
bool is_treacherous(std::string_view character) {
  constexpr std::string_view kRanges[][2] = {
      {"\xC2\x80", "\xC2\x9F"},                  // U+0080 .. U+009F
      {"\xC2\xAD", "\xC2\xAD"},                  // U+00AD
      {"\xD8\x9C", "\xD8\x9C"},                  // U+061C
      {"\xE2\x80\x8B", "\xE2\x80\x8F"},          // U+200B .. U+200F
      {"\xE2\x80\xA8", "\xE2\x80\xAE"},          // U+2028 .. U+202E
      {"\xE2\x81\xA0", "\xE2\x81\xAF"},          // U+2060 .. U+206F
      {"\xEF\xBB\xBF", "\xEF\xBB\xBF"},          // U+FEFF
      {"\xF3\xA0\x80\x80", "\xF3\xA0\x81\xBF"},  // U+E0000 .. U+E007F
  };
  return std::ranges::any_of(kRanges,
                             [&](const auto& range) { return range[0] <= character && character <= range[1]; });
}

// The length of the character above U+007F that the bytes begin with, if it is well-formed and harmless; else 0.
std::size_t shown_as_is(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (lead < 0xC0) return 0;
  const std::string_view character = bytes.substr(0, lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2);
  return is_valid_utf8(character) && !is_treacherous(character) ? character.size() : 0;
}

void append_escaped(std::string& line, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  line.push_back('\\');
  switch (c) {
    case '"':
    case '\\':
      line.push_back(c);
      return;
    case '\n':
      line.push_back('n');
      return;
    case '\r':
      line.push_back('r');
      return;
    case '\t':
      line.push_back('t');
      return;
    default:
      line.push_back('x');
      line.push_back(kHex[byte >> 4]);
      line.push_back(kHex[byte & 15]);
  }
}

void append_text(std::string& line, std::string_view value) {
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; };
  if (!value.empty() && std::ranges::all_of(value, is_plain)) {
    line += value;
    return;
  }
  line.push_back('"');
  while (!value.empty()) {
    const char c = value[0];
    std::size_t taken = is_plain(c) || c == ' ' || c == '=' ? 1 : shown_as_is(value);
    if (taken == 0) {
      append_escaped(line, c);
      taken = 1;
    } else {
      line += value.substr(0, taken);
    }
    value.remove_prefix(taken);
  }
  line.push_back('"');
}

void append_text(std::string& line, std::int64_t value) {
  line += std::to_string(value);
}

void append_text(std::string& line, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  line += text;
}

void append_text(std::string& line, bool value) {
  line += value ? "true" : "false";
}

}  // namespace

std::string text_log_line(LogTime time, LogLevel level, std::string_view event, std::span<const LogField> fields,
                          LogColour colour) {
  const auto& names = names_of(level);
  std::string line = date_time(time) + " ";
  if (colour == LogColour::kColoured) {
    line.append(names.colour).append(names.text).append(kColourEnd);
  } else {
    line += names.text;
  }
  line.push_back(' ');
  append_text(line, event);
  for (const auto& field : fields) {
    line.append(" ").append(field.key).append("=");
    std::visit([&](const auto& value) { append_text(line, value); }, field.value);
  }
  return line;
}

std::string json_log_line(LogTime time, LogLevel level, std::string_view event, std::span<const LogField> fields) {
  nlohmann::ordered_json line = {{"time", date_time(time)}, {"level", names_of(level).json}, {"event", event}};
  for (const auto& field : fields) {
    std::visit([&](const auto& value) { line.emplace(field.key, value); }, field.value);
  }
  return line.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace fanfare
