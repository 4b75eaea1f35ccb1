#include "fanfare/event_stream/writer.h"

#include <charconv>
#include <limits>

#include "fanfare/event_stream/line_scanner.h"

namespace fanfare::event_stream {
namespace {

constexpr std::string_view kDataPrefix = "data: ";

// "event: ", "retry: ", "id: ", the widest number, their line ends and the blank line.
constexpr std::size_t kFieldsOverhead = 64;

void append_line(std::string& out, std::string_view prefix, std::string_view value) {
  out.append(prefix);
  out.append(value);
  out.push_back('\n');
}

// One line for each line of text, an empty one for an empty text and after a line end that closes the text.
void append_lines(std::string& out, std::string_view prefix, std::string_view text) {
  LineScanner lines(text);
  Line line = lines.next();
  for (; line.ended; line = lines.next()) append_line(out, prefix, line.text);
  append_line(out, prefix, line.text);
}

}  // namespace

Result<void> validate(const Fields& fields) {
  if (fields.id.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return fail("an event id must not contain a line break or NUL");
  }
  if (fields.type.find_first_of("\r\n") != std::string_view::npos) {
    return fail("an event type must not contain a line break");
  }
  return {};
}

void append_event(std::string& out, const Fields& fields) {
  out.reserve(out.size() + fields.type.size() + fields.id.size() + fields.data.size() + kFieldsOverhead);
  if (!fields.type.empty()) append_line(out, "event: ", fields.type);
  if (fields.retry_ms) append_retry(out, *fields.retry_ms);
  if (!fields.id.empty()) append_line(out, "id: ", fields.id);
  append_lines(out, kDataPrefix, fields.data);
  out.push_back('\n');
}

void append_comment(std::string& out, std::string_view text) {
  append_lines(out, ":", text);
}

void append_retry(std::string& out, std::uint64_t retry_ms) {
  char digits[std::numeric_limits<std::uint64_t>::digits10 + 1];
  const auto result = std::to_chars(digits, digits + sizeof digits, retry_ms);
  append_line(out, "retry: ", {digits, static_cast<std::size_t>(result.ptr - digits)});
}

}  // namespace fanfare::event_stream
