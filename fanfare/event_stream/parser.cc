#include "fanfare/event_stream/parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "fanfare/base/utf8.h"

namespace fanfare::event_stream {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// What a buffer may keep from one event to the next: more than the usual event, so that it is allocated once, and not
// so much that one huge event is paid for by an idle connection for ever.
constexpr std::size_t kBufferBytesKept = 256 * 1024;

void clear(std::string& buffer) {
  if (buffer.capacity() > kBufferBytesKept) {
    std::string().swap(buffer);
  } else {
    buffer.clear();
  }
}

void append_text(std::string& out, std::string_view bytes, bool ascii) {
  if (ascii) {
    out.append(bytes);
  } else {
    append_utf8_with_replacement(out, bytes);
  }
}

void assign_text(std::string& out, std::string_view bytes, bool ascii) {
  out.clear();
  append_text(out, bytes, ascii);
}

// Whether the line is this field; if so, line becomes its value: what follows the colon and one space, nothing if there
// is no colon. (A template so that comparing the name is an instruction or two.)
template <std::size_t kSize>
bool take_name(std::string_view& line, const char (&name)[kSize]) {
  constexpr std::size_t kLength = kSize - 1;
  if (line.size() < kLength || std::memcmp(line.data(), name, kLength) != 0) return false;
  if (line.size() > kLength && line[kLength] != ':') return false;
  const bool space = line.size() > kLength + 1 && line[kLength + 1] == ' ';
  line.remove_prefix(std::min(line.size(), kLength + (space ? 2 : 1)));
  return true;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string too_long(std::string_view what, std::size_t bytes_max) {
  return std::string(what) + " of the event stream is longer than " + std::to_string(bytes_max) + " bytes";
}

}  // namespace

Parser::Parser(ParserVisitor& visitor, std::string last_event_id, ParserLimits limits)
    : visitor_(visitor), limits_(limits), ids_{std::move(last_event_id), {}} {}

Result<void> Parser::feed(std::string_view bytes) {
  stopped_ = false;
  unread_bytes_ = 0;
  if (failure_.empty() && !bytes.empty()) {
    const bool ends_in_cr = bytes.ends_with('\r');
    bytes = skip_byte_order_mark(bytes);
    if (after_cr_ && bytes.starts_with('\n')) bytes.remove_prefix(1);
    after_cr_ = ends_in_cr;
    read_lines(bytes);
    if (unread_bytes_ > 0) after_cr_ = false;  // the scanner takes a line's end whole
    copy_held_data();
    if (!in_line_) clear(partial_line_);
  }
  if (!failure_.empty()) return fail(failure_);
  return {};
}

// A beginning of the mark that does not go on as one is the beginning of the first line.
std::string_view Parser::skip_byte_order_mark(std::string_view bytes) {
  while (at_start_ && !bytes.empty()) {
    if (bytes.front() == kByteOrderMark[byte_order_mark_matched_]) {
      bytes.remove_prefix(1);
      at_start_ = ++byte_order_mark_matched_ < kByteOrderMark.size();
    } else {
      keep({kByteOrderMark.substr(0, byte_order_mark_matched_), false, false});
      at_start_ = false;
    }
  }
  return bytes;
}

void Parser::read_lines(std::string_view bytes) {
  LineScanner lines(bytes);
  while (failure_.empty()) {
    Line line = lines.next();
    if (in_line_ || !line.ended) line = keep(line);
    if (line.text.size() > limits_.line_bytes_max) {
      failure_ = too_long("a line", limits_.line_bytes_max);
    } else if (line.ended) {
      take_line(line);
      if (stopped_) {
        unread_bytes_ = bytes.size() - lines.position();
        return;
      }
    } else {
      return;
    }
  }
}

// Adds what this feed has of a line that begins or ends in another one. Returns all of it so far.
Line Parser::keep(const Line& part) {
  if (!in_line_) {
    if (part.text.empty()) return part;
    copy_held_data();
    partial_line_.clear();
    partial_line_ascii_ = true;
  }
  partial_line_.append(part.text);
  partial_line_ascii_ = partial_line_ascii_ && part.ascii;
  in_line_ = !part.ended;
  return {partial_line_, part.ended, partial_line_ascii_};
}

void Parser::take_line(const Line& line) {
  std::string_view text = line.text;
  if (text.empty()) return dispatch();
  if (take_name(text, "data")) return take_data(text, line.ascii);
  if (take_name(text, "id")) return take_id(text, line.ascii);
  if (take_name(text, "event")) return take_type(text, line.ascii);
  if (take_name(text, "retry")) return take_retry(text);
  if (text.front() == ':') return take_comment(text.substr(1), line.ascii);
}

void Parser::take_data(std::string_view value, bool ascii) {
  if (data_state_ == Data::kNone && (ascii || is_valid_utf8(value))) {
    data_state_ = Data::kHeld;
    held_data_ = value;
  } else {
    copy_held_data();
    if (data_state_ == Data::kCopied) data_.push_back('\n');
    data_state_ = Data::kCopied;
    append_text(data_, value, ascii);
  }
  const std::size_t bytes = data_state_ == Data::kHeld ? held_data_.size() : data_.size();
  if (bytes > limits_.event_bytes_max) failure_ = too_long("the data of an event", limits_.event_bytes_max);
}

void Parser::take_type(std::string_view value, bool ascii) {
  assign_text(type_, value, ascii);
}

void Parser::take_id(std::string_view value, bool ascii) {
  if (value.contains('\0')) return;
  assign_text(ids_[1 - last_id_], value, ascii);
  id_changed_ = true;
}

void Parser::take_retry(std::string_view value) {
  if (value.empty() || !std::ranges::all_of(value, is_digit)) return;
  std::uint64_t milliseconds = 0;
  const auto result = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
  if (result.ec == std::errc::result_out_of_range) milliseconds = std::numeric_limits<std::uint64_t>::max();
  visitor_.on_retry(milliseconds);
}

void Parser::take_comment(std::string_view text, bool ascii) {
  if (ascii) return visitor_.on_comment(text);
  std::string decoded;
  append_utf8_with_replacement(decoded, text);
  visitor_.on_comment(decoded);
}

void Parser::copy_held_data() {
  if (data_state_ != Data::kHeld) return;
  data_.assign(held_data_);
  data_state_ = Data::kCopied;
}

void Parser::dispatch() {
  if (id_changed_) last_id_ = 1 - last_id_;
  id_changed_ = false;
  if (data_state_ != Data::kNone) {
    visitor_.on_event({.type = type_.empty() ? std::string_view("message") : type_,
                       .data = data_state_ == Data::kHeld ? held_data_ : data_,
                       .last_event_id = ids_[last_id_]});
  }
  if (data_state_ == Data::kCopied) clear(data_);
  data_state_ = Data::kNone;
  if (!type_.empty()) clear(type_);
}

}  // namespace fanfare::event_stream
