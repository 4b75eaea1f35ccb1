// WebSockets of the hub over real sockets, by HTTP/1.1 and HTTP/2: who may open one, what comes, and how they end. The
// frames are made by hand.
#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/server/server_under_test.h"
#include "fanfare/server/test_http2_client.h"
#include "testing/websocket/client.h"

namespace fanfare {
namespace {

using namespace websocket_testing;

const std::string kToken = token_for({"*"}, {"*"});
constexpr std::string_view kUpgrade =
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

std::string handshake(std::string_view query, std::string_view more = {}) {
  return subscribe(query, std::string(kUpgrade) + std::string(more));
}

void publish(std::uint16_t port, const std::string& form) {
  ASSERT_EQ(ask(port, post(form, kToken)).status, 200);
}

std::string message(std::string_view id, std::string_view topic, std::string_view data) {
  return R"({"id":")" + std::string(id) + R"(","type":"message","topics":[")" + std::string(topic) + R"("],"data":")" +
         std::string(data) + "\"}";
}

// A WebSocket that is open.
class WebSocketClient : public Client {
 public:
  explicit WebSocketClient(std::uint16_t port, std::string_view query, std::string_view more = {},
                           int receive_buffer_bytes = 0)
      : Client(port, receive_buffer_bytes) {
    send(handshake(query, more));
    answer = read_answer();
    EXPECT_EQ(answer.status, 101) << answer.head << answer.body;
  }
  // The next frame that is no ping.
  ServerFrame read_frame() {
    for (;;) {
      std::string bytes = read_bytes(2);
      if (bytes.size() < 2) return {};
      const unsigned length = static_cast<unsigned char>(bytes[1]);
      if (length >= 126) bytes += read_bytes(length == 126 ? 2 : 8);
      std::size_t payload = length;
      if (length >= 126) {
        payload = 0;
        for (std::size_t i = 2; i < bytes.size(); ++i) payload = payload * 256 + static_cast<unsigned char>(bytes[i]);
      }
      bytes += read_bytes(payload);
      std::string_view rest = bytes;
      const auto frame = take_server_frame(rest);
      EXPECT_TRUE(frame && rest.empty());
      if (!frame || frame->first_byte != (kFin | kPing)) return frame.value_or(ServerFrame{});
    }
  }
  std::string read_text() {
    const ServerFrame frame = read_frame();
    EXPECT_EQ(frame.first_byte | kRsv1, kFin | kText | kRsv1);
    return (frame.first_byte & kRsv1) != 0 ? inflated(frame.payload).value_or("not deflate") : frame.payload;
  }
  // The code and reason of the Close frame that must come next, and the end of the connection once it is answered.
  unsigned read_close() {
    const ServerFrame frame = read_frame();
    EXPECT_EQ(frame.first_byte, kFin | kClose);
    if (frame.payload.size() < 2) return 0;
    reason = frame.payload.substr(2);
    return static_cast<unsigned char>(frame.payload[0]) * 256u + static_cast<unsigned char>(frame.payload[1]);
  }

