// The first line of the input is a URI template, the rest a URI. Every template that is accepted compiles in RE2's
// default memory, its regex is linear in its length, and whatever it matches begins with the literal prefix.
#include <re2/re2.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/url/uri_template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\n'));
  const std::string_view uri = input.substr(text.size() < size ? text.size() + 1 : size);
  const auto pattern = fanfare::url::parse_uri_template(text);
  if (!pattern) {
    FANFARE_CHECK(!pattern.error().message.empty());
    return 0;
  }
  FANFARE_CHECK(pattern->regex.size() <= 16'000 + 16 * text.size());
  FANFARE_CHECK(text.starts_with(pattern->literal_prefix));
  const re2::RE2 regex(pattern->regex, re2::RE2::Latin1);
  FANFARE_CHECK(regex.ok());
  if (re2::RE2::FullMatch(re2::StringPiece(uri.data(), uri.size()), regex)) {
    FANFARE_CHECK(uri.starts_with(pattern->literal_prefix));
  }
  return 0;
}
