// Reads text/event-stream (WHATWG HTML 9.2.6) as it arrives, in pieces of any size, with linear cost.
// What it is not: it holds no connection and no reconnection state beyond the last event id.
// One thread. Errors: a line or an event longer than the limits; the parser then refuses further input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::event_stream {

// One dispatched event. The views are valid during the call of on_event. UTF-8: invalid bytes have become U+FFFD.
struct Event {
  std::string_view type;  // "message" if the stream named none
  std::string_view data;
  std::string_view last_event_id;
};

class ParserVisitor {
 public:
  virtual ~ParserVisitor() = default;
  virtual void on_event(const Event& event) = 0;
  // The rest of a line that begins with a colon.
  virtual void on_comment(std::string_view /*text*/) {}
  // A valid retry field, as soon as its line ends.
  virtual void on_retry(std::uint64_t /*milliseconds*/) {}
};

struct ParserLimits {
  std::size_t line_bytes_max = 16 * 1024 * 1024;
  std::size_t event_bytes_max = 16 * 1024 * 1024;  // data of one event
};

class Parser {
 public:
  // The visitor is borrowed. last_event_id: what the previous connection left (WHATWG HTML 9.2.6 keeps it).
  explicit Parser(ParserVisitor& visitor, std::string last_event_id = {}, ParserLimits limits = {});

  // Feeds bytes; calls the visitor for what they complete. After an error every further call fails the same way.
  Result<void> feed(std::string_view bytes);

  // What a reconnecting client sends as Last-Event-ID.
  const std::string& last_event_id() const;

  // (private members are the implementation's choice)
};

}  // namespace fanfare::event_stream
