#include "fanfare/history/update_line.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "fanfare/base/json_string.h"
#include "fanfare/base/time_text.h"
#include "fanfare/base/utf8.h"

namespace fanfare {
namespace {

using Json = nlohmann::json;

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

// Takes the parser's events, so that nothing is built of what is not wanted. Each handler says whether to go on.
class LineReader final : public nlohmann::json_sax<Json> {
 public:
  explicit LineReader(OtherMembers others) : others_(others) {}

  Result<Update> finish() {
    if (error_) return std::unexpected(std::move(*error_));
    if (update_.topics.empty()) return fail("\"topics\" is missing: [\"a\"], or \"topic\":\"a\"");
    return std::move(update_);
  }

  bool key(string_t& name) override {
    if (depth_ > 1) return true;
    const auto known = std::ranges::find(kMembers, name, [](const Member* each) { return each->name; });
    member_ = known == kMembers.end() ? nullptr : *known;
    if (member_ == nullptr) {
      return others_ == OtherMembers::kIgnored ||
             refuse(in_quotes(name) + " is not known: an update has topics, data, id, type, retry, private, time");
    }
    bool& has_come = has_come_[static_cast<std::size_t>(known - kMembers.begin())];
    if (std::exchange(has_come, true)) return refuse(in_quotes(name) + " stands twice");
    const bool is_topic = member_ == &kTopic || member_ == &kTopics;
    return !is_topic || !std::exchange(has_topics_, true) || refuse("give either \"topics\" or \"topic\"");
  }

  bool string(string_t& text) override {
    if (depth_ == 2 && member_ == &kTopics) {
      update_.topics.push_back(std::move(text));
      return true;
    }
    if (depth_ != 1) return other_value();
    if (member_ == &kTopic) {
      update_.topics.push_back(std::move(text));
    } else if (member_ == &kData) {
      update_.data = std::move(text);
    } else if (member_ == &kId) {
      update_.id = std::move(text);
    } else if (member_ == &kType) {
      update_.type = std::move(text);
    } else {
      return other_value();
    }
    return true;
  }
  bool number_unsigned(number_unsigned_t number) override {
    if (depth_ != 1 || member_ != &kRetry) return other_value();
    update_.retry_ms = number;
    return true;
  }
  bool boolean(bool value) override {
    if (depth_ != 1 || member_ != &kPrivate) return other_value();
    update_.is_private = value;
    return true;
  }
  bool null() override { return other_value(); }
  bool number_integer(number_integer_t) override { return other_value(); }
  bool number_float(number_float_t, const string_t&) override { return other_value(); }
  bool binary(binary_t&) override { return other_value(); }

  bool start_object(std::size_t) override {
    if (depth_ > 0 && !other_value()) return false;
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    const bool is_topics = depth_ == 1 && member_ == &kTopics;
    if (!is_topics && !other_value()) return false;
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return depth_ != 1 || member_ != &kTopics || !update_.topics.empty() || other_value();
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("it is not JSON from byte " + std::to_string(position) + " on");
  }

 private:
  bool refuse(std::string message) {
    error_ = Error{std::move(message)};
    return false;
  }
  // A value that is none of an update's: it is let pass where nobody looks, and else the member takes another.
  bool other_value() {
    if (depth_ == 0) return refuse("it is not a JSON object");
    if (member_ == nullptr || member_ == &kTime) return true;
    return refuse(in_quotes(member_->name) + " takes " + std::string(member_->takes));
  }

  const OtherMembers others_;
  Update update_;
  std::optional<Error> error_;
  std::size_t depth_ = 0;           // 1: among the members
  const Member* member_ = nullptr;  // whose value is read; null: another
  std::array<bool, kMembers.size()> has_come_{};
  bool has_topics_ = false;
};

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
  if (!is_valid_utf8(line)) return fail("it is not UTF-8");
  LineReader reader(others);
  Json::sax_parse(line, &reader);
  return reader.finish();
}

}  // namespace fanfare
