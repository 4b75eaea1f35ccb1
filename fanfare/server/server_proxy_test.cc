// Proxies that introduce their clients by the PROXY protocol, and clients that they tell of in the fields of requests,
// over real sockets.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

// 198.51.100.NUMBER:4711
std::string header_of(unsigned char number) {
  std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC6\x33\x64", 19);
  header.push_back(static_cast<char>(number));
  return header + std::string("\x7F\0\0\1\x12\x67\1\xBB", 8);
}
const std::string kLocal("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
constexpr std::string_view kFailures = "fanfare_proxy_header_failures_total";

void take_headers(ServerOptions& options) {
  options.proxy_protocol = true;
  options.trusted_proxies = {"127.0.0.1"};
}

std::uint64_t failures(std::uint16_t port) {
  const std::string text = ask(port, kLocal + get("/metrics")).body;
  const auto found = text.find("\n" + std::string(kFailures) + " ");
  return found == text.npos ? 0 : std::stoull(text.substr(found + kFailures.size() + 2));
}

// Its log, from a run that has ended.
std::string log_of(ServerUnderTest& server) {
  server.server().stop();
  server.join();
  return server.log_text();
}

TEST(ServerProxy, AHeaderTellsTheClientWhateverItSaysOfItself) {
  ServerUnderTest server(take_headers);
  EXPECT_EQ(ask(server.port(), header_of(7) + get("/healthz", "X-Forwarded-For: 203.0.113.9\r\n")).status, 200);
  const std::string log = log_of(server);
  EXPECT_NE(log.find("client=198.51.100.7:4711 "), log.npos) << log;
  EXPECT_EQ(log.find("peer="), log.npos) << log;
}

TEST(ServerProxy, AConnectionOfTheProxyItselfMayTellOfClientsInItsRequests) {
  ServerUnderTest server(take_headers);
  EXPECT_EQ(ask(server.port(), kLocal + get("/healthz", "X-Forwarded-For: 198.51.100.8\r\n")).status, 200);
  const std::string log = log_of(server);
  EXPECT_NE(log.find("client=198.51.100.8 "), log.npos) << log;
  EXPECT_NE(log.find("peer=127.0.0.1:"), log.npos) << log;
}

TEST(ServerProxy, AHeaderInPiecesIsOne) {
  ServerUnderTest server(take_headers);
  Client client(server.port());
  for (const char byte : header_of(7) + get("/healthz")) client.send({&byte, 1});
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.send(get("/healthz")).read_answer().status, 200) << "one for a connection, not for a request";
}

TEST(ServerProxy, Http2FollowsAHeaderToo) {
  ServerUnderTest server(take_headers);
  Client client(server.port());
  client.send(header_of(7) + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  client.send(std::string("\0\0\0\4\0\0\0\0\0", 9));
  EXPECT_EQ(client.read_bytes(9)[3], '\4') << "its settings";
}

TEST(ServerProxy, WithoutAGoodHeaderTheConnectionEndsAndTheLogSaysWhy) {
  ServerUnderTest server(take_headers);
  for (const std::string& bytes :
       {get("/healthz"), std::string("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n") + get("/healthz")}) {
    EXPECT_EQ(Client(server.port()).send(bytes).read_to_end(), "");
  }
  EXPECT_EQ(Client(server.port()).send(header_of(7).substr(0, 20)).end_sending().read_to_end(), "");
  EXPECT_EQ(failures(server.port()), 2u) << "one that leaves in the middle is nobody's fault";
  const std::string log = log_of(server);
  EXPECT_NE(log.find("WARN proxy_header_refused peer=127.0.0.1:"), log.npos) << log;
  EXPECT_NE(log.find("reason=\"no PROXY header"), log.npos) << log;
  EXPECT_NE(log.find("reason=\"a PROXY header of version 1, where version 2 is taken"), log.npos) << log;
}

TEST(ServerProxy, WhoIsNoTrustedProxyMayNotConnect) {
  ServerUnderTest server([](ServerOptions& options) {
    options.proxy_protocol = true;
    options.trusted_proxies = {"192.0.2.1"};
  });
  EXPECT_EQ(Client(server.port()).send(header_of(7) + get("/healthz")).read_to_end(), "");
  const std::string log = log_of(server);
  EXPECT_NE(log.find("reason=\"not a trusted proxy\""), log.npos) << log;
}

TEST(ServerProxy, AHeaderThatDoesNotComeIsWaitedForAsLongAsARequest) {
  ServerUnderTest server([](ServerOptions& options) {
    take_headers(options);
    options.limits.request_idle_ms = 600;
    options.limits.keep_alive_idle_ms = 600'000;
  });
  Client silent(server.port());
  EXPECT_EQ(silent.read_to_end(), "");
  Client slow(server.port());
  const std::string header = header_of(7);
  std::size_t sent = 0;
  eventually([&] {  // a byte at a time does not make it longer
    if (sent < header.size() - 1) slow.send(std::string_view(header).substr(sent++, 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    char byte = 0;
    return slow.is_broken() || ::recv(slow.fd(), &byte, 1, MSG_DONTWAIT) == 0;
  });
  EXPECT_LT(sent, header.size() - 1);
}

TEST(ServerProxy, LimitsCountTheClientAndNotItsProxy) {
  ServerUnderTest server([](ServerOptions& options) {
    take_headers(options);
    options.limits.connections_per_address_max = 1;
  });
  Client first(server.port());
  EXPECT_EQ(first.send(header_of(7) + get("/healthz")).read_answer().status, 200);
  EXPECT_EQ(ask(server.port(), header_of(7) + get("/healthz")).status, 429);
  EXPECT_EQ(ask(server.port(), header_of(8) + get("/healthz")).status, 200);
}

TEST(ServerProxy, HeadersNeedSomebodyToBelieve) {
  MemoryLog history{Limits()};
  std::ostringstream lines;
  Log log(LogFormat::kText, LogLevel::kError, lines);
  ServerOptions options;
  options.proxy_protocol = true;
  const auto server = Server::open(std::move(options), history, log);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("--trusted-proxy"), std::string::npos);
}

TEST(ServerProxy, FieldsCountInTheLogOnlyIfTheirSenderIsTrusted) {
  for (const bool trusted : {true, false}) {
    ServerUnderTest server([&](ServerOptions& options) {
      if (trusted) options.trusted_proxies = {"127.0.0.1"};
    });
    {
      Subscriber stream(server.port(), "topic=a", "Forwarded: for=\"[2001:db8::7]:4711\"\r\n");
    }
    eventually([&] { return metric(server.port(), "fanfare_subscribers") == 0; });
    const std::string log = log_of(server);
    EXPECT_EQ(log.find("client=2001:db8::7 method=GET path=/.well-known/mercure") != log.npos, trusted) << log;
  }
}

}  // namespace
}  // namespace fanfare
