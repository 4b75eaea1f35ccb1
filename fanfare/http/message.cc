#include "fanfare/http/message.h"

#include <algorithm>
#include <array>

#include "fanfare/base/json_string.h"
#include "fanfare/base/utf8.h"

namespace fanfare::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

struct StatusPhrase {
  int status;
  std::string_view phrase;
};

// RFC 9110 section 15 and RFC 6585, by status.
constexpr auto kReasonPhrases = std::to_array<StatusPhrase>({
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {511, "Network Authentication Required"},
});
static_assert(std::ranges::is_sorted(kReasonPhrases, {}, &StatusPhrase::status));

}  // namespace

bool has_media_type(const Headers& headers, std::string_view media_type) {
  const auto* type = headers.find("Content-Type");
  if (type == nullptr) return false;
  std::string_view media = std::string_view(*type).substr(0, type->find(';'));
  while (media.ends_with(' ') || media.ends_with('\t')) media.remove_suffix(1);
  return equals_ignoring_case(media, media_type);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

const std::string* Headers::find(std::string_view name) const {
  const auto field = std::ranges::find_if(fields_, [&](const Header& f) { return equals_ignoring_case(f.name, name); });
  return field == fields_.end() ? nullptr : &field->value;
}

std::optional<std::string> Headers::joined(std::string_view name) const {
  std::optional<std::string> values;
  for (const Header& field : fields_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    values = values ? *values + ", " + field.value : field.value;
  }
  return values;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [&](const Header& field) { return equals_ignoring_case(field.name, name); }));
}

Response text_response(int status, std::string_view line) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = line;
  response.body += '\n';
  return response;
}

Response problem_response(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/problem+json");
  std::string readable;
  append_utf8_with_replacement(readable, detail);
  response.body = R"({"title":)";
  append_json_string(response.body, reason_phrase(status));
  response.body.append(R"(,"status":)").append(std::to_string(status)).append(R"(,"detail":)");
  append_json_string(response.body, readable);
  response.body += "}\n";
  return response;
}

Response retry_response(int status, std::string_view detail, std::uint64_t after_s) {
  Response response = problem_response(status, detail);
  response.headers.add("Retry-After", std::to_string(after_s));
  return response;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  while (!if_none_match.empty()) {
    const auto comma = if_none_match.find(',');
    std::string_view listed = trimmed(if_none_match.substr(0, comma));
    if (listed.starts_with("W/")) listed.remove_prefix(2);
    if (listed == "*" || listed == etag) return true;
    if_none_match.remove_prefix(comma == if_none_match.npos ? if_none_match.size() : comma + 1);
  }
  return false;
}

std::string_view reason_phrase(int status) {
  const auto found = std::ranges::lower_bound(kReasonPhrases, status, {}, &StatusPhrase::status);
  return found != kReasonPhrases.end() && found->status == status ? found->phrase : "Unknown";
}

}  // namespace fanfare::http
