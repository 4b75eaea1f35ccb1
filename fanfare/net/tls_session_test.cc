// TLS between a session and OpenSSL's client over a socket pair, in one thread.
#include "fanfare/net/tls_session.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fanfare/net/openssl_types.h"
#include "fanfare/net/self_signed.h"

namespace fanfare::net {
namespace {

TlsIdentity identity_of(std::vector<std::string> names) {
  const std::int64_t now_s = std::time(nullptr);
  return make_self_signed(names, now_s, now_s + 3'600);
}

std::shared_ptr<const TlsContext> context_of(std::vector<TlsIdentity> identities,
                                             std::shared_ptr<TlsTickets> tickets = std::make_shared<TlsTickets>()) {
  return TlsContext::make({.identities = std::move(identities), .protocols = {"h2", "http/1.1"}}, std::move(tickets))
      .value();
}

using ClientContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using ClientSession = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

struct ClientOptions {
  int version = TLS1_3_VERSION;
  std::string name = {};  // asked for by SNI
  std::string alpn = {};  // in the form of ALPN
  SSL_SESSION* resumes = nullptr;
};

// A server's session and a client at the other end of its socket.
class Pair {
 public:
  Pair(std::shared_ptr<const TlsContext> context, const ClientOptions& options, int send_buffer_bytes = 0)
      : client_context_(SSL_CTX_new(TLS_client_method())) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_.data()), 0);
    if (send_buffer_bytes > 0) {
      ::setsockopt(fds_[0], SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
    }
    SSL_CTX_set_min_proto_version(client_context_.get(), 0);
    SSL_CTX_set_security_level(client_context_.get(), 0);  // old versions
    SSL_CTX_set_max_proto_version(client_context_.get(), options.version);
    SSL_CTX_set_session_cache_mode(client_context_.get(), SSL_SESS_CACHE_CLIENT);
    client_ = SSL_new(client_context_.get());
    SSL_set_fd(client_, fds_[1]);
    SSL_set_connect_state(client_);
    if (!options.name.empty())
      SSL_ctrl(client_, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, const_cast<char*>(options.name.c_str()));
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(client_, reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned>(options.alpn.size()));
    }
    if (options.resumes != nullptr) SSL_set_session(client_, options.resumes);
    server.emplace(std::move(context), fds_[0]);
  }
  ~Pair() {
    SSL_free(client_);
    server.reset();
    for (const int fd : fds_) ::close(fd);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  TlsSession::Handshake shake_hands() {
    for (int i = 0; i < 20; ++i) {
      SSL_do_handshake(client_);
      const auto result = server->shake_hands();
      if (result == TlsSession::Handshake::kFailed) return result;
      if (result == TlsSession::Handshake::kDone && SSL_do_handshake(client_) == 1) return result;
    }
    return TlsSession::Handshake::kWantsToRead;
  }

  SSL* client() { return client_; }
  int client_fd() const { return fds_[1]; }
  void client_sends(std::string_view bytes) {
    EXPECT_EQ(SSL_write(client_, bytes.data(), static_cast<int>(bytes.size())), static_cast<int>(bytes.size()));
  }
  // What has arrived at the client.
  std::string client_receives() {
    std::string all;
    std::array<char, 4'096> bytes;
    for (;;) {
      const int count = SSL_read(client_, bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) return all;
      all.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  std::string server_certificate() {
    const OpensslCertificate certificate(SSL_get1_peer_certificate(client_));
    const OpensslBio out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate.get());
    const char* text = nullptr;
    const long bytes = BIO_get_mem_data(out.get(), const_cast<char**>(&text));
    return {text, static_cast<std::size_t>(bytes)};
  }
  ClientSession ticket() { return ClientSession(SSL_get1_session(client_)); }
  void close_client() {
    ::close(fds_[1]);
    fds_[1] = -1;
  }

  std::optional<TlsSession> server;

 private:
  std::array<int, 2> fds_ = {-1, -1};
  ClientContext client_context_;
  SSL* client_ = nullptr;
};

std::string read_all(TlsSession& session) {
  std::string all;
  std::array<char, 1'000> bytes;
  for (;;) {
    const IoResult got = session.read(bytes);
    if (got.status != IoStatus::kDone) return all;
    all.append(bytes.data(), got.bytes);
  }
}

TEST(TlsSession, SpeaksTls12And13AndNothingOlder) {
  const auto context = context_of({identity_of({"localhost"})});
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Pair pair(context, {.version = version});
    ASSERT_EQ(pair.shake_hands(), TlsSession::Handshake::kDone);
    EXPECT_EQ(SSL_version(pair.client()), version);
    pair.client_sends("ping");
    EXPECT_EQ(read_all(*pair.server), "ping");
  }
  Pair old(context, {.version = TLS1_1_VERSION});
  EXPECT_EQ(old.shake_hands(), TlsSession::Handshake::kFailed);
  EXPECT_EQ(old.server->failure(), "unsupported protocol");
}

TEST(TlsSession, ChoosesTheProtocolThatItPrefersOfThoseOffered) {
  const auto context = context_of({identity_of({"localhost"})});
  const std::pair<std::string, std::string_view> cases[] = {
      {"\x08http/1.1\x02h2", "h2"}, {"\x08http/1.1", "http/1.1"}, {"\x02h3", ""}, {"", ""}};
  for (const auto& [offered, chosen] : cases) {
    Pair pair(context, {.alpn = offered});
    ASSERT_EQ(pair.shake_hands(), TlsSession::Handshake::kDone);
    EXPECT_EQ(pair.server->protocol(), chosen);
  }
}

TEST(TlsSession, ShowsTheCertificateOfTheNameThatIsAskedFor) {
  const std::vector<TlsIdentity> identities = {identity_of({"a.example"}), identity_of({"b.example", "*.c.example"})};
  const auto context = context_of(identities);
  const std::pair<std::string, std::size_t> cases[] = {{"a.example", 0},   {"b.example", 1},     {"B.EXAMPLE", 1},
                                                       {"x.c.example", 1}, {"other.example", 0}, {"", 0}};
  for (const auto& [name, index] : cases) {
    Pair pair(context, {.name = name});
    ASSERT_EQ(pair.shake_hands(), TlsSession::Handshake::kDone) << name;
    EXPECT_EQ(pair.server_certificate(), identities[index].certificate) << name;
  }
}

TEST(TlsSession, ATicketSparesTheCertificateAlsoAfterAReload) {
  const auto tickets = std::make_shared<TlsTickets>();
  const auto before = context_of({identity_of({"a.example"}), identity_of({"b.example"})}, tickets);
  const auto after = context_of({identity_of({"a.example"}), identity_of({"b.example"})}, tickets);
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Pair first(before, {.version = version, .name = "b.example"});
    ASSERT_EQ(first.shake_hands(), TlsSession::Handshake::kDone);
    EXPECT_FALSE(first.server->is_resumed());
    const std::string_view text = "hello";
    std::array<char, TlsSession::kRecordBytes> record;
    first.server->write({&text, 1}, record);
    EXPECT_EQ(first.client_receives(), "hello");  // in TLS 1.3, the tickets came before it
    const ClientSession ticket = first.ticket();
    for (const auto& context : {before, after}) {
      const ClientSession copy(SSL_SESSION_dup(ticket.get()));  // the end of its connection spoils it
      Pair again(context, {.version = version, .name = "b.example", .resumes = copy.get()});
      ASSERT_EQ(again.shake_hands(), TlsSession::Handshake::kDone);
      EXPECT_TRUE(again.server->is_resumed()) << version;
    }
    Pair stranger(context_of({identity_of({"b.example"})}),
                  {.version = version, .name = "b.example", .resumes = ticket.get()});
    ASSERT_EQ(stranger.shake_hands(), TlsSession::Handshake::kDone);
    EXPECT_FALSE(stranger.server->is_resumed()) << "of other keys";
  }
}

