// The head of one HTTP/2 request, built from its fields in the order in which they come out of HPACK (RFC 9113 sections
// 8.2.3 and 8.3, RFC 8441 section 4). What makes a message malformed (names, values, which pseudo-header fields there
// are and where) is checked by whoever gives the fields; here they get their meaning, with the rules of HTTP/1.1.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/limits.h"
#include "fanfare/http/message.h"
#include "fanfare/http/syntax.h"

namespace fanfare::http {

struct Http2Request {
  RequestHead head;
  std::optional<std::uint64_t> content_length;
  bool expects_continue = false;
};

// What a field of a header list counts for (RFC 9113 section 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE).
constexpr std::size_t field_bytes(std::string_view name, std::string_view value) {
  return name.size() + value.size() + 32;
}

class Http2Head {
 public:
  enum class Fit : std::uint8_t {
    kFits,
    kTooLarge,     // finish() will refuse it with 431; nothing more is kept
    kFarTooLarge,  // not worth reading to its end
  };

  // request_head_bytes_max and request_headers_max of the limits hold for all fields together.
  Fit add(std::string_view name, std::string_view value, const Limits& limits);
  // The list is complete. Cookies are one field again.
  std::expected<Http2Request, Refusal> finish() &&;

  bool is_head_request() const { return head_.method == "HEAD"; }

 private:
  void add_pseudo(std::string_view name, std::string_view value);

  RequestHead head_;
  std::string cookie_;
  std::size_t bytes_ = 0;
  std::size_t fields_ = 0;
  bool is_too_large_ = false;
};

}  // namespace fanfare::http
