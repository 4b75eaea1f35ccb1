// The head of one HTTP/1.x request (RFC 9112 sections 2 to 6): finding its end in bytes that come in pieces, at linear
// cost, and parsing it once it is whole. Strict where leniency lets two parsers disagree about where a message ends:
// see parse_request_head. It keeps no bytes and reads no body.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "fanfare/base/limits.h"
#include "fanfare/http/message.h"
#include "fanfare/http/syntax.h"

namespace fanfare::http {

// Finds the empty line that ends a head. Refuses as soon as they come: control bytes, bare CR, bare LF, folded lines,
// more than a few empty lines before the request (RFC 9112 section 2.2), and a head that cannot end within its limit
// (414 in its first line, 431 later).
class HeadScanner {
 public:
  // Takes bytes up to the end of the head and returns how many: all of them if the end is not among them. Empty lines
  // before the request count as part of its head.
  std::expected<std::size_t, Refusal> scan(std::string_view bytes, std::size_t head_bytes_max);

  bool is_complete() const { return state_ == State::kComplete; }
  // A byte of the request itself has come.
  bool has_begun() const { return state_ > State::kLeadingCr; }

 private:
  enum class State : std::uint8_t { kLeading, kLeadingCr, kLine, kLineCr, kLineStart, kLastCr, kComplete };

  std::expected<State, Refusal> after(char c) const;

  std::uint32_t size_ = 0;
  State state_ = State::kLeading;
  std::uint8_t empty_lines_ = 0;
  bool in_first_line_ = true;
};

// How the body of a request is delimited (RFC 9112 section 6.3). Never by the end of the connection.
struct BodyFraming {
  enum class Kind : std::uint8_t { kNone, kLength, kChunked };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;  // of kLength; not 0
};

struct ParsedRequest {
  RequestHead head;
  BodyFraming body;
  bool keep_alive = false;        // the client allows another request on the connection
  bool expects_continue = false;  // it waits for 100 before it sends the body
};

// Parses one whole head that a HeadScanner has passed.
//
// Where RFC 9112 leaves a choice: Transfer-Encoding together with Content-Length, or in HTTP/1.0, is 400 (section
// 6.1). A coding list that ends in one `chunked` but has other codings before it is 501 (section 6.1); anything else
// but exactly `chunked` is 400, for the end of the body cannot be known (section 6.3). More than one Content-Length is
// 400, though they agree. A minor version above 1 is read as 1.1 (RFC 9110 section 2.5), another major one is 505.
std::expected<ParsedRequest, Refusal> parse_request_head(std::string_view head, std::size_t headers_max);

// Whether these fields of a request ask for 100-continue (RFC 9110 section 10.1.1). Any other expectation is 417.
std::expected<bool, Refusal> parse_expect(const Headers& headers);

}  // namespace fanfare::http
