#include "fanfare/client/request.h"

#include <algorithm>

#include "fanfare/client/curl_handles.h"

namespace fanfare::client {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

}  // namespace

Result<void> check_request(const Request& request) {
  const Url url(curl_url());
  FANFARE_CHECK(url != nullptr);
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) {
    return fail("'" + request.url + "' is no URL: " + curl_url_strerror(code) +
                "; it must be whole, as in https://example.com/events");
  }
  if (!is_token(request.method)) return fail("'" + request.method + "' is no method: it takes a name as GET or POST");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return fail("'" + name + "' is no header name: letters, digits and - are right");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos)
      return fail("the header " + name + " has a line break or a NUL in its value");
  }
  return {};
}

std::string origin_of(std::string_view text) {
  const Url url(curl_url());
  FANFARE_CHECK(url != nullptr);
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return {};
  const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
  std::string host = part_of(url.get(), CURLUPART_HOST);
  if (host.empty()) return {};
  std::ranges::transform(host, host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string port = part_of(url.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  return scheme + "://" + host + (port.empty() ? "" : ":" + port);
}

}  // namespace fanfare::client
