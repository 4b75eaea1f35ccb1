// application/x-www-form-urlencoded and query strings (WHATWG URL section 5), and percent-encoding (RFC 3986 2.1).
// Bytes in, bytes out: nothing here decodes UTF-8 or replaces what is not; the caller checks what must be text.
// Pure and linear in the input; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare::url {

struct FormField {
  std::string name;
  std::string value;
};

// Splits at '&', then at the first '='; '+' becomes a space and %XX a byte; a '%' without two hex digits stays as it
// is (as the standard says). Empty parts are skipped. Fails when there are more than fields_max fields.
Result<std::vector<FormField>> parse_form(std::string_view encoded, std::size_t fields_max);

// Encodes one name or value for a form or a query: letters, digits and *-._ stay, a space becomes '+'.
std::string encode_form_value(std::string_view value);

// Percent-decodes without treating '+' specially; a '%' without two hex digits stays as it is.
std::string percent_decode(std::string_view encoded);

// Percent-encodes everything but RFC 3986 unreserved characters.
std::string percent_encode(std::string_view text);

}  // namespace fanfare::url
