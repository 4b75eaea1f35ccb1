// HTTP/2 over real sockets, in clear by prior knowledge: streams of events beside each other, their ends, and clients
// that do not take what they are sent. The frames are made by hand.
#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/server/server_under_test.h"
#include "fanfare/server/test_http2_client.h"

namespace fanfare {
namespace {

using http::StreamId;

void publish_by_http1(std::uint16_t port, const std::string& form) {
  ASSERT_EQ(ask(port, post(form, token_for({"*"}, {}))).status, 200);
}

TEST(ServerHttp2, ManyStreamsOfOneConnectionEachGetTheirUpdates) {
  const ServerUnderTest server;
  Http2Client client(server.port());
  std::vector<StreamId> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(client.subscribe("topic=all&topic=" + std::to_string(i)));
  for (const StreamId each : streams) ASSERT_TRUE(client.read_body(each, ":\n"));
  EXPECT_EQ(metric(server.port(), "fanfare_subscribers"), 100U);
  const StreamId publication = client.publish("topic=all&id=1&data=hello");
  client.publish("topic=7&id=2&data=seven");
  ASSERT_TRUE(client.read_end(publication));
  EXPECT_EQ(client.body(publication), "1");
  for (const StreamId each : streams) {
    ASSERT_TRUE(client.read_body(each, "data: hello\n\n")) << each;
    EXPECT_TRUE(client.body(each).starts_with(":\nid: 1\ndata: hello\n\n"));
  }
  ASSERT_TRUE(client.read_body(streams[7], "data: seven\n\n"));
  EXPECT_EQ(client.body(streams[8]), ":\nid: 1\ndata: hello\n\n");
}

TEST(ServerHttp2, AStreamWithoutAWindowWaitsAndHoldsUpNoOther) {
  const ServerUnderTest server([](ServerOptions& options) { options.limits.audience_units_bytes_max = 64 * 1024; });
  Http2Client client(server.port(), 10);
  const StreamId slow = client.subscribe("topic=a");
  const StreamId fast = client.subscribe("topic=a");
  client.send(http::window_update(fast, kLargeWindow));
  ASSERT_TRUE(client.read_body(slow, ":\n"));
  ASSERT_TRUE(client.read_body(fast, ":\n"));
  const std::string filler = std::string(10'000, 'x') + "#";
  constexpr int kUpdates = 100;
  for (int i = 0; i < kUpdates; ++i) {
    publish_by_http1(server.port(), "topic=a&data=" + filler + std::to_string(i));
  }
  ASSERT_TRUE(client.read_body(fast, "#" + std::to_string(kUpdates - 1) + "\n\n"));
  EXPECT_EQ(client.body(slow).size(), 10U);
  client.send(http::window_update(slow, 25'000));
  ASSERT_TRUE(client.read_until([&] { return client.body(slow).size() == 25'010; }));
  client.send(http::window_update(slow, kLargeWindow));
  ASSERT_TRUE(client.read_body(slow, "#" + std::to_string(kUpdates - 1) + "\n\n"));
  EXPECT_TRUE(client.body(slow) == client.body(fast)) << "all of it, in order, though the queue went on without it";
}

TEST(ServerHttp2, AClientThatReadsNothingGetsEverythingWhenItDoes) {
  const ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.audience_units_bytes_max = 64 * 1024;
  });
  Http2Client slow(server.port(), kLargeWindow, 16'384);
  std::vector<StreamId> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(slow.subscribe("topic=a"));
  for (const StreamId each : streams) ASSERT_TRUE(slow.read_body(each, ":\n"));
  const std::string filler = std::string(20'000, 'x') + "#";
  constexpr int kUpdates = 30;
  for (int i = 0; i < kUpdates; ++i) {
    publish_by_http1(server.port(), "topic=a&data=" + filler + std::to_string(i));
  }
  for (const StreamId each : streams) {
    ASSERT_TRUE(slow.read_body(each, "#" + std::to_string(kUpdates - 1) + "\n\n"));
    std::size_t at = 0;
    for (int i = 0; i < kUpdates; ++i) {
      const std::size_t next = slow.body(each).find("#" + std::to_string(i) + "\n\n", at);
      ASSERT_NE(next, std::string::npos) << i;
      ASSERT_LT(next - at, filler.size() + 100) << i;
      at = next;
    }
  }
}

TEST(ServerHttp2, ClientsThatTakeNothingStayWithinTheBudgetAndHoldUpNobody) {
  constexpr std::size_t kBudgetBytes = 1024 * 1024;
  const ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.update_bytes_max = 64 * 1024;
    options.limits.budget_bytes = kBudgetBytes;
  });
  std::vector<std::unique_ptr<Http2Client>> stuck;
  for (int i = 0; i < 40; ++i) {
    stuck.push_back(std::make_unique<Http2Client>(server.port(), kLargeWindow, 4'096));
    const StreamId stream = stuck.back()->subscribe("topic=" + std::to_string(i));
    ASSERT_TRUE(stuck.back()->read_body(stream, ":\n"));
  }
  Http2Client good(server.port());
  const StreamId stream = good.subscribe("topic=good");
  ASSERT_TRUE(good.read_body(stream, ":\n"));
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 40; ++i) {
      publish_by_http1(server.port(), "topic=" + std::to_string(i) + "&data=" + std::string(30'000, 'x'));
    }
    EXPECT_LE(metric(server.port(), "fanfare_held_bytes"), kBudgetBytes);
    publish_by_http1(server.port(), "topic=good&data=" + std::to_string(round));
    ASSERT_TRUE(good.read_body(stream, "data: " + std::to_string(round) + "\n\n"));
  }
}

TEST(ServerHttp2, AConnectionThatIsIdleIsEndedThoughItsClientDoesNothing) {
  const ServerUnderTest server([](ServerOptions& options) { options.limits.keep_alive_idle_ms = 300; });
  Http2Client client(server.port());
  const StreamId stream = client.request(http::get(1, "/healthz"));
  ASSERT_TRUE(client.read_end(stream));
  eventually([&] { return metric(server.port(), "fanfare_connections") == 1; });
  EXPECT_TRUE(client.reads_to_the_end());
  EXPECT_EQ(client.goaway_code(), 0U);
}

TEST(ServerHttp2, AnswersThatTheClientDoesNotTakeAreGivenUp) {
  const ServerUnderTest server([](ServerOptions& options) { options.limits.request_idle_ms = 1'000; });
  Http2Client with_a_stream(server.port(), 1);
  const StreamId stream = with_a_stream.subscribe("topic=a");
  with_a_stream.send(http::window_update(stream, kLargeWindow));
  ASSERT_TRUE(with_a_stream.read_body(stream, ":\n"));
  const StreamId answer = with_a_stream.request(http::get(3, "/metrics"));
  ASSERT_TRUE(with_a_stream.read_until([&] { return with_a_stream.reset_code(answer).has_value(); }));
  publish_by_http1(server.port(), "topic=a&data=on");
  EXPECT_TRUE(with_a_stream.read_body(stream, "data: on\n\n")) << "the stream goes on";
  Http2Client without(server.port(), 1);
  without.request(http::get(1, "/metrics"));
  EXPECT_TRUE(without.reads_to_the_end());
}

TEST(ServerHttp2, AStreamThatItsClientResetsIsLeft) {
  const ServerUnderTest server;
  Http2Client client(server.port());
  const StreamId stays = client.subscribe("topic=a");
  const StreamId goes = client.subscribe("topic=a");
  ASSERT_TRUE(client.read_body(stays, ":\n"));
  ASSERT_TRUE(client.read_body(goes, ":\n"));
  client.send(http::rst(goes, http::Http2Error::kCancel));
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 1; });
  client.publish("topic=a&data=x");
  EXPECT_TRUE(client.read_body(stays, "data: x\n\n"));
  EXPECT_EQ(client.body(goes), ":\n");
}

TEST(ServerHttp2, AStreamEndsWithItsTokenAndTheOthersGoOn) {
  const ServerUnderTest server;
  Http2Client client(server.port());
  const std::string token = token_for({}, {"*"}, std::time(nullptr) + 2);
  const StreamId expires = client.subscribe("topic=a", http::field("authorization", "Bearer " + token));
  const StreamId stays = client.subscribe("topic=a");
  ASSERT_TRUE(client.read_end(expires));
  EXPECT_FALSE(client.reset_code(expires).has_value());
  client.publish("topic=a&data=x");
  EXPECT_TRUE(client.read_body(stays, "data: x\n\n"));
}

TEST(ServerHttp2, DrainingTellsStreamsWhenToComeBackAndEndsThemWhole) {
  ServerUnderTest server;
  Http2Client client(server.port());
  const StreamId stream = client.subscribe("topic=a");
  ASSERT_TRUE(client.read_body(stream, ":\n"));
  server.server().stop();
  ASSERT_TRUE(client.read_end(stream));
  EXPECT_NE(client.body(stream).find("retry: "), std::string::npos);
  EXPECT_TRUE(client.reads_to_the_end());
  EXPECT_EQ(client.goaway_code(), 0U);
}

TEST(ServerHttp2, WhoBreaksTheProtocolIsEndedAndNobodyElseNotices) {
  const ServerUnderTest server([](ServerOptions& options) { options.threads = 1; });
  Http2Client good(server.port());
  const StreamId stream = good.subscribe("topic=a");
  ASSERT_TRUE(good.read_body(stream, ":\n"));
  Http2Client bad(server.port());
  ASSERT_TRUE(bad.read_body(bad.subscribe("topic=a"), ":\n"));
  bad.send(http::frame(http::kWindowUpdateFrame, 0, 0, "abc"));
  EXPECT_TRUE(bad.reads_to_the_end());
  EXPECT_EQ(bad.goaway_code(), static_cast<std::uint32_t>(http::Http2Error::kFrameSizeError));
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 1; });
  good.publish("topic=a&data=x");
  EXPECT_TRUE(good.read_body(stream, "data: x\n\n"));
}

TEST(ServerHttp2, ItsPrefaceIsKnownInAnyPiecesAndWhatOnlyBeginsLikeItIsNot) {
  const ServerUnderTest server;
  Client pieces(server.port());
  for (const char byte : http::preface() + http::get(1, "/healthz")) pieces.send({&byte, 1});
  pieces.read_through("ok\n");
  for (const std::string_view method : {"POST", "PUT", "PRINT", "P"}) {
    Client client(server.port());
    client.send("P");
    client.send(std::string(method.substr(1)) + " /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(client.read_through("\r\n").starts_with("HTTP/1.1 405 ")) << method;
  }
}

TEST(ServerHttp2, RefusalsAreProblemsAndHeadHasNoBody) {
  const ServerUnderTest server;
  Http2Client client(server.port());
  const StreamId refused = client.subscribe("nothing=1");
  ASSERT_TRUE(client.read_end(refused));
  EXPECT_NE(client.body(refused).find("\"status\":400"), std::string::npos) << client.body(refused);
  const StreamId head = client.request(
      http::frame(http::kHeadersFrame, http::kEnds, 3, http::pseudo("HEAD", "/.well-known/mercure?topic=a")));
  ASSERT_TRUE(client.read_end(head));
  EXPECT_EQ(client.body(head), "");
}

}  // namespace
}  // namespace fanfare