  TestAnswer answer;
  std::string reason;
};

TEST(ServerWebSocket, UpdatesComeAsMessagesAndResumeByTheirIds) {
  const ServerUnderTest server;
  WebSocketClient client(server.port(), "topic=books/{id}");
  EXPECT_TRUE(client.answer.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_TRUE(client.answer.has("Connection: Upgrade"));
  EXPECT_TRUE(client.answer.has("Upgrade: websocket"));
  publish(server.port(), "topic=books/1&id=a&data=one");
  publish(server.port(), "topic=films/1&id=b&data=other");
  publish(server.port(), "topic=books/2&topic=more&id=c&type=sold&data=%22two%22%0Alines");
  EXPECT_EQ(client.read_text(), message("a", "books/1", "one"));
  EXPECT_EQ(client.read_text(), R"({"id":"c","type":"sold","topics":["books/2","more"],"data":"\"two\"\nlines"})");
  WebSocketClient resumed(server.port(), "topic=books/{id}&lastEventID=a");
  EXPECT_TRUE(resumed.answer.has("Last-Event-ID: a"));
  EXPECT_TRUE(resumed.read_text().starts_with(R"({"id":"c",)"));
  publish(server.port(), "topic=books/3&id=d&data=three");
  EXPECT_EQ(resumed.read_text(), message("d", "books/3", "three"));
  Subscriber events(server.port(), "topic=books/{id}&lastEventID=c");
  EXPECT_EQ(events.read_event(), "id: d\ndata: three\n\n") << "the positions are those of event streams";
}

TEST(ServerWebSocket, CompressedMessagesAreForThoseWhoOfferIt) {
  const ServerUnderTest server;
  WebSocketClient compressed(server.port(), "topic=a", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  WebSocketClient plain(server.port(), "topic=a");
  EXPECT_NE(compressed.answer.head.find("Sec-WebSocket-Extensions: permessage-deflate"), std::string::npos);
  EXPECT_EQ(plain.answer.head.find("Sec-WebSocket-Extensions"), std::string::npos);
  const std::string text(500, 'x');
  publish(server.port(), "topic=a&id=1&data=" + text);
  const ServerFrame frame = compressed.read_frame();
  EXPECT_EQ(frame.first_byte, kFin | kRsv1 | kText);
  EXPECT_LT(frame.payload.size(), 100u);
  EXPECT_EQ(inflated(frame.payload), message("1", "a", text));
  EXPECT_EQ(plain.read_text(), message("1", "a", text));
}

TEST(ServerWebSocket, PingsAreAnsweredAndSilentStreamsArePinged) {
  const ServerUnderTest server([](ServerOptions& options) { options.limits.heartbeat_ms = 100; });
  WebSocketClient client(server.port(), "topic=a");
  EXPECT_EQ(client.read_bytes(2), std::string("\x89\x00", 2));
  client.send(client_frame(kFin | kPong, {}));
  client.send(client_frame(kFin | kPing, "hello"));
  EXPECT_EQ(client.read_frame(), (ServerFrame{kFin | kPong, "hello"}));
  publish(server.port(), "topic=a&id=1&data=x");
  EXPECT_EQ(client.read_text(), message("1", "a", "x"));
}

TEST(ServerWebSocket, TheClientsCloseIsAnsweredAndItIsGone) {
  ServerUnderTest server;
  WebSocketClient client(server.port(), "topic=a");
  WebSocketClient stays(server.port(), "topic=a");
  client.send(client_frame(kFin | kClose, close_payload(1000)));
  EXPECT_EQ(client.read_close(), 1000u);
  EXPECT_EQ(client.read_to_end(), "");
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 1; });
  publish(server.port(), "topic=a&id=1&data=x");
  EXPECT_EQ(stays.read_text(), message("1", "a", "x"));
  server.server().stop();
  EXPECT_EQ(stays.read_close(), 1001u);
  stays.send(client_frame(kFin | kClose, close_payload(1001)));
  EXPECT_EQ(stays.read_to_end(), "");
  server.join();
  EXPECT_NE(server.log_text().find("the client closed with 1000"), std::string::npos);
}

