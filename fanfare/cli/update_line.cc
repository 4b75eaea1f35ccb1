#include "fanfare/cli/update_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fanfare/base/time_text.h"
#include "fanfare/base/utf8.h"
#include "fanfare/cli/json_string.h"
#include "fanfare/cli/printable.h"

namespace fanfare::cli {
namespace {

using Json = nlohmann::json;

Result<std::string> string_of(const std::string& name, const Json& value) {
  if (!value.is_string()) return fail("\"" + name + "\" is not a string");
  return value.get<std::string>();
}

Result<std::vector<std::string>> topics_of(const Json& value) {
  const auto is_string = [](const Json& each) { return each.is_string(); };
  if (!value.is_array() || value.empty() || !std::ranges::all_of(value, is_string)) {
    return fail("\"topics\" is not a list of one or more strings");
  }
  return value.get<std::vector<std::string>>();
}

// Stores what was read, or passes its error on.
template <typename T, typename Target>
Result<void> store(Result<T> value, Target& target) {
  if (!value) return std::unexpected(std::move(value.error()));
  target = std::move(*value);
  return {};
}

Result<void> read_member(const std::string& name, const Json& value, LinedUpdate& update) {
  if (name == "topics") return store(topics_of(value), update.fields.topics);
  if (name == "data") return store(string_of(name, value), update.data);
  if (name == "id") return store(string_of(name, value), update.fields.id);
  if (name == "type") return store(string_of(name, value), update.fields.type);
  if (name == "time") return {};
  if (name == "retry") {
    if (!value.is_number_unsigned()) return fail("\"retry\" is not a whole number of milliseconds");
    update.fields.retry_ms = value.get<std::uint64_t>();
    return {};
  }
  if (name == "private") {
    if (!value.is_boolean()) return fail("\"private\" is neither true nor false");
    update.fields.privacy = value.get<bool>() ? Privacy::kPrivate : Privacy::kPublic;
    return {};
  }
  return fail("\"" + printable(name) + "\" is not known: an update has topics, data, id, type, retry, private, time");
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out.append(out.empty() ? "{\"" : ",\"").append(name).append("\":");
  append_json_string(out, text);
}

}  // namespace

Result<std::string> update_line(const LoggedUpdate& logged) {
  const Update& update = logged.update;
  const bool is_text = is_valid_utf8(update.id) && is_valid_utf8(update.type) && is_valid_utf8(update.data) &&
                       std::ranges::all_of(update.topics, is_valid_utf8);
  if (!is_text) return fail("the update at position " + std::to_string(logged.position) + " is not UTF-8");
  std::string line;
  append_member(line, "id", update.id);
  append_member(line, "time", format_rfc3339_ms(logged.unix_ms));
  line += ",\"topics\":[";
  for (const auto& topic : update.topics) {
    if (&topic != &update.topics.front()) line += ',';
    append_json_string(line, topic);
  }
  line += ']';
  if (!update.type.empty()) append_member(line, "type", update.type);
  if (update.retry_ms) line.append(",\"retry\":").append(std::to_string(*update.retry_ms));
  if (update.is_private) line += ",\"private\":true";
  append_member(line, "data", update.data);
  return line + "}\n";
}

Result<LinedUpdate> read_update_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return fail("it is not JSON");
  if (!json.is_object()) return fail("it is not a JSON object");
  for (const char* name : {"topics", "data"}) {
    if (!json.contains(name)) return fail(std::string("\"") + name + "\" is missing");
  }
  LinedUpdate update;
  for (const auto& [name, value] : json.items()) {
    if (auto read = read_member(name, value, update); !read) return std::unexpected(std::move(read.error()));
  }
  return update;
}

}  // namespace fanfare::cli
