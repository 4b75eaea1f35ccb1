// For tests and fuzzers: what a parser told its visitor, as text to compare, and the ways to cut
// a stream into reads. Not part of the library. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/event_stream/parser.h"

namespace fanfare::event_stream {

// Every call in order, one string each: "event TYPE [ID] DATA", "comment TEXT", "retry MILLISECONDS".
class Transcript final : public ParserVisitor {
 public:
  static std::string event_call(std::string_view type, std::string_view last_event_id, std::string_view data) {
    return std::string("event ").append(type).append(" [").append(last_event_id).append("] ").append(data);
  }

  void on_event(const Event& event) override {
    calls.push_back(event_call(event.type, event.last_event_id, event.data));
  }
  void on_comment(std::string_view text) override { calls.push_back(std::string("comment ").append(text)); }
  void on_retry(std::uint64_t milliseconds) override { calls.push_back("retry " + std::to_string(milliseconds)); }

  std::vector<std::string> calls;
};

// Feeds one piece from a heap buffer of its exact size that is gone afterwards, so that a sanitizer sees the parser
// read beyond it or keep a view into it.
inline Result<void> feed_exact(Parser& parser, std::string_view piece) {
  const auto exact = std::make_unique<char[]>(piece.size());
  piece.copy(exact.get(), piece.size());
  return parser.feed({exact.get(), piece.size()});
}

// Every way in which a table's row is replayed: as it is, at every split in two, and byte by byte.
inline std::vector<std::vector<std::string_view>> chunkings(std::string_view bytes) {
  std::vector<std::vector<std::string_view>> all;
  for (std::size_t i = 0; i <= bytes.size(); ++i) all.push_back({bytes.substr(0, i), bytes.substr(i)});
  all.push_back({bytes});
  all.emplace_back();
  for (std::size_t i = 0; i < bytes.size(); ++i) all.back().push_back(bytes.substr(i, 1));
  return all;
}

}  // namespace fanfare::event_stream
