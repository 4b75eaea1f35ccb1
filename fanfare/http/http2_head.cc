#include "fanfare/http/http2_head.h"

#include <charconv>
#include <utility>

#include "fanfare/http/http1_head.h"
#include "fanfare/http/http1_target.h"

namespace fanfare::http {
namespace {

// A head of so many times its limit costs more to read than its client is worth an explanation.
constexpr std::size_t kFarTimes = 8;

std::unexpected<Refusal> refuse(int status, std::string_view reason) {
  return std::unexpected(Refusal{status, reason});
}

// :authority, else Host. They may both stand, if they agree (RFC 9113 section 8.3.1).
std::expected<std::string_view, Refusal> find_authority(const RequestHead& head) {
  const std::string* host = head.headers.find("host");
  const std::string_view authority = head.authority.empty() && host != nullptr ? *host : head.authority;
  if (!is_authority(authority)) return refuse(400, ":authority is not a valid host and port.");
  if (host != nullptr && !equals_ignoring_case(authority, *host))
    return refuse(400, ":authority and Host must be the same.");
  return authority;
}

std::optional<std::uint64_t> parse_content_length(const Headers& headers) {
  const std::string* text = headers.find("content-length");
  std::uint64_t length = 0;
  if (text == nullptr || std::from_chars(text->data(), text->data() + text->size(), length).ec != std::errc())
    return std::nullopt;
  return length;
}

}  // namespace

Http2Head::Fit Http2Head::add(std::string_view name, std::string_view value, const Limits& limits) {
  bytes_ += field_bytes(name, value);
  is_too_large_ |= bytes_ > limits.request_head_bytes_max;
  if (bytes_ / kFarTimes > limits.request_head_bytes_max) return Fit::kFarTooLarge;
  if (name.starts_with(':') && !is_too_large_) {
    add_pseudo(name, value);
    return Fit::kFits;
  }
  const bool is_crumb = name == "cookie" && !cookie_.empty();
  if (!is_crumb) ++fields_;
  is_too_large_ |= fields_ > limits.request_headers_max;
  if (is_too_large_) {
    head_.headers = Headers();
    return Fit::kTooLarge;
  }
  if (is_crumb) cookie_ += "; ";
  if (name == "cookie") {
    cookie_ += value;
  } else {
    head_.headers.add(std::string(name), std::string(value));
  }
  return Fit::kFits;
}

void Http2Head::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    head_.method = value;
  } else if (name == ":path") {
    head_.target = value;
  } else if (name == ":authority") {
    head_.authority = value;
  } else if (name == ":scheme") {
    head_.scheme = value;
  } else if (name == ":protocol") {
    head_.protocol = value;
  }
}

std::expected<Http2Request, Refusal> Http2Head::finish() && {
  if (is_too_large_) return refuse(431, "The request's header fields are too large or too many.");
  if (head_.method == "CONNECT" && head_.protocol.empty())
    return refuse(501, "CONNECT is not supported: this is not a proxy.");
  if (!head_.protocol.empty() && head_.method != "CONNECT") return refuse(400, ":protocol belongs to CONNECT only.");
  if (!equals_ignoring_case(head_.scheme, "http") && !equals_ignoring_case(head_.scheme, "https"))
    return refuse(400, ":scheme must be http or https.");
  if (!head_.target.starts_with('/') && head_.target != "*") return refuse(400, ":path must begin with /.");
  const auto target = parse_target(head_.method, head_.target);
  if (!target) return std::unexpected(target.error());
  const auto authority = find_authority(head_);
  if (!authority) return std::unexpected(authority.error());
  const auto expects_continue = parse_expect(head_.headers);
  if (!expects_continue) return std::unexpected(expects_continue.error());

  head_.path = target->path;
  head_.query = target->query;
  head_.authority = std::string(*authority);
  head_.version = Version::kHttp2;
  if (!cookie_.empty()) head_.headers.add("cookie", std::move(cookie_));
  const auto content_length = parse_content_length(head_.headers);
  return Http2Request{std::move(head_), content_length, *expects_continue};
}

}  // namespace fanfare::http