TEST(TlsSession, BytesArriveOnceAndInOrderHoweverTheSocketCutsThem) {
  const auto context = context_of({identity_of({"localhost"})});
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  Pair pair(context, {}, 4'096);
  ASSERT_EQ(pair.shake_hands(), TlsSession::Handshake::kDone);
  std::string sent;
  for (std::size_t i = 0; i < 1'000'000; ++i) sent += static_cast<char>(random());
  std::array<char, TlsSession::kRecordBytes> record;
  std::string received;
  std::size_t taken = 0;
  int blocked = 0;
  while (taken < sent.size() || pair.server->has_unsent()) {
    if (pair.server->has_unsent()) {
      ++blocked;
      received += pair.client_receives();
      ASSERT_NE(pair.server->send_unsent().status, IoStatus::kFailed);
      continue;
    }
    std::vector<std::string_view> slices;
    for (std::size_t at = taken; slices.size() < 5 && at < sent.size();) {
      const std::size_t bytes = std::uniform_int_distribution<std::size_t>(1, random() % 4 == 0 ? 40'000 : 200)(random);
      slices.push_back(std::string_view(sent).substr(at, bytes));
      at += slices.back().size();
    }
    const IoResult result = pair.server->write(slices, record);
    ASSERT_EQ(result.status, IoStatus::kDone);
    taken += result.bytes;
  }
  received += pair.client_receives();
  EXPECT_TRUE(received == sent);
  EXPECT_GT(blocked, 10);
}

TEST(TlsSession, SmallSlicesAreOneRecord) {
  Pair pair(context_of({identity_of({"localhost"})}), {});
  ASSERT_EQ(pair.shake_hands(), TlsSession::Handshake::kDone);
  const std::string_view slices[] = {"head", "1;", "event", "\r\n"};
  std::array<char, TlsSession::kRecordBytes> record;
  EXPECT_EQ(pair.server->write(slices, record).bytes, 13U);
  std::array<char, 100> bytes;
  EXPECT_EQ(SSL_read(pair.client(), bytes.data(), bytes.size()), 13);  // a read gives one record at most
}

TEST(TlsSession, TellsWhatItHasReadButNotGiven) {
  Pair pair(context_of({identity_of({"localhost"})}), {});
  ASSERT_EQ(pair.shake_hands(), TlsSession::Handshake::kDone);
  pair.client_sends("abc");
  char one = 0;
  EXPECT_EQ(pair.server->read({&one, 1}).bytes, 1U);
  EXPECT_TRUE(pair.server->has_buffered());
  EXPECT_EQ(read_all(*pair.server), "bc");
  EXPECT_FALSE(pair.server->has_buffered());
}

TEST(TlsSession, APartOfARecordIsNothingToRead) {
  Pair pair(context_of({identity_of({"localhost"})}), {});
  EXPECT_EQ(::send(pair.client_fd(), "\x16\x03\x01", 3, 0), 3);
  EXPECT_EQ(pair.server->shake_hands(), TlsSession::Handshake::kWantsToRead);
  EXPECT_FALSE(pair.server->has_buffered()) << "who waits for the rest waits for the socket";
}

TEST(TlsSession, BothEndsAreTold) {
  const auto context = context_of({identity_of({"localhost"})});
  char byte = 0;
  {
    Pair pair(context, {});
    ASSERT_EQ(pair.shake_hands(), TlsSession::Handshake::kDone);
    SSL_shutdown(pair.client());
    EXPECT_EQ(pair.server->read({&byte, 1}).status, IoStatus::kEnd);
    pair.server->say_end();
    EXPECT_EQ(SSL_shutdown(pair.client()), 1) << "it has been told too";
  }
  Pair rude(context, {});
  ASSERT_EQ(rude.shake_hands(), TlsSession::Handshake::kDone);
  EXPECT_EQ(rude.client_receives(), "");  // the tickets: what is unread would make it a reset
  rude.close_client();
  EXPECT_EQ(rude.server->read({&byte, 1}).status, IoStatus::kEnd) << "without close_notify";
}

TEST(TlsSession, WhoSpeaksInClearIsRecognised) {
  const auto context = context_of({identity_of({"localhost"})});
  const auto fails_with = [&](std::string_view bytes) {
    Pair pair(context, {});
    EXPECT_EQ(::send(pair.client_fd(), bytes.data(), bytes.size(), 0), std::ssize(bytes));
    EXPECT_EQ(pair.server->shake_hands(), TlsSession::Handshake::kFailed);
    return pair.server->got_plain_http();
  };
  EXPECT_TRUE(fails_with("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(fails_with(std::string(100, '\xff')));
}

TEST(TlsSession, AClientThatLeavesInTheHandshakeIsAFailure) {
  Pair pair(context_of({identity_of({"localhost"})}), {});
  SSL_do_handshake(pair.client());
  EXPECT_EQ(pair.server->shake_hands(), TlsSession::Handshake::kWantsToRead);
  pair.close_client();
  EXPECT_EQ(pair.server->shake_hands(), TlsSession::Handshake::kFailed);
  EXPECT_FALSE(pair.server->failure().empty());
}

}  // namespace
}  // namespace fanfare::net
