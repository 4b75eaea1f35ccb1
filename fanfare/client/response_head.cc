#include "fanfare/client/response_head.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

#include "fanfare/client/http_date.h"

namespace fanfare::client {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kSpaces), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

// RFC 9110 section 5.6.2, not empty.
bool is_token(std::string_view text) {
  const auto is_token_char = [](char c) {
    return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
  };
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

// "text/html" of " text/html ; charset=utf-8"; nothing if that is no MIME type, or any of them.
std::string_view essence(std::string_view value) {
  const std::string_view type = trim(value.substr(0, value.find(';')));
  const std::size_t slash = std::min(type.find('/'), type.size());
  if (slash == type.size() || type == "*/*") return {};
  return is_token(type.substr(0, slash)) && is_token(type.substr(slash + 1)) ? type : std::string_view();
}

// The length of the list's first member; a comma in quotes divides nothing.
std::size_t member_size(std::string_view list) {
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '"') quoted = !quoted;
    if (quoted && list[i] == '\\') ++i;
    if (!quoted && i < list.size() && list[i] == ',') return i;
  }
  return list.size();
}

}  // namespace

std::optional<std::string_view> ResponseHead::field(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const HeaderField& each) { return is_same(each.name, name); });
  return found == fields.end() ? std::nullopt : std::optional(trim(found->value));
}

bool is_event_stream(const ResponseHead& head) {
  std::string_view type;
  for (const HeaderField& field : head.fields) {
    if (!is_same(field.name, "content-type")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t size = member_size(rest);
      if (const auto found = essence(rest.substr(0, size)); !found.empty()) type = found;
      rest.remove_prefix(std::min(size + 1, rest.size()));
    }
  }
  return is_same(type, "text/event-stream");
}

std::optional<std::uint64_t> retry_after_ms(const ResponseHead& head) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const auto text = head.field("retry-after");
  if (!text || text->empty()) return std::nullopt;
  if (text->find_first_not_of("0123456789") == text->npos) {
    std::uint64_t seconds = 0;
    const auto result = std::from_chars(text->data(), text->data() + text->size(), seconds);
    return result.ec != std::errc() || seconds > kMost / 1'000 ? kMost : seconds * 1'000;
  }
  const auto until = parse_http_date_ms(*text, head.unix_ms);
  if (!until) return std::nullopt;
  const std::uint64_t now = parse_http_date_ms(head.field("date").value_or(""), head.unix_ms).value_or(head.unix_ms);
  return *until - std::min(*until, now);
}

}  // namespace fanfare::client
