#include "fanfare/jwks/jwks_url.h"

#include <memory>
#include <optional>

#include <curl/curl.h>

#include "fanfare/base/check.h"

namespace fanfare::jwks {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::optional<std::string> part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

}  // namespace

Result<JwksUrl> JwksUrl::parse(const std::string& text) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  FANFARE_CHECK(url != nullptr);
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  const auto scheme = code == CURLUE_OK ? part_of(url.get(), CURLUPART_SCHEME) : std::nullopt;
  if (!scheme || (*scheme != "http" && *scheme != "https")) {
    return fail("'" + text + "' is no URL that begins with https:// or http://");
  }
  if (part_of(url.get(), CURLUPART_USER) || part_of(url.get(), CURLUPART_PASSWORD)) {
    return fail("the URL names a user, and keys are fetched without one");
  }
  if (part_of(url.get(), CURLUPART_FRAGMENT)) return fail("the URL has a fragment, which means nothing here");
  JwksUrl made;
  made.text = text;
  made.is_protected = *scheme == "https" || is_loopback(part_of(url.get(), CURLUPART_HOST).value_or(""));
  curl_url_set(url.get(), CURLUPART_QUERY, nullptr, 0);
  made.shown = part_of(url.get(), CURLUPART_URL).value_or("");
  return made;
}

}  // namespace fanfare::jwks
