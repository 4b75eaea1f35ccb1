#include "fanfare/url/form.h"

namespace fanfare::url {
namespace {

enum class Plus { kIsPlus, kIsSpace };

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The value of a hex digit, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string decode(std::string_view encoded, Plus plus) {
  std::string text;
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '%' && encoded.size() - i > 2) {
      const int high = hex_value(encoded[i + 1]);
      const int low = hex_value(encoded[i + 2]);
      if (high >= 0 && low >= 0) {
        text.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    text.push_back(encoded[i] == '+' && plus == Plus::kIsSpace ? ' ' : encoded[i]);
  }
  return text;
}

void append_encoded(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(kHex[byte >> 4]);
  out.push_back(kHex[byte & 15]);
}

}  // namespace

Result<std::vector<FormField>> parse_form(std::string_view encoded, std::size_t fields_max) {
  std::vector<FormField> fields;
  while (!encoded.empty()) {
    const std::string_view part = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(part.size() < encoded.size() ? part.size() + 1 : part.size());
    if (part.empty()) continue;
    if (fields.size() == fields_max) return fail("the form has more than " + std::to_string(fields_max) + " fields");
    const auto equals = part.find('=');
    const std::string_view value = equals == part.npos ? "" : part.substr(equals + 1);
    fields.push_back({decode(part.substr(0, equals), Plus::kIsSpace), decode(value, Plus::kIsSpace)});
  }
  return fields;
}

std::string encode_form_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (is_alphanumeric(c) || c == '*' || c == '-' || c == '.' || c == '_') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

std::string percent_decode(std::string_view encoded) {
  return decode(encoded, Plus::kIsPlus);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

}  // namespace fanfare::url
