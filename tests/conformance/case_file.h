// Reads conformance cases from JSON: event-stream bytes per connection, and what a bare parser must produce from them
// (`parser_view`), starting from the last event id that the connection before left. The form is that of
// ../shared/conformance, whose `meta` describes it. Not here: playing them (conformance_test.cc). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare::conformance {

struct ExpectedEvent {
  std::string type, data, last_event_id;
};

// What the file does not tell is not set and not checked.
struct ParserView {
  std::vector<ExpectedEvent> events;
  std::vector<std::uint64_t> retry_fields;
  std::optional<std::vector<std::string>> comments;
  std::optional<std::string> last_event_id_after;
};

struct Connection {
  std::string body;
  ParserView view;
};

struct Case {
  std::string id;
  std::vector<Connection> connections;  // those whose body a parser reads
  std::string skip_reason;              // why it cannot be played; empty if it can
};

// The bytes that text of such a file stands for: each character U+0000 to U+00FF for one. Nothing if there is another.
std::optional<std::string> bytes_of(std::string_view utf8);

// Every case of the file, also those that cannot be played. Fails if the file cannot be read or is not such a file.
Result<std::vector<Case>> read_case_file(const std::string& path);

}  // namespace fanfare::conformance
