#include "fanfare/http/http1_head.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "fanfare/http/http1_target.h"

namespace fanfare::http {
namespace {

constexpr std::uint8_t kEmptyLinesMax = 4;

std::unexpected<Refusal> refuse(int status, std::string_view reason) {
  return std::unexpected(Refusal{status, reason});
}

// Takes the text up to the separator off the front of rest, and the separator. Without one: everything.
std::string_view take_until(std::string_view& rest, std::string_view separator) {
  const auto end = rest.find(separator);
  const auto taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
  return taken;
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  Version version;
};

std::expected<Version, Refusal> parse_version(std::string_view text) {
  const bool well_formed =
      text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
  if (!well_formed) return refuse(400, "The request line must end in HTTP/1.1 or HTTP/1.0.");
  if (text[5] != '1') return refuse(505, "This port speaks HTTP/1.1 and HTTP/1.0 only.");
  return text[7] == '0' ? Version::kHttp10 : Version::kHttp11;
}

std::expected<RequestLine, Refusal> parse_request_line(std::string_view line) {
  const auto method = take_until(line, " ");
  const auto target = take_until(line, " ");
  if (!is_token(method)) return refuse(400, "The request must begin with a method.");
  if (target.empty() || target.contains('\t')) return refuse(400, "The request line must be: method target version.");
  const auto version = parse_version(line);
  if (!version) return std::unexpected(version.error());
  if (method == "CONNECT") return refuse(501, "CONNECT is not supported: this is not a proxy.");
  return RequestLine{method, target, *version};
}

std::expected<Headers, Refusal> parse_header_lines(std::string_view lines, std::size_t headers_max) {
  Headers headers;
  std::size_t count = 0;
  while (!lines.empty()) {
    if (++count > headers_max) return refuse(431, "The request has too many header fields.");
    auto value = take_until(lines, "\r\n");
    if (!value.contains(':')) return refuse(400, "A header line has no colon.");
    const auto name = take_until(value, ":");
    if (!is_token(name)) return refuse(400, "A header name is empty or holds a space or another forbidden character.");
    headers.add(std::string(name), std::string(trim(value)));
  }
  return headers;
}

// Of the target in absolute-form, else of Host (RFC 9112 section 3.2.2). HTTP/1.0 may leave Host out.
std::expected<std::string_view, Refusal> find_authority(const RequestHead& head, std::string_view of_target) {
  const std::size_t hosts = head.headers.count("host");
  if (hosts > 1) return refuse(400, "The request has more than one Host.");
  if (hosts == 0) {
    if (head.version == Version::kHttp11) return refuse(400, "The request has no Host.");
    return of_target;
  }
  const std::string_view host = *head.headers.find("host");
  if (!is_authority(host)) return refuse(400, "Host is not a valid host and port.");
  return of_target.empty() ? host : of_target;
}

// All codings of all Transfer-Encoding fields, in order.
std::expected<BodyFraming, Refusal> parse_transfer_encoding(const Headers& headers) {
  int codings = 0;
  int chunked = 0;
  bool ends_in_chunked = false;
  bool malformed = false;
  for (const Header& field : headers) {
    if (!equals_ignoring_case(field.name, "transfer-encoding")) continue;
    for_each_element(field.value, [&](std::string_view coding) {
      malformed |= !is_token(trim(coding.substr(0, coding.find(';'))));
      ends_in_chunked = equals_ignoring_case(coding, "chunked");
      chunked += ends_in_chunked ? 1 : 0;
      ++codings;
    });
  }
  if (malformed || !ends_in_chunked || chunked != 1) return refuse(400, "Transfer-Encoding must be: chunked.");
  if (codings != 1) return refuse(501, "No transfer coding but chunked is supported.");
  return BodyFraming{BodyFraming::Kind::kChunked, 0};
}

std::expected<BodyFraming, Refusal> parse_content_length(const Headers& headers) {
  if (headers.count("content-length") > 1) return refuse(400, "The request has more than one Content-Length.");
  const std::string_view text = *headers.find("content-length");
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return refuse(400, "Content-Length is not a length.");
  return BodyFraming{length == 0 ? BodyFraming::Kind::kNone : BodyFraming::Kind::kLength, length};
}

std::expected<BodyFraming, Refusal> parse_framing(const RequestHead& head) {
  const bool has_length = head.headers.find("content-length") != nullptr;
  if (head.headers.find("transfer-encoding") == nullptr) {
    return has_length ? parse_content_length(head.headers) : BodyFraming{};
  }
  if (has_length) return refuse(400, "The request has both Transfer-Encoding and Content-Length.");
  if (head.version == Version::kHttp10) return refuse(400, "HTTP/1.0 has no Transfer-Encoding.");
  return parse_transfer_encoding(head.headers);
}

// RFC 9112 section 9.3.
bool wants_keep_alive(const RequestHead& head) {
  bool close = false;
  bool keep_alive = false;
  for (const Header& field : head.headers) {
    if (!equals_ignoring_case(field.name, "connection")) continue;
    for_each_element(field.value, [&](std::string_view option) {
      close |= equals_ignoring_case(option, "close");
      keep_alive |= equals_ignoring_case(option, "keep-alive");
    });
  }
  return !close && (keep_alive || head.version == Version::kHttp11);
}

// Fills in what follows from the header fields; the head has its version and its fields.
std::expected<ParsedRequest, Refusal> parse_meaning(RequestHead head, std::string_view authority_of_target) {
  const auto authority = find_authority(head, authority_of_target);
  if (!authority) return std::unexpected(authority.error());
  head.authority = *authority;
  const auto framing = parse_framing(head);
  if (!framing) return std::unexpected(framing.error());
  // HTTP/1.0 has no expectations.
  const auto expects_continue = head.version == Version::kHttp10 ? false : parse_expect(head.headers);
  if (!expects_continue) return std::unexpected(expects_continue.error());
  const bool keep_alive = wants_keep_alive(head);
  return ParsedRequest{std::move(head), *framing, keep_alive, *expects_continue};
}

}  // namespace

std::expected<HeadScanner::State, Refusal> HeadScanner::after(char c) const {
  switch (state_) {
    case State::kLeading:
    case State::kLineStart:
      if (c == '\r') return state_ == State::kLeading ? State::kLeadingCr : State::kLastCr;
      if (is_space_or_tab(c)) return refuse(400, "A line of the head begins with a space.");
      [[fallthrough]];
    case State::kLine:
      if (c == '\r') return State::kLineCr;
      if (c == '\n') return refuse(400, "A line of the head ends in LF without CR.");
      if (!is_field_char(c)) return refuse(400, "The head holds a control byte: this is not HTTP, or damaged.");
      return State::kLine;
    case State::kLeadingCr:
    case State::kLineCr:
    case State::kLastCr:
      if (c != '\n') return refuse(400, "The head holds a CR without LF.");
      if (state_ == State::kLeadingCr) return State::kLeading;
      return state_ == State::kLineCr ? State::kLineStart : State::kComplete;
    case State::kComplete:
      break;
  }
  return State::kComplete;
}

std::expected<std::size_t, Refusal> HeadScanner::scan(std::string_view bytes, std::size_t head_bytes_max) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !is_complete()) {
    if (state_ == State::kLine) {  // nearly all of a head: what keeps the state is skipped in one go
      const auto rest = bytes.substr(taken, head_bytes_max - std::min<std::size_t>(head_bytes_max, size_ + 1));
      const auto run = std::ranges::find_if_not(rest, is_field_char) - rest.begin();
      size_ += static_cast<std::uint32_t>(run);
      taken += static_cast<std::size_t>(run);
      if (taken == bytes.size()) break;
    }
    const auto next = after(bytes[taken++]);
    if (!next) return std::unexpected(next.error());
    if (*next == State::kLeading && ++empty_lines_ > kEmptyLinesMax)
      return refuse(400, "Too many empty lines before the request.");
    state_ = *next;
    if (state_ == State::kLineStart) in_first_line_ = false;
    if (++size_ < head_bytes_max || is_complete()) continue;
    if (in_first_line_) return refuse(414, "The request line is too long.");
    return refuse(431, "The request head is too large.");
  }
  return taken;
}

std::expected<bool, Refusal> parse_expect(const Headers& headers) {
  bool expects_continue = false;
  for (const Header& field : headers) {
    if (!equals_ignoring_case(field.name, "expect")) continue;
    if (!equals_ignoring_case(field.value, "100-continue")) return refuse(417, "Expect may only be: 100-continue.");
    expects_continue = true;
  }
  return expects_continue;
}

std::expected<ParsedRequest, Refusal> parse_request_head(std::string_view head, std::size_t headers_max) {
  while (head.starts_with("\r\n")) head.remove_prefix(2);
  head.remove_suffix(2);  // the empty line
  const auto line = parse_request_line(take_until(head, "\r\n"));
  if (!line) return std::unexpected(line.error());
  const auto target = parse_target(line->method, line->target);
  if (!target) return std::unexpected(target.error());
  auto headers = parse_header_lines(head, headers_max);
  if (!headers) return std::unexpected(headers.error());

  RequestHead request;
  request.method = line->method;
  request.target = line->target;
  request.version = line->version;
  request.headers = std::move(*headers);
  request.path = target->path;
  request.query = target->query;
  return parse_meaning(std::move(request), target->authority);
}

}  // namespace fanfare::http
