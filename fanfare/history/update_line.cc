#include "fanfare/history/update_line.h"

#include <simdjson.h>
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/base/json_string.h"
#include "fanfare/base/time_text.h"
#include "fanfare/base/utf8.h"

namespace fanfare {
namespace {

struct Member {
  std::string_view name;
  std::string_view takes;
};
constexpr Member kTopic{"topic", "a string"};
constexpr Member kTopics{"topics", "a list of one or more strings"};
constexpr Member kData{"data", "a string"};
constexpr Member kId{"id", "a string"};
constexpr Member kType{"type", "a string"};
constexpr Member kRetry{"retry", "a whole number of milliseconds"};
constexpr Member kPrivate{"private", "true or false"};
constexpr Member kTime{"time", "anything"};
constexpr std::array kMembers = {&kTopic, &kTopics, &kData, &kId, &kType, &kRetry, &kPrivate, &kTime};

std::string in_quotes(std::string_view name) {
  std::string text;
  append_json_string(text, name);
  return text;
}

// A parser keeps some ten times the bytes of the longest text that it was given.
constexpr std::size_t kKeptParserLineBytes = 16 * 1024;

std::string why_not_json(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "it is not UTF-8";
    case simdjson::NUMBER_ERROR:
      return "it is not JSON: a number is misspelt, or is beyond 64 bits";
    case simdjson::DEPTH_ERROR:
      return "it is nested deeper than " + std::to_string(simdjson::DEFAULT_MAX_DEPTH);
    default:
      return std::string("it is not JSON: ") + simdjson::error_message(error);
  }
}

std::unexpected<Error> takes_another(const Member& member) {
  return fail(in_quotes(member.name) + " takes " + std::string(member.takes));
}

template <typename Value>
bool take(simdjson::dom::element element, Value& value) {
  return element.get(value) == simdjson::SUCCESS;
}

bool take_text(simdjson::dom::element element, std::string& text) {
  std::string_view bytes;
  if (!take(element, bytes)) return false;
  text = bytes;
  return true;
}

bool take_texts(simdjson::dom::element element, std::vector<std::string>& texts) {
  simdjson::dom::array array;
  if (!take(element, array)) return false;
  for (const simdjson::dom::element each : array) {
    if (!take_text(each, texts.emplace_back())) return false;
  }
  return !texts.empty();
}

// False: the member takes another value.
bool take_member(const Member& member, simdjson::dom::element value, Update& update) {
  if (&member == &kTopic) return take_text(value, update.topics.emplace_back());
  if (&member == &kTopics) return take_texts(value, update.topics);
  if (&member == &kData) return take_text(value, update.data);
  if (&member == &kId) return take_text(value, update.id);
  if (&member == &kType) return take_text(value, update.type);
  if (&member == &kRetry) return take(value, update.retry_ms.emplace());
  if (&member == &kPrivate) return take(value, update.is_private);
  return true;
}

Result<Update> update_of(const simdjson::dom::object& object, OtherMembers others) {
  Update update;
  std::array<bool, kMembers.size()> has_come{};
  for (const auto& [name, value] : object) {
    const auto known = std::ranges::find(kMembers, name, [](const Member* each) { return each->name; });
    if (known == kMembers.end()) {
      if (others == OtherMembers::kIgnored) continue;
      return fail(in_quotes(name) + " is not known: an update has topics, data, id, type, retry, private, time");
    }
    const Member& member = **known;
    if (std::exchange(has_come[static_cast<std::size_t>(known - kMembers.begin())], true)) {
      return fail(in_quotes(name) + " stands twice");
    }
    const bool is_topic = &member == &kTopic || &member == &kTopics;
    if (is_topic && !update.topics.empty()) return fail("give either \"topics\" or \"topic\"");
    if (!take_member(member, value, update)) return takes_another(member);
  }
  if (update.topics.empty()) return fail("\"topics\" is missing: [\"a\"], or \"topic\":\"a\"");
  return update;
}

Result<Update> read_by(simdjson::dom::parser& parser, std::string_view line, OtherMembers others) {
  simdjson::dom::element document;
  if (const auto error = parser.parse(line.data(), line.size()).get(document)) return fail(why_not_json(error));
  simdjson::dom::object object;
  if (!take(document, object)) return fail("it is not a JSON object");
  return update_of(object, others);
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

Result<Update> read_update_line(std::string_view line, OtherMembers others) {
  if (line.size() > kKeptParserLineBytes) {
    simdjson::dom::parser parser;
    return read_by(parser, line, others);
  }
  thread_local simdjson::dom::parser parser;
  return read_by(parser, line, others);
}

}  // namespace fanfare
