// Reads text/event-stream (WHATWG HTML 9.2.6) as it arrives, in pieces of any size, with linear cost.
// What it is not: it holds no connection and no reconnection state beyond the last event id.
// One thread. Errors: a line or an event longer than the limits; the parser then refuses further input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/event_stream/line_scanner.h"

namespace fanfare::event_stream {

// One dispatched event. The views are valid during the call of on_event. UTF-8: invalid bytes have become U+FFFD.
struct Event {
  std::string_view type;  // "message" if the stream named none
  std::string_view data;
  std::string_view last_event_id;
};

// Called from within Parser::feed, which it must not call again. There is no end of the stream: what is unfinished then
// was never an event.
class ParserVisitor {
 public:
  virtual ~ParserVisitor() = default;
  virtual void on_event(const Event& event) = 0;
  // The rest of a line that begins with a colon, a space after the colon included. UTF-8 as in Event; valid during the
  // call.
  virtual void on_comment(std::string_view /*text*/) {}
  // A valid retry field, as soon as its line ends. A number beyond 64 bits is the largest one.
  virtual void on_retry(std::uint64_t /*milliseconds*/) {}
};

struct ParserLimits {
  std::size_t line_bytes_max = 16 * 1024 * 1024;   // as received, without its end
  std::size_t event_bytes_max = 16 * 1024 * 1024;  // data of one event
};

class Parser {
 public:
  // The visitor is borrowed. last_event_id: what the previous connection left (WHATWG HTML 9.2.6 keeps it).
  explicit Parser(ParserVisitor& visitor, std::string last_event_id = {}, ParserLimits limits = {});

  // Feeds bytes; calls the visitor for what they complete. After an error every further call fails the same way.
  // The calls do not depend on how the stream is cut into pieces. An event with one line of data that lies within
  // `bytes` is not copied; nothing is allocated for an event that is no larger than one before it.
  Result<void> feed(std::string_view bytes);

  // From within a call of the visitor: no further call comes out of this feed(), which leaves the rest of its bytes
  // unread. Feeding them later goes on as if nothing had been.
  void stop() { stopped_ = true; }
  // How many of the last feed's bytes, at their end, are unread: 0 unless it was stopped.
  std::size_t unread_bytes() const { return unread_bytes_; }

  // What a reconnecting client sends as Last-Event-ID.
  const std::string& last_event_id() const { return ids_[last_id_]; }

 private:
  // The data buffer of the standard: no line so far; one line, still where it was received; lines joined in data_.
  enum class Data { kNone, kHeld, kCopied };

  std::string_view skip_byte_order_mark(std::string_view bytes);
  void read_lines(std::string_view bytes);
  Line keep(const Line& part);
  void take_line(const Line& line);
  void take_data(std::string_view value, bool ascii);
  void take_type(std::string_view value, bool ascii);
  void take_id(std::string_view value, bool ascii);
  void take_retry(std::string_view value);
  void take_comment(std::string_view text, bool ascii);
  void copy_held_data();
  void dispatch();

  ParserVisitor& visitor_;
  const ParserLimits limits_;
  std::string failure_;  // why no more input is taken; empty while it is

  bool stopped_ = false;
  std::size_t unread_bytes_ = 0;

  // Between calls of feed.
  bool at_start_ = true;  // the byte order mark may still come, or go on
  std::size_t byte_order_mark_matched_ = 0;
  bool after_cr_ = false;     // an LF right now belongs to the line that has ended
  bool in_line_ = false;      // partial_line_ is the beginning of a line
  std::string partial_line_;  // else its last content, which held_data_ may show
  bool partial_line_ascii_ = true;

  // The event being read.
  Data data_state_ = Data::kNone;
  std::string_view held_data_;  // into the bytes of this feed, or partial_line_
  std::string data_;
  std::string type_;
  bool id_changed_ = false;  // whether the other one of ids_ becomes the last event id when the event ends

  // The last event id and the id field of the event being read, which trade places.
  std::array<std::string, 2> ids_;
  std::size_t last_id_ = 0;
};

}  // namespace fanfare::event_stream
