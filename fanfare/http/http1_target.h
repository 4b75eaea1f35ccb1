// The request target of HTTP/1.x in the forms that an origin server gets (RFC 9112 section 3.2): origin-form,
// absolute-form and `*`. It decodes nothing: percent-encoding stays. Bytes from 0x80 are let through as curl sends
// them; who decodes the path checks them.
// Pure; any thread.
#pragma once

#include <expected>
#include <string_view>

#include "fanfare/http/syntax.h"

namespace fanfare::http {

// Parts of the target that was parsed: views into it, or literals.
struct Target {
  std::string_view path;       // begins with '/', or is "*"
  std::string_view query;      // after the first '?'
  std::string_view authority;  // empty but for absolute-form
};

// Splits a target that holds neither spaces nor control bytes.
std::expected<Target, Refusal> parse_target(std::string_view method, std::string_view target);

// Whether it is `uri-host [":" port]` (RFC 9110 section 7.2), which may be empty in Host; no user information.
bool is_authority(std::string_view text);

}  // namespace fanfare::http
