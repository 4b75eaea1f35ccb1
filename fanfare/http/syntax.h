// The character classes of HTTP and URIs that heads are checked against (RFC 9110 section 5.6, RFC 3986 section 3.2),
// and the one form in which the room refuses a message. No parsing of messages.
// Pure; any thread.
#pragma once

#include <algorithm>
#include <string_view>

namespace fanfare::http {

// Why a request is not accepted. The reason is a literal: one line that a person can act on.
struct Refusal {
  int status;
  std::string_view reason;
};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// tchar: what methods and field names are made of.
constexpr bool is_token_char(char c) {
  return is_digit(c) || is_alpha(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

constexpr bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

constexpr bool is_space_or_tab(char c) {
  return c == ' ' || c == '\t';
}

// What a field value or a chunk extension may hold: anything but control bytes, though HTAB. Bytes from 0x80 are
// obs-text: EventSource sends Last-Event-ID as raw UTF-8.
constexpr bool is_field_char(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
}

// Without the spaces and tabs around it (OWS).
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space_or_tab(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space_or_tab(text.back())) text.remove_suffix(1);
  return text;
}

// Calls visit(element) for each element of a comma-separated list, trimmed, the empty ones too.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (true) {
    const auto comma = list.find(',');
    visit(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace fanfare::http
