#include "fanfare/websocket/handshake.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "fanfare/base/check.h"

namespace fanfare::websocket {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kVersion = "13";
constexpr std::size_t kSha1Bytes = 20;

std::unexpected<http::Refusal> refuse(int status, std::string_view reason) {
  return std::unexpected(http::Refusal{status, reason});
}

// Whether a field of that name lists the token, in any of its lines.
bool lists(const http::Headers& headers, std::string_view name, std::string_view token) {
  bool found = false;
  for (const http::Header& field : headers) {
    if (!http::equals_ignoring_case(field.name, name)) continue;
    http::for_each_element(field.value,
                           [&](std::string_view element) { found |= http::equals_ignoring_case(element, token); });
  }
  return found;
}

bool is_base64(char c) {
  return http::is_digit(c) || http::is_alpha(c) || c == '+' || c == '/';
}

// 16 bytes in base64: 22 characters and two for padding. The four bits that are over may be anything.
bool is_key(std::string_view text) {
  return text.size() == 24 && text.ends_with("==") && std::ranges::all_of(text.substr(0, 22), is_base64);
}

bool has_body(const http::Headers& headers) {
  const std::string* length = headers.find("Content-Length");
  return headers.find("Transfer-Encoding") != nullptr || (length != nullptr && *length != "0");
}

std::expected<void, http::Refusal> check_version(const http::Headers& headers) {
  if (headers.count("Sec-WebSocket-Version") > 1) return refuse(400, "Sec-WebSocket-Version stands more than once");
  const std::string* version = headers.find("Sec-WebSocket-Version");
  if (version == nullptr || *version != kVersion)
    return refuse(426, "The only version of WebSocket here is 13 (RFC 6455): Sec-WebSocket-Version: 13");
  return {};
}

std::expected<void, http::Refusal> check_upgrade(const http::RequestHead& request) {
  const http::Headers& headers = request.headers;
  if (request.method != "GET") return refuse(405, "A WebSocket begins with GET");
  if (request.version != http::Version::kHttp11)
    return refuse(400, "A WebSocket begins with a request of HTTP/1.1, or an extended CONNECT of HTTP/2 (RFC 8441)");
  if (request.authority.empty()) return refuse(400, "Host must name the host");
  if (!lists(headers, "Upgrade", "websocket")) return refuse(426, "A WebSocket is asked for by Upgrade: websocket");
  if (!lists(headers, "Connection", "Upgrade"))
    return refuse(400, "With Upgrade goes Connection: Upgrade; a proxy on the way may have dropped it");
  if (has_body(headers)) return refuse(400, "The request for a WebSocket has no body");
  if (const auto checked = check_version(headers); !checked) return checked;
  if (headers.count("Sec-WebSocket-Key") > 1) return refuse(400, "Sec-WebSocket-Key stands more than once");
  const std::string* key = headers.find("Sec-WebSocket-Key");
  if (key == nullptr || !is_key(*key)) return refuse(400, "Sec-WebSocket-Key must be 16 random bytes in base64");
  return {};
}

std::expected<void, http::Refusal> check_connect(const http::RequestHead& request) {
  if (!http::equals_ignoring_case(request.protocol, "websocket"))
    return refuse(501, "The only :protocol here is websocket");
  return check_version(request.headers);
}

bool is_extended_connect(const http::RequestHead& request) {
  return request.method == "CONNECT" && !request.protocol.empty();
}

}  // namespace

bool asks_for_websocket(const http::RequestHead& request) {
  return is_extended_connect(request) || lists(request.headers, "Upgrade", "websocket");
}

std::expected<Handshake, http::Refusal> judge_handshake(const http::RequestHead& request, Compression compression) {
  const bool is_connect = is_extended_connect(request);
  if (const auto checked = is_connect ? check_connect(request) : check_upgrade(request); !checked)
    return std::unexpected(checked.error());
  const auto deflate = choose_deflate(request.headers);
  if (!deflate) return std::unexpected(deflate.error());

  Handshake handshake;
  if (compression == Compression::kAccepted) handshake.deflate = *deflate;
  http::Headers& headers = handshake.response.headers;
  handshake.response.status = is_connect ? 200 : 101;
  if (!is_connect) {
    headers.add("Upgrade", "websocket");
    headers.add("Sec-WebSocket-Accept", accept_of(*request.headers.find("Sec-WebSocket-Key")));
  }
  if (handshake.deflate) headers.add("Sec-WebSocket-Extensions", acceptance_of(*handshake.deflate));
  return handshake;
}

http::Response refusal_response(const http::Refusal& refusal) {
  http::Response response = http::problem_response(refusal.status, refusal.reason);
  if (refusal.status == 405) response.headers.add("Allow", "GET");
  if (refusal.status == 426) {
    response.headers.add("Upgrade", "websocket");
    response.headers.add("Sec-WebSocket-Version", std::string(kVersion));
  }
  return response;
}

std::string accept_of(std::string_view key) {
  const std::string proof = std::string(key).append(kGuid);
  std::array<unsigned char, kSha1Bytes> digest;
  FANFARE_CHECK(EVP_Digest(proof.data(), proof.size(), digest.data(), nullptr, EVP_sha1(), nullptr) == 1);
  std::array<unsigned char, (kSha1Bytes + 2) / 3 * 4 + 1> text;
  const int size = EVP_EncodeBlock(text.data(), digest.data(), kSha1Bytes);
  return {text.begin(), text.begin() + size};
}

}  // namespace fanfare::websocket
