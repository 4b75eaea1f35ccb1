// RFC 6570 URI templates, all four levels, as patterns that match: a template becomes a regular expression in RE2's
// syntax (linear time) that accepts the URIs which the template can expand to.
// What it is not: it expands nothing and compiles nothing. Pure; any thread.
//
// What "can expand to" means: any variable may be undefined, a string, a list or an associative array, so
// https://example.com/books/{id} matches .../books/1, .../books/1,2 and .../books/ but not .../books/1/reviews.
// Wider than the RFC in five points: a percent-encoded triplet matches in any case and for any byte; a literal that
// no URI may hold (a space, a byte above 7F) matches raw as well as percent-encoded; a variable that occurs twice may
// have two values; {list*} may mix items and key=value pairs; prefix lengths are kept up to kCountedCharactersMax.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::url {

// Variables in one template. It bounds the program of the worst template of 4,096 bytes to 20,000 instructions of the
// 131,072 that RE2 takes by default, and a match of the worst topic of 4,096 bytes to about 1 ms (100 variables: 30).
inline constexpr std::size_t kTemplateVariablesMax = 32;

// The sum of the prefix lengths ({name:n}) of one template that are matched exactly, in the order of appearance; a
// prefix that would exceed it matches a string of any length.
inline constexpr std::size_t kCountedCharactersMax = 100;

struct TemplatePattern {
  std::string regex;           // for a full match, over bytes (Latin-1 mode); linear in the template's length
  std::string literal_prefix;  // every matching URI begins with it; may be empty
};

// Whether the text holds an expression at all; a selector without one is matched as it stands.
bool has_template_expression(std::string_view text);

// Fails for what RFC 6570 section 3 calls an error (unclosed or nested braces, empty expression, bad variable name,
// operator reserved for extensions, prefix out of 1..9999) with the place of the error, counted in bytes from 0; and
// for more than kTemplateVariablesMax variables.
Result<TemplatePattern> parse_uri_template(std::string_view text);

}  // namespace fanfare::url
