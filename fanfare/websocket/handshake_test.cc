#include "fanfare/websocket/handshake.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanfare::websocket {
namespace {

// The request of RFC 6455 section 1.3, without what is ignored.
http::RequestHead example() {
  http::RequestHead request;
  request.method = "GET";
  request.path = request.target = "/chat";
  request.authority = "server.example.com";
  request.headers.add("Host", "server.example.com");
  request.headers.add("Upgrade", "websocket");
  request.headers.add("Connection", "Upgrade");
  request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  request.headers.add("Sec-WebSocket-Version", "13");
  return request;
}

// The request of RFC 8441 section 5.1.
http::RequestHead connect_example() {
  http::RequestHead request;
  request.method = "CONNECT";
  request.path = request.target = "/chat";
  request.authority = "server.example.com";
  request.scheme = "https";
  request.protocol = "websocket";
  request.version = http::Version::kHttp2;
  request.headers.add("sec-websocket-protocol", "chat, superchat");
  request.headers.add("sec-websocket-extensions", "permessage-deflate");
  request.headers.add("sec-websocket-version", "13");
  request.headers.add("origin", "http://www.example.com");
  return request;
}

// The request with that field replaced; left out without a value.
http::RequestHead with(std::string_view name, std::optional<std::string> value, http::RequestHead request = example()) {
  http::Headers headers;
  for (const http::Header& field : request.headers) {
    if (!http::equals_ignoring_case(field.name, name)) headers.add(field.name, field.value);
  }
  if (value) headers.add(std::string(name), *value);
  request.headers = std::move(headers);
  return request;
}

http::RequestHead and_also(std::string name, std::string value, http::RequestHead request = example()) {
  request.headers.add(std::move(name), std::move(value));
  return request;
}

std::string fields_of(const http::ResponseHead& response) {
  std::string lines = std::to_string(response.status) + "\n";
  for (const http::Header& field : response.headers) lines += field.name + ": " + field.value + "\n";
  return lines;
}

constexpr std::string_view kAnswer = "101\nUpgrade: websocket\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n";
constexpr std::string_view kDeflate = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(Handshake, TheExampleOfTheSpecificationIsAccepted) {
  const auto handshake = judge_handshake(example());
  ASSERT_TRUE(handshake);
  EXPECT_EQ(fields_of(handshake->response), kAnswer);
  EXPECT_FALSE(handshake->deflate);
  EXPECT_EQ(accept_of("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(Handshake, WhatClientsWriteDifferentlyIsAccepted) {
  const http::RequestHead requests[] = {
      with("Upgrade", "h2c, WebSocket"),
      with("Upgrade", "WEBSOCKET"),
      with("Connection", "keep-alive, upgrade"),
      with("Connection", " ,Upgrade\t, x"),
      and_also("Connection", "keep-alive"),
      and_also("Upgrade", "h2c"),
      and_also("Sec-WebSocket-Protocol", "chat, superchat"),
      and_also("Origin", "http://elsewhere.example"),
      and_also("Sec-WebSocket-Extensions", "x-webkit-deflate-frame"),
      and_also("Content-Length", "0"),
  };
  for (const auto& request : requests) {
    const auto handshake = judge_handshake(request);
    ASSERT_TRUE(handshake) << handshake.error().reason;
    EXPECT_EQ(fields_of(handshake->response), kAnswer);
  }
}

TEST(Handshake, CompressionIsAgreedOnIfItIsWanted) {
  const auto request = and_also("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
  const auto handshake = judge_handshake(request);
  ASSERT_TRUE(handshake);
  EXPECT_EQ(fields_of(handshake->response), std::string(kAnswer) + "Sec-WebSocket-Extensions: " +
                                                std::string(kDeflate) + "; client_max_window_bits=10\n");
  EXPECT_EQ(handshake->deflate, (DeflateTerms{.client_window_bits = 10}));
  const auto plain = judge_handshake(request, Compression::kDeclined);
  ASSERT_TRUE(plain);
  EXPECT_EQ(fields_of(plain->response), kAnswer);
  EXPECT_FALSE(plain->deflate);
}

TEST(Handshake, AnExtendedConnectIsAnsweredWithoutKeyOrUpgrade) {
  const auto handshake = judge_handshake(connect_example());
  ASSERT_TRUE(handshake);
  EXPECT_EQ(fields_of(handshake->response), "200\nSec-WebSocket-Extensions: " + std::string(kDeflate) + "\n");
  EXPECT_EQ(handshake->deflate, DeflateTerms{});
  EXPECT_TRUE(asks_for_websocket(connect_example()));
}

TEST(Handshake, WhatIsWrongIsRefusedWithWhatWouldBeRight) {
  http::RequestHead post = example();
  post.method = "POST";
  http::RequestHead old = example();
  old.version = http::Version::kHttp10;
  http::RequestHead over_http2 = example();
  over_http2.version = http::Version::kHttp2;
  http::RequestHead nobody = example();
  nobody.authority.clear();
  http::RequestHead udp = connect_example();
  udp.protocol = "connect-udp";
  const struct {
    http::RequestHead request;
    int status;
    std::string_view word;
  } rows[] = {
      {post, 405, "GET"},
      {old, 400, "HTTP/1.1"},
      {over_http2, 400, "extended CONNECT"},
      {nobody, 400, "Host"},
      {with("Upgrade", std::nullopt), 426, "Upgrade: websocket"},
      {with("Upgrade", "h2c"), 426, "Upgrade: websocket"},
      {with("Upgrade", "websockets"), 426, "Upgrade: websocket"},
      {with("Connection", std::nullopt), 400, "Connection: Upgrade"},
      {with("Connection", "keep-alive"), 400, "Connection: Upgrade"},
      {and_also("Content-Length", "5"), 400, "body"},
      {and_also("Transfer-Encoding", "chunked"), 400, "body"},
      {with("Sec-WebSocket-Version", std::nullopt), 426, "13"},
      {with("Sec-WebSocket-Version", "8"), 426, "13"},
      {with("Sec-WebSocket-Version", "013"), 426, "13"},
      {with("Sec-WebSocket-Version", "13, 8"), 426, "13"},
      {and_also("Sec-WebSocket-Version", "13"), 400, "more than once"},
      {with("Sec-WebSocket-Key", std::nullopt), 400, "16 random bytes"},
      {with("Sec-WebSocket-Key", ""), 400, "16 random bytes"},
      {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ="), 400, "16 random bytes"},
      {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"), 400, "16 random bytes"},
      {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j_Q=="), 400, "16 random bytes"},
      {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=a"), 400, "16 random bytes"},
      {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="), 400, "16 random bytes"},
      {and_also("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), 400, "more than once"},
      {and_also("Sec-WebSocket-Extensions", "permessage-deflate;"), 400, "Sec-WebSocket-Extensions"},
      {udp, 501, "websocket"},
      {with("Sec-WebSocket-Version", "8", connect_example()), 426, "13"},
      {with("Sec-WebSocket-Version", std::nullopt, connect_example()), 426, "13"},
      {and_also("Sec-WebSocket-Extensions", "=", connect_example()), 400, "Sec-WebSocket-Extensions"},
  };
  for (const auto& row : rows) {
    const auto handshake = judge_handshake(row.request);
    ASSERT_FALSE(handshake) << row.word;
    EXPECT_EQ(handshake.error().status, row.status) << handshake.error().reason;
    EXPECT_TRUE(handshake.error().reason.contains(row.word)) << handshake.error().reason;
  }
}

TEST(Handshake, ARefusalTellsTheVersionProtocolOrMethodThatWouldBeRight) {
  const auto old = refusal_response(judge_handshake(with("Sec-WebSocket-Version", "8")).error());
  EXPECT_EQ(old.status, 426);
  EXPECT_EQ(*old.headers.find("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(*old.headers.find("Upgrade"), "websocket");
  EXPECT_TRUE(old.body.contains("Sec-WebSocket-Version: 13"));
  http::RequestHead post = example();
  post.method = "POST";
  EXPECT_EQ(*refusal_response(judge_handshake(post).error()).headers.find("Allow"), "GET");
  EXPECT_TRUE(refusal_response({400, "why"}).headers.find("Sec-WebSocket-Version") == nullptr);
}

TEST(Handshake, OrdinaryRequestsDoNotAskForAWebSocket) {
  EXPECT_TRUE(asks_for_websocket(example()));
  EXPECT_TRUE(asks_for_websocket(with("Sec-WebSocket-Key", std::nullopt)));
  EXPECT_FALSE(asks_for_websocket(with("Upgrade", std::nullopt)));
  EXPECT_FALSE(asks_for_websocket(with("Upgrade", "h2c")));
}

}  // namespace
}  // namespace fanfare::websocket
