// Content codings over real sockets: which one a subscriber gets, that it decodes as it comes, and that it ends whole.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/server/server_under_test.h"
#include "fanfare/server/test_http2_client.h"
#include "testing/coding/decoder.h"

namespace fanfare {
namespace {

using coding_testing::Decoder;

const std::string kToken = token_for({"*"}, {"*"});

std::string accepting(std::string_view codings) {
  return "Accept-Encoding: " + std::string(codings) + "\r\n";
}

void publish(std::uint16_t port, const std::string& id, const std::string& more = {}) {
  ASSERT_EQ(ask(port, post("topic=a&id=" + id + "&data=hello+" + id + more, kToken)).status, 200);
}

std::string event(const std::string& id) {
  return "id: " + id + "\ndata: hello " + id + "\n\n";
}

TEST(ServerCoding, TheClientIsGivenWhatItAcceptsBest) {
  const ServerUnderTest server;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {accepting("gzip, deflate, br, zstd"), "zstd"},
      {accepting("gzip, deflate, br"), "br"},
      {accepting("gzip, deflate"), "gzip"},
      {accepting("deflate"), "deflate"},
      {accepting("gzip;q=0.5, br;q=0.8"), "br"},
      {accepting("gzip;q=0, *;q=0.1, zstd;q=0, br;q=0"), "deflate"},
      {accepting("gzip") + accepting("br"), "br"},
      {accepting("identity"), ""},
      {accepting(""), ""},
      {accepting("compress, x-unheard-of"), ""},
  };
  for (const auto& [headers, coding] : cases) {
    for (const bool of_head : {false, true}) {
      std::string request = subscribe("topic=a", headers);
      if (of_head) request.replace(0, 3, "HEAD");
      const TestAnswer answer = Client(server.port()).send(request).read_answer(of_head);
      EXPECT_EQ(answer.status, 200) << headers;
      EXPECT_TRUE(answer.has("Vary: Accept-Encoding")) << answer.head;
      EXPECT_EQ(answer.head.find("Content-Encoding") == std::string::npos, coding.empty()) << headers << answer.head;
      if (!coding.empty()) {
        EXPECT_TRUE(answer.has("Content-Encoding: " + coding)) << headers << answer.head;
      }
    }
  }
}

TEST(ServerCoding, WhoAcceptsNothingThatIsOfferedIsRefused) {
  const ServerUnderTest server([](ServerOptions& options) { options.content_codings = {"gzip"}; });
  const TestAnswer refused = ask(server.port(), subscribe("topic=a", accepting("zstd, identity;q=0")));
  EXPECT_EQ(refused.status, 406);
  EXPECT_TRUE(refused.has("Vary: Accept-Encoding")) << refused.head;
  EXPECT_NE(refused.body.find("Accept-Encoding takes none of what is offered: gzip, identity"), std::string::npos);
}

TEST(ServerCoding, TheOperatorSaysWhichAreOfferedAndWhichIsPreferred) {
  const ServerUnderTest gzip_first([](ServerOptions& options) { options.content_codings = {"gzip", "br"}; });
  const std::string all = accepting("gzip, deflate, br, zstd");
  EXPECT_TRUE(Client(gzip_first.port()).send(subscribe("topic=a", all)).read_answer().has("Content-Encoding: gzip"));
  const ServerUnderTest none([](ServerOptions& options) { options.content_codings = {"identity"}; });
  const TestAnswer plain = Client(none.port()).send(subscribe("topic=a", all)).read_answer();
  EXPECT_EQ(plain.head.find("Content-Encoding"), std::string::npos);
}

class ServerCodings : public testing::TestWithParam<Coding> {
 protected:
  std::string accepting_it() const { return accepting(coding_name(GetParam())); }
};

// What a subscriber of HTTP/1.1 gets, decoded as it comes: nothing is held back in the coding.
class DecodingClient : public Client {
 public:
  DecodingClient(std::uint16_t port, Coding coding, const std::string& query)
      : Client(port), decoder_(coding_testing::make_decoder(coding)) {
    send(subscribe(query, accepting(coding_name(coding))));
    EXPECT_TRUE(read_answer().has("Content-Encoding: " + std::string(coding_name(coding))));
    EXPECT_EQ(read_plain(), ":\n");
  }
  // The plain bytes of the next chunk; nothing after the last.
  std::string read_plain() {
    std::string plain;
    EXPECT_TRUE(decoder_->feed(read_chunk(), plain));
    return plain;
  }
  bool has_ended() const { return decoder_->ended(); }

