// A server that speaks TLS, over real sockets, with OpenSSL's client at the other end.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/net/openssl_types.h"
#include "fanfare/net/self_signed.h"
#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

net::TlsIdentity identity_of(const std::string& name) {
  const std::int64_t now_s = std::time(nullptr);
  return net::make_self_signed({&name, 1}, now_s, now_s + 3'600);
}

ServerUnderTest::Change with_tls(const net::TlsIdentity& identity, const ServerUnderTest::Change& more = {}) {
  return [=](ServerOptions& options) {
    options.listen.clear();
    options.tls_listen = {"127.0.0.1:0"};
    options.tls_identities = {identity};
    if (more) more(options);
  };
}

// A connection of OpenSSL's client, which trusts anybody: who is shown is looked at by the tests.
class TlsClient {
 public:
  // first: in clear, before TLS.
  explicit TlsClient(std::uint16_t port, int receive_buffer_bytes = 0, std::string_view first = {})
      : client_(port, receive_buffer_bytes),
        context_(SSL_CTX_new(TLS_client_method())),
        session_(SSL_new(context_.get())) {
    const timeval patience{.tv_sec = kPatience_ms / 1'000, .tv_usec = 0};
    ::setsockopt(client_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    client_.send(first);
    SSL_set_fd(session_.get(), client_.fd());
    is_open_ = SSL_connect(session_.get()) == 1;
  }

  bool is_open() const { return is_open_; }
  TlsClient& send(std::string_view bytes) {
    EXPECT_EQ(SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())), std::ssize(bytes));
    return *this;
  }
  // What comes up to and with the marker; less if the connection ends.
  std::string read_through(std::string_view marker) {
    std::string all;
    while (!all.ends_with(marker)) {
      char byte = 0;
      const int got = SSL_read(session_.get(), &byte, 1);
      if (got != 1) {
        end_ = SSL_get_error(session_.get(), got);
        return all;
      }
      all += byte;
    }
    return all;
  }
  // Whether the server said that nothing follows.
  bool was_told_of_the_end() const { return end_ == SSL_ERROR_ZERO_RETURN; }
  std::string certificate_fingerprint() const {
    const net::OpensslCertificate shown(SSL_get1_peer_certificate(session_.get()));
    const net::OpensslBio out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), shown.get());
    char* text = nullptr;
    const long bytes = BIO_get_mem_data(out.get(), &text);
    return net::fingerprint_of({text, static_cast<std::size_t>(bytes)}).value_or("");
  }

 private:
  Client client_;
  std::unique_ptr<SSL_CTX, net::Freed<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, net::Freed<SSL_free>> session_;
  bool is_open_ = false;
  int end_ = SSL_ERROR_NONE;
};

std::string subscribe_and_wait(TlsClient& client, std::string_view query) {
  return client.send(subscribe(query)).read_through("2\r\n:\n\r\n");
}

std::string publish(std::uint16_t port, const std::string& form) {
  TlsClient client(port);
  client.send(post(form, token_for({"*"}, {}), "Connection: close\r\n"));
  return client.read_through("never");
}

