#include "fanfare/server/publication.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "fanfare/base/utf8.h"
#include "fanfare/history/update_line.h"
#include "fanfare/server/reserved_topic.h"
#include "fanfare/server/routes.h"
#include "fanfare/url/form.h"

namespace fanfare {
namespace {

constexpr std::size_t kOtherFieldsMax = 64;

std::unexpected<Rejection> refuse(int status, std::string reason) {
  return std::unexpected(Rejection{status, std::move(reason)});
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string at_most(std::size_t bytes_max, std::size_t bytes) {
  return " has at most " + std::to_string(bytes_max) + " bytes, and this one " + std::to_string(bytes);
}

std::expected<void, Rejection> check_topic(std::string_view topic, const Limits& limits) {
  if (topic.empty()) return refuse(400, "a topic is empty: a topic is a URL or any other text");
  if (topic == "*") return refuse(400, "'*' selects all topics and is none: publish to a topic of its own");
  if (topic.size() > limits.topic_bytes_max) {
    return refuse(400, "a topic" + at_most(limits.topic_bytes_max, topic.size()));
  }
  if (!is_valid_utf8(topic)) return refuse(400, "a topic is not UTF-8; in a form, its bytes are percent-encoded");
  if (has_control(topic)) return refuse(400, "a topic has control characters: it is a single line of text");
  if (is_reserved_topic(topic)) {
    return refuse(400, "the topic '" + std::string(topic) + "' is the hub's own: it leads to " + std::string(kHubPath) +
                           ", where nobody may publish; choose another path");
  }
  return {};
}

std::expected<void, Rejection> check_topics(const Update& update, const Limits& limits) {
  if (update.topics.empty()) return refuse(400, "the field 'topic' is missing: an update has one topic or more");
  if (update.topics.size() > limits.topics_per_update_max) {
    return refuse(413, "an update has at most " + std::to_string(limits.topics_per_update_max) +
                           " topics, and this one " + std::to_string(update.topics.size()));
  }
  for (const auto& topic : update.topics) {
    if (auto checked = check_topic(topic, limits); !checked) return checked;
  }
  return {};
}

std::expected<void, Rejection> check_id(std::string_view id, const Limits& limits) {
  if (id.size() > limits.event_id_bytes_max)
    return refuse(400, "an id" + at_most(limits.event_id_bytes_max, id.size()));
  if (!is_valid_utf8(id)) return refuse(400, "the id is not UTF-8");
  if (has_control(id)) return refuse(400, "the id has control characters: it is a single line of text");
  if (id.starts_with('#'))
    return refuse(400, "the id begins with '#', as only ids that a hub chooses do: leave that out");
  if (id == "earliest") return refuse(400, "the id 'earliest' means the beginning of the log: choose another");
  return {};
}

std::expected<void, Rejection> check_type(std::string_view type, const Limits& limits) {
  if (type.size() > limits.event_type_bytes_max) {
    return refuse(400, "a type" + at_most(limits.event_type_bytes_max, type.size()));
  }
  if (!is_valid_utf8(type)) return refuse(400, "the type is not UTF-8");
  if (has_control(type)) return refuse(400, "the type has control characters: it is a single line of text");
  return {};
}

std::expected<void, Rejection> check_data(std::string_view data, const Limits& limits) {
  if (data.size() > limits.update_bytes_max) {
    return refuse(413, "the data of an update" + at_most(limits.update_bytes_max, data.size()));
  }
  if (!is_valid_utf8(data))
    return refuse(400, "the data is not UTF-8, as an event stream is: encode it, with base64 say");
  return {};
}

std::expected<std::optional<std::uint64_t>, Rejection> parse_retry(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t retry_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), retry_ms);
  if (error != std::errc() || end != text.data() + text.size()) {
    return refuse(400, "retry is a whole number of milliseconds, in digits, below 2^64");
  }
  return retry_ms;
}

std::expected<Update, Rejection> read_line(std::string_view line, const Limits& limits) {
  if (line.empty()) return refuse(400, "it is empty: each line is an update, {\"topic\":\"a\",\"data\":\"…\"}");
  auto update = read_update_line(line, OtherMembers::kIgnored);
  if (!update) return refuse(400, update.error().message);
  if (auto checked = check_update(*update, limits); !checked) return std::unexpected(std::move(checked.error()));
  return std::move(*update);
}

}  // namespace

std::expected<void, Rejection> check_update(const Update& update, const Limits& limits) {
  if (auto checked = check_topics(update, limits); !checked) return checked;
  if (auto checked = check_id(update.id, limits); !checked) return checked;
  if (auto checked = check_type(update.type, limits); !checked) return checked;
  return check_data(update.data, limits);
}

std::expected<Update, Rejection> read_form(std::string_view form, const Limits& limits) {
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
  auto retry_ms = parse_retry(retry);
  if (!retry_ms) return std::unexpected(std::move(retry_ms.error()));
  update.retry_ms = *retry_ms;
  if (auto checked = check_update(update, limits); !checked) return std::unexpected(std::move(checked.error()));
  return update;
}

std::expected<std::vector<Update>, Rejection> read_lines(std::string_view body, const Limits& limits) {
  if (body.empty()) return refuse(400, "the body is empty: each line is an update, {\"topic\":\"a\",\"data\":\"…\"}");
  if (body.ends_with('\n')) body.remove_suffix(1);
  const auto count = static_cast<std::size_t>(std::ranges::count(body, '\n')) + 1;
  if (count > limits.updates_per_batch_max) {
    return refuse(413, "a request has at most " + std::to_string(limits.updates_per_batch_max) +
                           " updates, and this one " + std::to_string(count) + " lines");
  }
  std::vector<Update> updates;
  updates.reserve(count);
  for (std::size_t line = 1; line <= count; ++line) {
    const auto end = std::min(body.find('\n'), body.size());
    auto update = read_line(body.substr(0, end), limits);
    if (!update) return std::unexpected(in_line(line, std::move(update.error())));
    updates.push_back(std::move(*update));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return updates;
}

Rejection in_line(std::size_t line, Rejection rejection) {
  rejection.reason.insert(0, "line " + std::to_string(line) + ": ");
  return rejection;
}

}  // namespace fanfare
