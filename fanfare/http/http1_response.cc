#include "fanfare/http/http1_response.h"

#include <array>

#include "fanfare/base/check.h"
#include "fanfare/http/syntax.h"

namespace fanfare::http {
namespace {

bool is_framing_field(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"Content-Length", "Transfer-Encoding", "Connection"};
  return std::ranges::any_of(kNames, [&](std::string_view own) { return equals_ignoring_case(own, name); });
}

bool is_safe_value(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool allows_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void append_response_head(std::string& out, int status, const Headers& headers, const ResponseFraming& framing) {
  FANFARE_CHECK(status >= 100 && status <= 599);
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_phrase(status)).append("\r\n");
  for (const Header& field : headers) {
    FANFARE_CHECK(is_token(field.name) && !is_framing_field(field.name));
    FANFARE_CHECK(is_safe_value(field.value));
    append_field(out, field.name, field.value);
  }
  if (framing.content_length) append_field(out, "Content-Length", std::to_string(*framing.content_length));
  if (framing.chunked) append_field(out, "Transfer-Encoding", "chunked");
  const bool upgrades = headers.find("Upgrade") != nullptr;
  std::string options = upgrades ? "Upgrade" : "";
  const auto add = [&](std::string_view option) { options.append(upgrades ? ", " : "").append(option); };
  if (framing.connection == ConnectionOption::kClose) add("close");
  if (framing.connection == ConnectionOption::kKeepAlive) add("keep-alive");
  if (!options.empty()) append_field(out, "Connection", options);
  out.append("\r\n");
}

}  // namespace fanfare::http
