#include "fanfare/server/reserved_topic.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "fanfare/http/message.h"
#include "fanfare/server/routes.h"

namespace fanfare {
namespace {

using Segments = std::vector<std::string>;

// How a scheme's references are written. Of the special ones, a backslash is as good as a slash.
enum class Scheme {
  kHttp,     // the hub's own: with no slashes after it, the rest may be relative to the hub
  kSpecial,  // whatever slashes come after it, an authority follows
  kFile,     // an authority follows two slashes
  kOther,    // the same, and a path that does not begin with a slash is opaque
};

bool is_slash(char c, Scheme scheme) {
  return c == '/' || (c == '\\' && scheme != Scheme::kOther);
}

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes "name:" off the front; nothing if there is none.
std::string_view take_scheme(std::string_view& reference) {
  const auto colon = reference.find(':');
  if (colon == reference.npos || !is_alpha(reference[0])) return {};
  const std::string_view name = reference.substr(0, colon);
  const auto is_allowed = [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
  if (!std::ranges::all_of(name, is_allowed)) return {};
  reference.remove_prefix(colon + 1);
  return name;
}

Scheme scheme_of(std::string_view name) {
  const auto is = [&](std::string_view other) { return http::equals_ignoring_case(name, other); };
  if (name.empty() || is("http") || is("https")) return Scheme::kHttp;
  if (is("ws") || is("wss") || is("ftp")) return Scheme::kSpecial;
  return is("file") ? Scheme::kFile : Scheme::kOther;
}

std::size_t leading_slashes(std::string_view text, Scheme scheme) {
  const auto end = std::ranges::find_if_not(text, [&](char c) { return is_slash(c, scheme); });
  return static_cast<std::size_t>(end - text.begin());
}

// What follows the authority that stands at the front.
std::string_view after_authority(std::string_view text, Scheme scheme) {
  const auto end = std::ranges::find_if(text, [&](char c) { return is_slash(c, scheme); });
  return text.substr(static_cast<std::size_t>(end - text.begin()));
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// A segment with its unreserved characters (RFC 3986 section 2.3) as they are; the others stay encoded.
std::string decode_unreserved(std::string_view segment) {
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool is_encoded =
        segment[i] == '%' && i + 2 < segment.size() && hex_value(segment[i + 1]) >= 0 && hex_value(segment[i + 2]) >= 0;
    if (is_encoded) {
      const char c = static_cast<char>(hex_value(segment[i + 1]) * 16 + hex_value(segment[i + 2]));
      if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
        decoded += c;
        i += 2;
        continue;
      }
    }
    decoded += segment[i];
  }
  return decoded;
}

// Appends the segments of a path, without those of dots.
void append_path(Segments& segments, std::string_view path, Scheme scheme) {
  while (true) {
    const auto slash = std::ranges::find_if(path, [&](char c) { return is_slash(c, scheme); });
    const bool is_last = slash == path.end();
    std::string segment = decode_unreserved({path.begin(), slash});
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(std::move(segment));
    }
    if (is_last) return;
    path.remove_prefix(static_cast<std::size_t>(slash - path.begin()) + 1);
  }
}

const Segments& hub_segments() {
  static const Segments kSegments = [] {
    Segments all;
    append_path(all, kHubPath.substr(1), Scheme::kHttp);
    return all;
  }();
  return kSegments;
}

bool is_hubs(const Segments& segments) {
  return segments.size() >= hub_segments().size() &&
         std::equal(hub_segments().begin(), hub_segments().end(), segments.begin());
}

bool is_hubs_path(std::string_view absolute, Scheme scheme) {
  if (absolute.empty()) return false;
  Segments segments;
  append_path(segments, absolute.substr(1), scheme);
  return is_hubs(segments);
}

// A reference without a scheme, or of the hub's.
bool is_hubs_reference(std::string_view reference) {
  const std::size_t slashes = leading_slashes(reference, Scheme::kHttp);
  if (slashes >= 2) return is_hubs_path(after_authority(reference.substr(slashes), Scheme::kHttp), Scheme::kHttp);
  if (slashes == 1) return is_hubs_path(reference, Scheme::kHttp);
  Segments segments = hub_segments();
  if (!reference.empty()) {
    segments.pop_back();
    append_path(segments, reference, Scheme::kHttp);
  }
  return is_hubs(segments);
}

}  // namespace

bool is_reserved_topic(std::string_view topic) {
  while (topic.starts_with(' ')) topic.remove_prefix(1);
  while (topic.ends_with(' ')) topic.remove_suffix(1);
  std::string_view rest = topic.substr(0, topic.find_first_of("?#"));
  const std::string_view name = take_scheme(rest);
  const Scheme scheme = scheme_of(name);
  if (scheme == Scheme::kHttp && is_hubs_reference(rest)) return true;
  if (name.empty()) return false;
  const std::size_t slashes = leading_slashes(rest, scheme);
  if (scheme == Scheme::kHttp || scheme == Scheme::kSpecial) {
    return is_hubs_path(after_authority(rest.substr(slashes), scheme), scheme);
  }
  if (slashes >= 2) return is_hubs_path(after_authority(rest.substr(2), scheme), scheme);
  if (slashes == 1) return is_hubs_path(rest, scheme);
  return false;
}

}  // namespace fanfare
