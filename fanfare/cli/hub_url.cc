#include "fanfare/cli/hub_url.h"

#include <algorithm>

#include "fanfare/url/form.h"

namespace fanfare::cli {
namespace {

constexpr std::string_view kHubPath = "/.well-known/mercure";

// Where the authority begins, or npos without "://" before the path.
std::size_t authority_begin(std::string_view url) {
  std::size_t colon = url.find("://");
  bool is_scheme = colon != std::string_view::npos && colon < url.find_first_of("/?#");
  return is_scheme ? colon + 3 : std::string_view::npos;
}

bool begins_with_ignoring_case(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(text.substr(0, lower_prefix.size()), lower_prefix, {}, lower);
}

}  // namespace

bool is_http_url(std::string_view text) {
  return begins_with_ignoring_case(text, "http://") || begins_with_ignoring_case(text, "https://");
}

Result<std::string> hub_url(std::string_view text) {
  bool has_gap = std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
  if (text.empty() || has_gap) return fail("a hub's URL has no spaces, for example " + std::string(kDefaultHub));
  std::string url(text);
  if (authority_begin(url) == std::string::npos) url.insert(0, "http://");
  if (!is_http_url(url)) return fail("a hub's URL begins with http:// or https://");
  std::size_t path = std::min(url.find_first_of("/?#", authority_begin(url)), url.size());
  std::string_view rest = std::string_view(url).substr(path);
  if (rest.empty() || rest == "/") url.replace(path, rest.size(), kHubPath);
  return url;
}

std::string subscribe_url(std::string_view hub, std::span<const std::string> topics) {
  std::string whole(hub);
  char separator = whole.find('?') == std::string::npos ? '?' : '&';
  for (const std::string& topic : topics) {
    whole += separator;
    whole += "topic=" + url::encode_form_value(topic);
    separator = '&';
  }
  return whole;
}

std::string shown_url(std::string_view url) {
  std::size_t begin = authority_begin(url);
  if (begin == std::string_view::npos) return std::string(url.substr(0, url.find_first_of("?#")));
  std::string_view rest = url.substr(begin);
  rest = rest.substr(0, rest.find_first_of("?#"));
  std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  return std::string(url.substr(0, begin)).append(rest);
}

}  // namespace fanfare::cli