TEST(ServerTls, RequestsAndStreamsAreServedInside) {
  const ServerUnderTest server(with_tls(identity_of("localhost")));
  TlsClient subscriber(server.port());
  ASSERT_TRUE(subscriber.is_open());
  EXPECT_TRUE(subscribe_and_wait(subscriber, "topic=a").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(publish(server.port(), "topic=a&id=1&data=hello").starts_with("HTTP/1.1 200 "));
  EXPECT_NE(subscriber.read_through("data: hello\n\n").find("id: 1\n"), std::string::npos);
  // A pipeline: what is in TLS's buffer while a request is answered is served afterwards.
  TlsClient pipeline(server.port());
  pipeline.send(get("/healthz") + get("/healthz") + get("/healthz"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pipeline.read_through("ok\n").starts_with("HTTP/1.1 200 ")) << i;
}

TEST(ServerTls, ASlowReaderGetsEverythingInOrder) {
  const ServerUnderTest server(with_tls(identity_of("localhost"), [](ServerOptions& options) {
    options.threads = 1;
    options.limits.audience_units_bytes_max = 64 * 1024;
  }));
  TlsClient slow(server.port(), 4'096);
  subscribe_and_wait(slow, "topic=a");
  constexpr int kUpdates = 300;
  const std::string filler(20'000, 'x');
  for (int i = 0; i < kUpdates; ++i) publish(server.port(), "topic=a&data=" + filler + std::to_string(i));
  std::string body;
  for (int i = 0; i < kUpdates; ++i) {
    const std::string event = slow.read_through(filler + std::to_string(i) + "\n\n");
    ASSERT_TRUE(event.ends_with(filler + std::to_string(i) + "\n\n")) << i;
    ASSERT_LT(event.size(), 2 * filler.size()) << "no other between";
  }
}

// A record that the socket has taken a part of counts as taken: of some of these streams it is the last one.
TEST(ServerTls, TheRestOfARecordFollowsWithoutFurtherNews) {
  const ServerUnderTest server(with_tls(identity_of("localhost")));
  constexpr int kStreams = 24;
  const std::string filler(10'000, 'x');
  std::vector<std::unique_ptr<TlsClient>> slow;
  for (int n = 1; n <= kStreams; ++n) {
    const std::string topic = "topic=" + std::to_string(n);
    slow.push_back(std::make_unique<TlsClient>(server.port(), 4'096));
    subscribe_and_wait(*slow.back(), topic);
    for (int i = 1; i <= n; ++i) publish(server.port(), topic + "&data=" + filler + std::to_string(i));
  }
  for (int n = 1; n <= kStreams; ++n) {
    const std::string last = filler + std::to_string(n) + "\n\n";
    EXPECT_TRUE(slow[static_cast<std::size_t>(n - 1)]->read_through(last).ends_with(last)) << n;
  }
}

TEST(ServerTls, WhoSpeaksInClearIsToldWhatWouldBeRight) {
  const ServerUnderTest server(with_tls(identity_of("localhost")));
  Client client(server.port());
  const std::string answer = client.send(get("/healthz")).read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_NE(answer.find("this port speaks TLS: its URLs begin with https://"), std::string::npos) << answer;
  TlsClient good(server.port());
  good.send(get("/metrics", "Connection: close\r\n"));
  EXPECT_NE(good.read_through("never").find("\nfanfare_tls_failures_total 1\n"), std::string::npos);
}

TEST(ServerTls, AHandshakeThatIsNotFinishedIsEndedInTime) {
  const ServerUnderTest server(
      with_tls(identity_of("localhost"), [](ServerOptions& options) { options.limits.request_idle_ms = 300; }));
  Client silent(server.port());
  EXPECT_EQ(silent.read_to_end(), "");
  Client half(server.port());
  EXPECT_EQ(half.send("\x16\x03\x01").read_to_end(), "");
}

TEST(ServerTls, AnotherCertificateIsShownToWhoComesAfterwards) {
  const net::TlsIdentity before = identity_of("a.example");
  const net::TlsIdentity after = identity_of("a.example");
  ServerUnderTest server(with_tls(before));
  TlsClient stream(server.port());
  subscribe_and_wait(stream, "topic=a");
  EXPECT_EQ(stream.certificate_fingerprint(), net::fingerprint_of(before.certificate).value());
  ServerOptions options;
  const KeySet keys({Key::from_secret(kTestKey, Algorithm::kHs256).value()});
  options.access.issuers = {{.name = "", .publisher_keys = keys, .subscriber_keys = keys}};
  options.access.anonymous = true;
  options.tls_identities = {after};
  ASSERT_TRUE(server.server().replace(options));
  options.tls_identities.clear();
  EXPECT_FALSE(server.server().replace(options)) << "where TLS is spoken, a certificate is needed";
  eventually([&] {
    return TlsClient(server.port()).certificate_fingerprint() == net::fingerprint_of(after.certificate).value();
  });
  publish(server.port(), "topic=a&data=still");
  EXPECT_TRUE(stream.read_through("data: still\n\n").ends_with("still\n\n"));
}

TEST(ServerTls, AStreamEndsWholeAndSaysSoWhenTheServerDrains) {
  ServerUnderTest server(with_tls(identity_of("localhost")));
  TlsClient stream(server.port());
  subscribe_and_wait(stream, "topic=a");
  server.server().stop();
  const std::string last = stream.read_through("never");
  EXPECT_TRUE(last.ends_with("0\r\n\r\n")) << last;
  EXPECT_NE(last.find("retry: "), last.npos) << last;
  EXPECT_TRUE(stream.was_told_of_the_end());
}

TEST(ServerTls, NeedsACertificate) {
  ServerOptions options;
  options.tls_listen = {"127.0.0.1:0"};
  EXPECT_EQ(Server::check(options).error().message, "TLS needs a certificate and its key");
}

TEST(ServerTls, TheHandshakeFollowsTheProxyHeader) {
  const auto identity = identity_of("localhost");
  ServerUnderTest server(with_tls(identity, [](ServerOptions& options) {
    options.proxy_protocol = true;
    options.trusted_proxies = {"127.0.0.1"};
  }));
  const std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC6\x33\x64\x07\x7F\0\0\1\x12\x67\1\xBB", 28);
  TlsClient introduced(server.port(), 0, header);
  ASSERT_TRUE(introduced.is_open());
  EXPECT_TRUE(introduced.send(get("/healthz")).read_through("ok\n").ends_with("ok\n"));
  EXPECT_FALSE(TlsClient(server.port()).is_open()) << "without one";
  server.server().stop();
  server.join();
  EXPECT_NE(server.log_text().find("client=198.51.100.7:4711 "), std::string::npos) << server.log_text();
}

}  // namespace
}  // namespace fanfare
