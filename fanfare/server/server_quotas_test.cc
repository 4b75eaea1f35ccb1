// The limits against abuse over real sockets: what is answered, and that places come back.
#include <gtest/gtest.h>

#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

const std::string kToken = token_for({"*"}, {"*"});

std::string with_limits(const TestAnswer& answer, std::uint16_t port, std::string_view limit) {
  if (answer.status != 429 && answer.status != 503) return "status " + std::to_string(answer.status);
  if (answer.head.find("\r\nRetry-After: ") == answer.head.npos) return "no Retry-After";
  if (answer.body.find(limit) == answer.body.npos) return answer.body;
  const std::string sample = "fanfare_limit_refusals_total{limit=\"" + std::string(limit) + "\"}";
  return metric(port, sample) > 0 ? "" : "no " + sample;
}

TEST(ServerQuotas, AConnectionTooManyOfAnAddressIsToldAndEnds) {
  ServerUnderTest server([](ServerOptions& options) {
    options.limits.connections_per_address_max = 2;
    options.trusted_proxies = {"192.0.2.0/24"};
  });
  Subscriber first(server.port(), "topic=a");
  {
    Subscriber second(server.port(), "topic=a");
    Client third(server.port());
    const auto answer = third.send(get("/healthz")).read_answer();
    EXPECT_EQ(answer.status, 429);
    EXPECT_TRUE(answer.has("Retry-After: 5"));
    EXPECT_NE(answer.body.find("connections_per_address_max"), answer.body.npos) << answer.body;
    third.read_to_end();
  }
  // The places come back, sooner or later.
  eventually([&] { return ask(server.port(), get("/healthz")).status == 200; });
}

TEST(ServerQuotas, StreamsOfASubjectAreLimitedAndComeAgain) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.subscribers_per_subject_max = 1; });
  const std::string bearer = "Authorization: Bearer " + kToken + "\r\n";
  {
    Subscriber first(server.port(), "topic=a", bearer);
    EXPECT_EQ(
        with_limits(ask(server.port(), subscribe("topic=b", bearer)), server.port(), "subscribers_per_subject_max"),
        "");
    Subscriber anonymous(server.port(), "topic=a");
    EXPECT_EQ(Client(server.port())
                  .send("HEAD /.well-known/mercure?topic=a HTTP/1.1\r\nHost: a\r\n" + bearer + "\r\n")
                  .read_answer(/*of_head=*/true)
                  .status,
              200)
        << "HEAD takes no place";
  }
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 0; });
  Subscriber again(server.port(), "topic=a", bearer);
}

TEST(ServerQuotas, AFullHubIsUnavailable) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.subscribers_max = 1; });
  Subscriber first(server.port(), "topic=a");
  const auto answer = ask(server.port(), subscribe("topic=b"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(with_limits(answer, server.port(), "subscribers_max"), "");
}

TEST(ServerQuotas, PublishersAreLimitedByTheirAddress) {
  ServerUnderTest server([](ServerOptions& options) {
    options.limits.publishes_per_s_per_address_max = 1;
    options.limits.burst_s = 1'000;
  });
  std::string batch;
  for (int i = 0; i < 1'000; ++i) batch += "{\"topic\":\"a\"}\n";
  std::string request = "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + kToken +
                        "\r\nContent-Type: application/x-ndjson\r\nContent-Length: " + std::to_string(batch.size()) +
                        "\r\n\r\n" + batch;
  EXPECT_EQ(ask(server.port(), request).status, 200);
  EXPECT_EQ(with_limits(ask(server.port(), request), server.port(), "publishes_per_s_per_address_max"), "");
}

TEST(ServerQuotas, ATrustedProxyTellsTheAddress) {
  ServerUnderTest server([](ServerOptions& options) {
    options.limits.publishes_per_s_per_address_max = 1;
    options.limits.connections_per_address_max = 1;
    options.limits.burst_s = 1;
    options.trusted_proxies = {"127.0.0.0/8"};
  });
  Subscriber of_the_proxy(server.port(), "topic=a");  // whose connections are not limited
  const auto publish_from = [&](const std::string& address) {
    return ask(server.port(), post("topic=a", kToken, "X-Forwarded-For: " + address + "\r\n")).status;
  };
  EXPECT_EQ(publish_from("198.51.100.1"), 200);
  EXPECT_EQ(publish_from("198.51.100.2"), 200);
  int limited = 0;
  for (int i = 0; i < 50; ++i) limited += publish_from("1.1.1." + std::to_string(i) + ", 198.51.100.3") == 429;
  EXPECT_GT(limited, 0) << "what the client itself says does not count";
}

TEST(ServerQuotas, ATrustedProxyIsAnAddress) {
  MemoryLog history{Limits()};
  std::ostringstream lines;
  Log log(LogFormat::kText, LogLevel::kError, lines);
  ServerOptions options;
  options.trusted_proxies = {"proxy.example"};
  const auto server = Server::open(std::move(options), history, log);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("proxy.example"), std::string::npos);
}

}  // namespace
}  // namespace fanfare
