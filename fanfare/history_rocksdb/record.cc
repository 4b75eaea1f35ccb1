#include "fanfare/history_rocksdb/record.h"

#include <algorithm>

#include "fanfare/base/check.h"

namespace fanfare::stored {
namespace {

constexpr std::size_t kPositionBytes = 8;
constexpr std::size_t kLengthBytes = 4;

enum Flags : unsigned {
  kPrivate = 1,
  kHasRetry = 2,
  kChosenId = 4,
  kAllFlags = 7,
};

void append_big_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::string text_prefix(std::string_view text) {
  FANFARE_CHECK(text.size() <= UINT32_MAX);
  std::string key;
  key.reserve(kLengthBytes + text.size() + kPositionBytes);
  append_big_endian(key, text.size(), kLengthBytes);
  key.append(text);
  return key;
}

std::optional<Position> last_eight(std::string_view key) {
  if (key.size() < kLengthBytes + kPositionBytes) return std::nullopt;
  return read_big_endian(key.substr(key.size() - kPositionBytes));
}

void append_number(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, text.size());
  out.append(text);
}

// Takes values off the front of a record; one that is cut short or makes no sense sets `good` to false for good.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    good = false;
    return 0;
  }

  std::string_view text() {
    const std::uint64_t length = number();
    if (!good || length > rest.size()) {
      good = false;
      return {};
    }
    const auto result = rest.substr(0, length);
    rest.remove_prefix(length);
    return result;
  }
};

}  // namespace

std::string position_key(Position position) {
  std::string key;
  append_big_endian(key, position, kPositionBytes);
  return key;
}

std::optional<Position> read_position_key(std::string_view key) {
  if (key.size() != kPositionBytes) return std::nullopt;
  return read_big_endian(key);
}

std::string topic_prefix(std::string_view topic) {
  return text_prefix(topic);
}

std::string_view topic_of_prefix(std::string_view prefix) {
  return prefix.substr(std::min(prefix.size(), kLengthBytes));
}

std::string topic_key(std::string_view topic, Position position) {
  std::string key = text_prefix(topic);
  append_big_endian(key, ~position, kPositionBytes);
  return key;
}

std::string id_prefix(std::string_view id) {
  return text_prefix(id);
}

std::string id_key(std::string_view id, Position position) {
  std::string key = text_prefix(id);
  append_big_endian(key, position, kPositionBytes);
  return key;
}

std::optional<Position> position_of_topic_key(std::string_view key) {
  const auto complement = last_eight(key);
  if (!complement) return std::nullopt;
  return ~*complement;
}

std::optional<Position> position_of_id_key(std::string_view key) {
  return last_eight(key);
}

std::string encode_update(const Update& update, IdOrigin id_origin, std::uint64_t unix_ms) {
  unsigned flags = 0;
  if (update.is_private) flags |= kPrivate;
  if (update.retry_ms) flags |= kHasRetry;
  if (id_origin == IdOrigin::kPublisher) flags |= kChosenId;
  std::string record;
  record.reserve(update.memory_bytes());
  record.push_back(static_cast<char>(flags));
  append_number(record, unix_ms);
  append_number(record, update.topics.size());
  for (const auto& topic : update.topics) append_text(record, topic);
  append_text(record, update.type);
  if (update.retry_ms) append_number(record, *update.retry_ms);
  if (id_origin == IdOrigin::kPublisher) append_text(record, update.id);
  record.append(update.data);
  return record;
}

std::optional<RecordHead> decode_update(std::string_view record, Update& update) {
  if (record.empty()) return std::nullopt;
  const auto flags = static_cast<unsigned char>(record.front());
  if (flags > kAllFlags) return std::nullopt;
  Reader reader{record.substr(1)};
  RecordHead head{(flags & kChosenId) != 0 ? IdOrigin::kPublisher : IdOrigin::kHub, reader.number()};
  const std::uint64_t topics = reader.number();
  if (topics == 0 || topics > reader.rest.size()) return std::nullopt;  // each takes a byte at least
  update.topics.resize(topics);
  for (auto& topic : update.topics) topic.assign(reader.text());
  update.type.assign(reader.text());
  update.retry_ms.reset();
  if ((flags & kHasRetry) != 0) update.retry_ms = reader.number();
  update.id.clear();
  if (head.id_origin == IdOrigin::kPublisher) update.id.assign(reader.text());
  update.is_private = (flags & kPrivate) != 0;
  update.data.assign(reader.rest);
  if (!reader.good) return std::nullopt;
  return head;
}

std::optional<std::uint64_t> unix_ms_of(std::string_view record) {
  if (record.empty()) return std::nullopt;
  Reader reader{record.substr(1)};
  const std::uint64_t unix_ms = reader.number();
  if (!reader.good) return std::nullopt;
  return unix_ms;
}

}  // namespace fanfare::stored
