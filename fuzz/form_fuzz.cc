// Any bytes are a form. Encoding the fields again and parsing that gives the same fields, and both ways of encoding
// are undone by their decoding.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/url/form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kFieldsMax = 64;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  FANFARE_CHECK(fanfare::url::percent_decode(fanfare::url::percent_encode(input)) == input);
  FANFARE_CHECK(fanfare::url::percent_decode(input).size() <= size);

  const auto fields = fanfare::url::parse_form(input, kFieldsMax);
  if (!fields) return 0;
  FANFARE_CHECK(fields->size() <= kFieldsMax);
  std::string encoded;
  for (const auto& [name, value] : *fields) {
    encoded += fanfare::url::encode_form_value(name) + "=" + fanfare::url::encode_form_value(value) + "&";
  }
  const auto again = fanfare::url::parse_form(encoded, kFieldsMax);
  FANFARE_CHECK(again && again->size() == fields->size());
  for (std::size_t i = 0; i < fields->size(); ++i) {
    FANFARE_CHECK((*again)[i].name == (*fields)[i].name && (*again)[i].value == (*fields)[i].value);
  }
  return 0;
}
