// The form of a publication: every field rule of draft-dunglas-mercure-07 section 5 and what an event stream can carry.
#include <algorithm>
#include <charconv>

#include "fanfare/base/utf8.h"
#include "fanfare/event_stream/writer.h"
#include "fanfare/server/publish_endpoint.h"

namespace fanfare {
namespace {

constexpr std::size_t kOtherFieldsMax = 64;

std::unexpected<http::Response> refuse(int status, std::string_view reason) {
  return std::unexpected(http::text_response(status, reason));
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::expected<void, http::Response> check_topics(const Update& update, const Limits& limits) {
  if (update.topics.empty()) return refuse(400, "the field 'topic' is missing");
  if (update.topics.size() > limits.topics_per_update_max) {
    return refuse(413, "an update has at most " + std::to_string(limits.topics_per_update_max) + " topics");
  }
  for (const auto& topic : update.topics) {
    if (topic.empty()) return refuse(400, "a topic must not be empty");
    if (topic == "*") return refuse(400, "'*' selects topics; it is none");
    if (topic.size() > limits.topic_bytes_max) {
      return refuse(400, "a topic must not be longer than " + std::to_string(limits.topic_bytes_max) + " bytes");
    }
    if (!is_valid_utf8(topic) || has_control(topic)) {
      return refuse(400, "a topic must be UTF-8 without control characters");
    }
  }
  return {};
}

std::expected<void, http::Response> check_event(const Update& update, const Limits& limits) {
  if (update.data.size() > limits.update_bytes_max) {
    return refuse(
        413, "the data of an update must not be longer than " + std::to_string(limits.update_bytes_max) + " bytes");
  }
  if (!is_valid_utf8(update.data)) return refuse(400, "data must be UTF-8, as an event stream is");
  if (update.id.size() > limits.event_id_bytes_max || update.type.size() > limits.event_type_bytes_max) {
    return refuse(400, "the id or the type is too long");
  }
  if (!is_valid_utf8(update.id) || has_control(update.id)) {
    return refuse(400, "an id must be UTF-8 without control characters");
  }
  if (update.id.starts_with('#')) return refuse(400, "an id must not begin with '#'");
  if (update.id == "earliest") return refuse(400, "'earliest' means the beginning of the log; it is no id");
  if (!is_valid_utf8(update.type) || has_control(update.type)) {
    return refuse(400, "a type must be UTF-8 without control characters");
  }
  const auto writable = event_stream::validate({.type = update.type, .retry_ms = {}, .id = update.id, .data = {}});
  if (!writable) return refuse(400, writable.error().message);
  return {};
}

std::expected<std::optional<std::uint64_t>, http::Response> parse_retry(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t retry_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), retry_ms);
  if (error != std::errc() || end != text.data() + text.size()) {
    return refuse(400, "retry must be a whole number of milliseconds");
  }
  return retry_ms;
}

}  // namespace

std::expected<Update, http::Response> read_update(std::string_view form, const Limits& limits) {
  auto fields = url::parse_form(form, limits.topics_per_update_max + kOtherFieldsMax);
  if (!fields) return refuse(413, fields.error().message);
  Update update;
  std::string_view retry;
  bool seen_data = false;
  bool seen_id = false;
  bool seen_type = false;
  bool seen_retry = false;
  for (auto& [name, value] : *fields) {  // of a field that stands twice, the first counts
    if (name == "topic") {
      update.topics.push_back(std::move(value));
    } else if (name == "data" && !std::exchange(seen_data, true)) {
      update.data = std::move(value);
    } else if (name == "id" && !std::exchange(seen_id, true)) {
      update.id = std::move(value);
    } else if (name == "type" && !std::exchange(seen_type, true)) {
      update.type = std::move(value);
    } else if (name == "retry" && !std::exchange(seen_retry, true)) {
      retry = value;
    } else if (name == "private") {
      update.is_private = true;
    }
  }
  if (auto checked = check_topics(update, limits); !checked) return std::unexpected(std::move(checked.error()));
  if (auto checked = check_event(update, limits); !checked) return std::unexpected(std::move(checked.error()));
  auto retry_ms = parse_retry(retry);
  if (!retry_ms) return std::unexpected(std::move(retry_ms.error()));
  update.retry_ms = *retry_ms;
  return update;
}

}  // namespace fanfare