TEST(ServerWebSocket, CompressedMessagesAreLookedAtOnceTheyAreInflated) {
  const ServerUnderTest server;
  const std::vector<std::pair<std::string, unsigned>> cases = {
      {deflated("fine"), 1003}, {deflated("\xff"), 1007}, {"\xff\xff\xff", 1007}};
  for (const auto& [payload, code] : cases) {
    WebSocketClient client(server.port(), "topic=a", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    client.send(client_frame(kFin | kRsv1 | kText, payload));
    EXPECT_EQ(client.read_close(), code);
  }
}

TEST(ServerWebSocket, WhoBreaksARuleIsClosedWithItsCodeAndNobodyElseNotices) {
  const ServerUnderTest server([](ServerOptions& options) { options.limits.websocket_message_bytes_max = 1'000; });
  WebSocketClient stays(server.port(), "topic=a");
  const std::vector<std::pair<std::string, unsigned>> cases = {
      {std::string("\x81\x05hello", 7), 1002},                   // no mask
      {client_frame(kFin | kRsv2 | kText, "x"), 1002},           // a bit that nobody has agreed on
      {client_frame(kPing, "x"), 1002},                          // a control frame in parts
      {client_frame(kFin | kClose, close_payload(1005)), 1002},  // a code that is never sent
      {client_frame(kFin | kText, "x"), 1003},
      {client_frame(kFin | kText, "\xff"), 1007},                          // what is wrong with a message comes first
      {client_frame(kText, "a") + client_frame(kFin | kText, "b"), 1002},  // one within another
      {client_frame(kFin | kText, std::string(2'000, 'x')), 1009},
      {client_frame(kFin | kBinary, "x"), 1003},
      {client_frame(kFin | kClose, close_payload(1000, "\xff")), 1007},
  };
  for (const auto& [bytes, code] : cases) {
    WebSocketClient bad(server.port(), "topic=a");
    bad.send(bytes);
    EXPECT_EQ(bad.read_close(), code);
    bad.send(client_frame(kFin | kClose, close_payload(code)));
    EXPECT_EQ(bad.read_to_end(), "");
  }
  WebSocketClient flood(server.port(), "topic=a");
  std::string pings;
  for (int i = 0; i < 2'000; ++i) pings += client_frame(kFin | kPing, {});
  flood.send(pings);
  for (ServerFrame frame = flood.read_frame(); frame.first_byte != (kFin | kClose); frame = flood.read_frame()) {
    ASSERT_EQ(frame.first_byte, kFin | kPong);
  }
  publish(server.port(), "topic=a&id=1&data=x");
  EXPECT_EQ(stays.read_text(), message("1", "a", "x"));
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 1; });
}

TEST(ServerWebSocket, WhoDoesNotAnswerACloseIsCutOff) {
  ServerUnderTest server;
  WebSocketClient silent(server.port(), "topic=a");
  silent.send(client_frame(kFin | kText, "anything"));
  EXPECT_EQ(silent.read_close(), 1003u);
  EXPECT_EQ(silent.reason, "nothing is received here: publish by POST");
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST(ServerWebSocket, ItEndsWithItsToken) {
  const ServerUnderTest server;
  const std::string token = token_for({}, {"a"}, std::time(nullptr) + 1);
  WebSocketClient client(server.port(), "topic=a&authorization=" + token);
  EXPECT_EQ(client.read_close(), 1008u);
  EXPECT_EQ(client.reason, "the token has expired");
}

TEST(ServerWebSocket, PagesOfOtherOriginsMayNotOpenOne) {
  const ServerUnderTest nobody;
  const ServerUnderTest listed([](ServerOptions& options) { options.cors_origins = {"https://app.example"}; });
  const ServerUnderTest anybody([](ServerOptions& options) { options.cors_origins = {"*"}; });
  struct Case {
    const ServerUnderTest& server;
    std::string headers;
    int status;
  };
  const std::vector<Case> cases = {
      {nobody, "", 101},
      {nobody, "Origin: http://a\r\n", 101},  // its own: Host is a
      {nobody, "Origin: https://a\r\n", 403},
      {nobody, "Origin: http://evil.example\r\n", 403},
      {nobody, "Origin: null\r\n", 403},
      {nobody, "Origin: http://a\r\nOrigin: http://evil.example\r\n", 403},
      {nobody, "Origin: http://evil.example\r\nX-Forwarded-Host: evil.example\r\n", 403},
      {listed, "Origin: https://app.example\r\n", 101},
      {listed, "Origin: https://other.example\r\n", 403},
      {anybody, "Origin: http://evil.example\r\n", 101},
  };
  for (const auto& [server, headers, status] : cases) {
    const TestAnswer answer = Client(server.port()).send(handshake("topic=a", headers)).read_answer();
    EXPECT_EQ(answer.status, status) << headers;
    EXPECT_EQ(answer.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), status == 101) << headers;
  }
  // Where all origins may, none gets what its visitor's cookie would: CORS would not let it be sent either.
  const std::string cookie = "Origin: http://evil.example\r\nCookie: mercureAuthorization=" + kToken + "\r\n";
  WebSocketClient foreign(anybody.port(), "topic=a", cookie);
  WebSocketClient own(anybody.port(), "topic=a", "Cookie: mercureAuthorization=" + kToken + "\r\n");
  publish(anybody.port(), "topic=a&id=1&data=secret&private=on");
  publish(anybody.port(), "topic=a&id=2&data=public");
  EXPECT_EQ(own.read_text(), message("1", "a", "secret"));
  EXPECT_EQ(foreign.read_text(), message("2", "a", "public"));
}

TEST(ServerWebSocket, AHandshakeThatIsWrongIsRefusedWithWhatWouldBeRight) {
  const ServerUnderTest server;
  const TestAnswer version =
      ask(server.port(), subscribe("topic=a",
                                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  EXPECT_EQ(version.status, 426);
  EXPECT_TRUE(version.has("Sec-WebSocket-Version: 13"));
  EXPECT_NE(version.head.find("Connection: Upgrade"), std::string::npos);
  EXPECT_EQ(ask(server.port(), handshake("nothing=1")).status, 400);
  const ServerUnderTest closed([](ServerOptions& options) { options.access.anonymous = false; });
  EXPECT_EQ(ask(closed.port(), handshake("topic=a")).status, 401);
}

// Slow as an event stream may be: it falls behind, reads the log, and the frames stay whole.
TEST(ServerWebSocket, ASlowReaderGetsEveryMessage) {
  constexpr int kUpdates = 300;
  const ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.audience_units_bytes_max = 8 * 1024;
  });
  WebSocketClient slow(server.port(), "topic=a", {}, 4 * 1024);
  const std::string filler(4'000, 'x');
  Client publisher(server.port());
  for (int i = 0; i < kUpdates; ++i) {
    publisher.send(post("topic=a&id=" + std::to_string(i) + "&data=" + filler, kToken));
    ASSERT_EQ(publisher.read_answer().status, 200);
    if (i == kUpdates / 2) slow.send(client_frame(kFin | kPing, "still here"));
  }
  EXPECT_GT(metric(server.port(), "fanfare_evictions_total"), 0u);
  bool has_pong = false;
  for (int i = 0; i < kUpdates;) {
    const ServerFrame frame = slow.read_frame();
    if (frame.first_byte == (kFin | kPong)) {
      has_pong = true;
      continue;
    }
    ASSERT_EQ(frame.payload, message(std::to_string(i++), "a", filler));
  }
  EXPECT_TRUE(has_pong);
}

TEST(ServerWebSocket, OverHttp2ATunnelIsOneStreamOfMany) {
  ServerUnderTest server;
  Http2Client client(server.port());
  const http::StreamId events = client.subscribe("topic=a");
  const auto tunnel = [&](std::string_view more = {}, std::string_view mode = {}) {
    return client.request(http::frame(http::kHeadersFrame, http::kEndHeaders, client.next(),
                                      http::pseudo("CONNECT", "/.well-known/mercure?topic=a" + std::string(mode)) +
                                          http::field(":protocol", "websocket") +
                                          http::field("sec-websocket-version", "13") + std::string(more)));
  };
  const http::StreamId socket = tunnel();
  const http::StreamId foreign = tunnel(http::field("origin", "http://evil.example"));
  ASSERT_TRUE(client.read_body(events, ":\n"));
  ASSERT_TRUE(client.read_end(foreign));
  EXPECT_NE(client.body(foreign).find("may not open a WebSocket"), std::string::npos);
  const http::StreamId sly = tunnel(http::field("origin", "http://evil.example"), "&mode=poll&wait=0");
  ASSERT_TRUE(client.read_end(sly));
  EXPECT_NE(client.body(sly).find("may not open a WebSocket"), std::string::npos) << client.body(sly);
  publish(server.port(), "topic=a&id=1&data=x");
  const std::string text = message("1", "a", "x");
  ASSERT_TRUE(client.read_body(socket, text));
  EXPECT_EQ(client.body(socket), std::string("\x81") + static_cast<char>(text.size()) + text);
  ASSERT_TRUE(client.read_body(events, "data: x\n\n"));
  client.send(http::frame(http::kDataFrame, 0, socket, client_frame(kFin | kPing, "hi")));
  ASSERT_TRUE(client.read_body(socket, std::string("\x8a\x02hi")));
  client.send(http::frame(http::kDataFrame, 0, socket, client_frame(kFin | kClose, close_payload(1000))));
  ASSERT_TRUE(client.read_end(socket));
  EXPECT_TRUE(client.body(socket).ends_with(std::string("\x88\x02\x03\xe8", 4)));
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 1; });

  const http::StreamId last = tunnel();
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 2; });
  server.server().stop();
  ASSERT_TRUE(client.read_end(last));
  EXPECT_TRUE(client.body(last).starts_with(std::string("\x88"))) << "a Close frame, and then the stream's end";
  ASSERT_TRUE(client.read_end(events));
}

}  // namespace
}  // namespace fanfare
