// RFC 6570 URI templates, all four levels, as patterns that match: a template becomes a regular expression in RE2's
// syntax (linear time) that accepts the URIs which the template can expand to.
// What it is not: it expands nothing and compiles nothing. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::url {

struct TemplatePattern {
  std::string regex;           // for a full match, over bytes (Latin-1 mode)
  std::string literal_prefix;  // every matching URI begins with it; may be empty
};

// Whether the text holds an expression at all; a selector without one is matched as it stands.
bool has_template_expression(std::string_view text);

// Fails for what RFC 6570 section 3 calls an error (unclosed or nested braces, empty expression, bad variable name,
// operator reserved for extensions, prefix out of 1..9999) with the place of the error.
Result<TemplatePattern> parse_uri_template(std::string_view text);

}  // namespace fanfare::url