 private:
  std::unique_ptr<Decoder> decoder_;
};

TEST_P(ServerCodings, EventsComeAtOnceAndTheStreamEndsWhole) {
  ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.coding_group_subscribers_min = 3;
  });
  std::vector<std::unique_ptr<DecodingClient>> clients;
  for (int count = 1; count <= 5; ++count) {
    clients.push_back(std::make_unique<DecodingClient>(server.port(), GetParam(), "topic=a"));
    for (int update = 0; update < 2; ++update) {
      const std::string id = std::to_string(count * 10 + update);
      publish(server.port(), id);
      for (auto& each : clients) EXPECT_EQ(each->read_plain(), event(id));
    }
  }
  DecodingClient resumed(server.port(), GetParam(), "topic=a&lastEventID=41");
  EXPECT_EQ(resumed.read_plain(), event("50") + event("51"));
  server.server().stop();
  for (auto& each : clients) {
    EXPECT_TRUE(each->read_plain().starts_with("retry: "));
    EXPECT_EQ(each->read_plain(), "");
    EXPECT_TRUE(each->has_ended());
  }
  EXPECT_TRUE(resumed.read_plain().starts_with("retry: "));
  EXPECT_TRUE(resumed.has_ended());
  server.join();
}

TEST_P(ServerCodings, AClientOfHttp10GetsItToTheEndOfTheConnection) {
  ServerUnderTest server;
  Client client(server.port());
  client.send("GET /.well-known/mercure?topic=a&lastEventID=earliest HTTP/1.0\r\n" + accepting_it() + "\r\n");
  const TestAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.has("Content-Encoding: " + std::string(coding_name(GetParam()))));
  publish(server.port(), "1");
  eventually([&] { return metric(server.port(), "fanfare_deliveries_total") == 1; });
  server.server().stop();
  const auto plain = coding_testing::decode(GetParam(), client.read_to_end(), 7);
  ASSERT_TRUE(plain.has_value());
  EXPECT_TRUE(plain->starts_with(":\n" + event("1") + "retry: ")) << *plain;
}

TEST_P(ServerCodings, StreamsOfHttp2GetItAndEndWhole) {
  ServerUnderTest server([](ServerOptions& options) { options.limits.coding_group_subscribers_min = 2; });
  Http2Client client(server.port());
  std::vector<http::StreamId> streams;
  const std::string field = http::field("accept-encoding", coding_name(GetParam()));
  for (int i = 0; i < 4; ++i) streams.push_back(client.subscribe("topic=a", field));
  eventually([&] { return metric(server.port(), "fanfare_subscribers") == 4; });
  std::string expected = ":\n";
  for (const char* id : {"1", "2", "3"}) {
    publish(server.port(), id);
    expected += event(id);
  }
  eventually([&] { return metric(server.port(), "fanfare_deliveries_total") == 12; });
  server.server().stop();
  for (const http::StreamId each : streams) {
    ASSERT_TRUE(client.read_end(each));
    const auto plain = coding_testing::decode(GetParam(), client.body(each), 5);
    ASSERT_TRUE(plain.has_value());
    EXPECT_TRUE(plain->starts_with(expected + "retry: ")) << *plain;
  }
}

// A reader that stops falls behind, reads the log and comes back, all in one coded stream.
TEST_P(ServerCodings, ASlowReaderGetsEverythingInOneSoundStream) {
  constexpr int kUpdates = 400;
  ServerUnderTest server([](ServerOptions& options) {
    options.threads = 1;
    options.limits.audience_units_bytes_max = 4 * 1024;
    options.limits.catch_up_read_bytes_max = 16 * 1024;
    options.limits.coding_group_subscribers_min = 2;
  });
  DecodingClient first(server.port(), GetParam(), "topic=a");
  Client slow(server.port(), 4 * 1024);
  slow.send(subscribe("topic=a", accepting_it()));
  slow.read_answer();
  std::string expected = ":\n";
  std::string first_got;
  unsigned random = 1;
  for (int i = 0; i < kUpdates; ++i) {
    std::string noise;
    while (noise.size() < 3'000)
      noise += static_cast<char>('a' + (random = random * 1'103'515'245 + 12'345) / 65'536 % 26);
    publish(server.port(), std::to_string(i), noise);
    expected += "id: " + std::to_string(i) + "\ndata: hello " + std::to_string(i) + noise + "\n\n";
    while (first_got.size() + 2 < expected.size()) first_got += first.read_plain();
  }
  EXPECT_EQ(":\n" + first_got, expected);
  EXPECT_GT(metric(server.port(), "fanfare_evictions_total"), 0u);
  std::string plain;
  const auto decoder = coding_testing::make_decoder(GetParam());
  while (plain.size() < expected.size()) ASSERT_TRUE(decoder->feed(slow.read_chunk(), plain));
  EXPECT_EQ(plain, expected);
}

INSTANTIATE_TEST_SUITE_P(Codings, ServerCodings,
                         testing::Values(Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate),
                         [](const auto& each) { return std::string(coding_name(each.param)); });

}  // namespace
}  // namespace fanfare
