#include "fanfare/http/http2_response.h"

#include <algorithm>
#include <array>
#include <span>

#include "fanfare/base/check.h"
#include "fanfare/http/syntax.h"

namespace fanfare::http {
namespace {

constexpr std::array<std::string_view, 3> kWritten = {"Content-Length", "Transfer-Encoding", "Connection"};
constexpr std::array<std::string_view, 3> kOfConnections = {"Keep-Alive", "Proxy-Connection", "Upgrade"};

bool is_any_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view each) { return equals_ignoring_case(each, name); });
}

}  // namespace

Http2ResponseFields::Http2ResponseFields(int status, const Headers& headers, std::optional<std::size_t> content_length)
    : status_(std::to_string(status)) {
  FANFARE_CHECK(status >= 100 && status <= 599 && status != 101);
  fields_.push_back({":status", status_});
  for (const Header& field : headers) {
    FANFARE_CHECK(is_token(field.name) && !is_any_of(field.name, kWritten));
    FANFARE_CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    if (!is_any_of(field.name, kOfConnections)) fields_.push_back({field.name, trim(field.value)});
  }
  if (!content_length) return;
  content_length_ = std::to_string(*content_length);
  fields_.push_back({"content-length", content_length_});
}

}  // namespace fanfare::http
