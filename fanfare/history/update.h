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

// What a publisher sends (draft-dunglas-mercure-07 section 5).
struct Update {
  std::vector<std::string> topics;  // at least one; the first is canonical, the others are alternates
  std::string data;
  std::string id;  // empty: the log makes one
  std::string type;
  std::optional<std::uint64_t> retry_ms;
  bool is_private = false;

  // What the update costs a log in memory, in bytes.
  std::size_t memory_bytes() const {
    std::size_t bytes = sizeof(Update) + data.capacity() + id.capacity() + type.capacity();
    for (const auto& topic : topics) bytes += sizeof(topic) + topic.capacity();
    return bytes;
  }
};

struct LoggedUpdate {
  Position position;
  Update update;  // with its id
};

using LoggedUpdatePtr = std::shared_ptr<const LoggedUpdate>;

}  // namespace fanfare
