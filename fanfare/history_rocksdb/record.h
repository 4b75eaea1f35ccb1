// The bytes of the stored log: the keys of its tables and the record of an update. docs/history_format.md draws them.
// What it is not: it knows nothing of the database that holds them.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/history/update.h"

namespace fanfare::stored {

// Table `updates`: position, big-endian, so that the order of keys is the order of the log.
std::string position_key(Position position);
std::optional<Position> read_position_key(std::string_view key);

// Table `topics`: length of the topic (4 bytes, big-endian), topic, complement of the position (8 bytes, big-endian):
// the updates of one topic stand together, the newest first. topic_prefix is all but the position.
std::string topic_prefix(std::string_view topic);
std::string_view topic_of_prefix(std::string_view prefix);
std::string topic_key(std::string_view topic, Position position);

// Table `ids`: the same with the event id and the position itself: the earliest of equal ids comes first.
std::string id_prefix(std::string_view id);
std::string id_key(std::string_view id, Position position);

// The position in a key of `topics` or `ids`; nothing if the key is too short to be one.
std::optional<Position> position_of_topic_key(std::string_view key);
std::optional<Position> position_of_id_key(std::string_view key);

// Table `updates`: an update and when it was appended.
//   flags (1 byte) | unix_ms | topics: count, each length + bytes | type: length + bytes | [retry_ms] |
//   [id: length + bytes] | data: all that remains
// Numbers are LEB128. The id is stored only if the publisher chose it: the others follow from the position.
std::string encode_update(const Update& update, IdOrigin id_origin, std::uint64_t unix_ms);

struct RecordHead {
  IdOrigin id_origin;
  std::uint64_t unix_ms;
};
// Writes to `update`, reusing its memory; its id is left empty if the hub made it. Nothing if the bytes are no record.
std::optional<RecordHead> decode_update(std::string_view record, Update& update);
// When the update was appended, without reading on.
std::optional<std::uint64_t> unix_ms_of(std::string_view record);

}  // namespace fanfare::stored
