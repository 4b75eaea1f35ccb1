// An update and its place in the event log: the words that the log, the hub and the endpoints share.
// Values; a LoggedUpdate is immutable once the log has made it and may be read by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fanfare {

// A place in the log: grows with every update, never repeats, is not dense. No arithmetic on it.
using Position = std::uint64_t;

// Before every update. Reading after it gives all that the log holds, and is never a gap.
inline constexpr Position kBeforeAll = 0;

// Where an empty log stands: who has seen nothing of it has seen this, which is not kBeforeAll.
inline constexpr Position kBeginning = kBeforeAll + 1;

// What a publisher sends (draft-dunglas-mercure-07 section 5).
struct Update {
  std::vector<std::string> topics;  // at least one; the first is canonical, the others are alternates
  std::string data;
  std::string id;  // empty: the log makes one
  std::string type;
  std::optional<std::uint64_t> retry_ms;
  bool is_private = false;
  // The log stores it nowhere and lets it displace nothing: it is in memory only, as long as it is recent. Its position
  // and id are like all others.
  bool is_transient = false;

  // What the update costs a log in memory, in bytes.
  std::size_t memory_bytes() const {
    std::size_t bytes = sizeof(Update) + data.capacity() + id.capacity() + type.capacity();
    for (const auto& topic : topics) bytes += sizeof(topic) + topic.capacity();
    return bytes;
  }
};

struct LoggedUpdate {
  Position position = kBeforeAll;
  Update update;              // with its id
  std::uint64_t unix_ms = 0;  // when it was appended; never goes back along the log, whatever the clock does
};

using LoggedUpdatePtr = std::shared_ptr<const LoggedUpdate>;

// Whose choice an update's id was.
enum class IdOrigin { kHub, kPublisher };

// An update that the log has just placed.
struct NewUpdate {
  LoggedUpdatePtr logged;
  IdOrigin id_origin;
};

}  // namespace fanfare
