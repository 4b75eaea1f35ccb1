// HTTP messages as values: what a session hands to its visitor and takes as an answer. No parsing, no I/O (RFC 9110).
// Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::http {

enum class Version { kHttp10, kHttp11, kHttp2 };

struct Header {
  std::string name;  // as it came; compared without regard to case
  std::string value;
};

// Header fields in the order of the message. A field may stand more than once.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  // The first field of that name, or nullptr. Names compare without regard to ASCII case.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  // The values of all fields of that name, joined by ", " (RFC 9110 section 5.3); nothing if there is none.
  std::optional<std::string> joined(std::string_view name) const;
  bool empty() const { return fields_.empty(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Header> fields_;
};

// The head of a request whose framing the session has checked.
struct RequestHead {
  std::string method;     // case-sensitive: "GET"
  std::string target;     // as sent
  std::string path;       // of the target, still percent-encoded; "*" for OPTIONS *
  std::string query;      // after the first '?', without it; still percent-encoded
  std::string authority;  // of an absolute-form target or HTTP/2's :authority, else of Host
  std::string scheme;     // of HTTP/2's :scheme; empty in HTTP/1.x
  std::string protocol;   // of an extended CONNECT (RFC 8441): "websocket"; empty in every other request
  Version version = Version::kHttp11;
  Headers headers;
};

struct ResponseHead {
  int status = 200;
  Headers headers;  // without Content-Length, Transfer-Encoding and Connection: the session writes those
};

// A whole response; Content-Length is body.size().
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// A response of one line of text (text/plain; charset=utf-8, LF added).
Response text_response(int status, std::string_view line);

// A response that says why a request failed: a problem (RFC 9457) with title, status and detail, one line of JSON.
// detail: a sentence that says what was wrong and what would be right. It may hold bytes of the peer's.
Response problem_response(int status, std::string_view detail);

// A problem that may be gone later: with Retry-After.
Response retry_response(int status, std::string_view detail, std::uint64_t after_s);

// "Not Found" for 404; "Unknown" for what RFC 9110 and 6585 do not name.
std::string_view reason_phrase(int status);

// Whether the Content-Type is this one, whatever its parameters and case.
bool has_media_type(const Headers& headers, std::string_view media_type);

// Whether an If-None-Match (RFC 9110 section 13.1.2) lists this entity tag, in quotes; both may be weak.
bool matches_etag(std::string_view if_none_match, std::string_view etag);

// Without the spaces and tabs around it (OWS of RFC 9110 section 5.6.3).
std::string_view trimmed(std::string_view text);

// Whether two header or token values are equal without regard to ASCII case.
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace fanfare::http
