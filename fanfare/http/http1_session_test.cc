#include "fanfare/http/http1_session.h"

#include <gtest/gtest.h>

#include "fanfare/http/http1_recorder.h"

namespace fanfare::http {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kHead = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kGet10 = "GET / HTTP/1.0\r\n\r\n";
constexpr std::string_view kHead10 = "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

ResponseHead event_stream() {
  ResponseHead head;
  head.headers.add("Content-Type", "text/event-stream");
  return head;
}

// A session whose request waits for its answer.
struct Asked : Http1Bench {
  explicit Asked(std::string_view request) : Http1Bench(AnswerTime::kNever) { feed(request); }
};

TEST(Http1Session, AResponseHasItsStatusLineItsFieldsItsLengthAndItsBody) {
  Asked bench(kGet);
  Response response = text_response(404, "No such page.");
  response.headers.add("Vary", "Origin");
  bench.session.respond(response);
  EXPECT_EQ(bench.send(),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nVary: Origin\r\n"
            "Content-Length: 14\r\n\r\nNo such page.\n");
  EXPECT_FALSE(bench.session.wants_close());
}

TEST(Http1Session, StatusesWithoutABodyHaveNeitherBodyNorLength) {
  for (const int status : {204, 304}) {
    Asked bench(kGet);
    Response response;
    response.status = status;
    response.body = "left out";
    bench.session.respond(response);
    EXPECT_EQ(bench.send(),
              "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_phrase(status)) + "\r\n\r\n");
  }
}

TEST(Http1Session, TheAnswerToHeadKeepsTheLengthAndLeavesOutTheBody) {
  Http1Bench bench;
  bench.feed(kHead);
  bench.feed(kGet);
  EXPECT_EQ(bench.send(),
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
}

TEST(Http1Session, AStreamToHttp11IsChunkedAndTheConnectionStays) {
  Asked bench(kGet);
  EXPECT_EQ(bench.session.begin_stream(event_stream()), StreamFraming::kChunked);
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(bench.session.is_streaming());
  EXPECT_EQ(bench.session.memory_bytes(), 0u);
  bench.session.end_stream();
  EXPECT_EQ(bench.send_new(), "0\r\n\r\n");
  EXPECT_FALSE(bench.session.wants_close());
  EXPECT_FALSE(bench.session.is_streaming());
}

TEST(Http1Session, AStreamToHttp11ThatClosesSaysSo) {
  Asked bench(kGet);
  EXPECT_EQ(bench.session.begin_stream({}, true), StreamFraming::kChunked);
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  EXPECT_FALSE(bench.session.wants_close());
  bench.session.end_stream();
  EXPECT_EQ(bench.send_new(), "0\r\n\r\n");
  EXPECT_TRUE(bench.session.wants_close());
}

TEST(Http1Session, AStreamToHttp10EndsWithTheConnection) {
  for (const std::string_view request :
       {kGet10, std::string_view("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")}) {
    Asked bench(request);
    EXPECT_EQ(bench.session.begin_stream(event_stream()), StreamFraming::kCloseDelimited);
    EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    EXPECT_FALSE(bench.session.wants_close());
    bench.session.end_stream();
    EXPECT_EQ(bench.send_new(), "");
    EXPECT_TRUE(bench.session.wants_close());
  }
}

TEST(Http1Session, HeadOfAStreamIsTheHeadThatTheStreamWouldHave) {
  Asked bench(kHead);
  bench.session.respond_head(event_stream());
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_FALSE(bench.session.wants_close());
  EXPECT_FALSE(bench.session.is_answering());

  Asked old(kHead10);
  old.session.respond_head({});
  EXPECT_EQ(old.send(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(old.session.wants_close());
}

TEST(Http1Session, AStreamBegunBeforeTheEndOfItsRequestClosesAndIgnoresTheRest) {
  Asked bench("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  bench.session.begin_stream({});
  EXPECT_TRUE(bench.send().contains("Connection: close\r\n"));
  bench.feed(std::string(100'000, 'x'));
  EXPECT_FALSE(bench.session.wants_close());
  EXPECT_EQ(bench.session.memory_bytes(), 0u);
  bench.session.end_stream();
  EXPECT_TRUE(bench.session.wants_close());
}

TEST(Http1Session, Http10StaysOpenOnlyWhenAskedAndSaysSo) {
  Http1Bench bench;
  bench.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nok\n");
  EXPECT_FALSE(bench.session.wants_close());
  bench.feed(kGet10);
  EXPECT_EQ(bench.send_new(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
  EXPECT_TRUE(bench.session.wants_close());
}

TEST(Http1Session, AClientThatExpectsItIsToldToContinue) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  const std::string bytes = head + "hello";
  for (const auto& pieces : cuts(bytes)) {
    Http1Bench bench;
    for (const auto piece : pieces) bench.feed(piece);
    EXPECT_EQ(bench.send(), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
  }
  Http1Bench waiting;
  waiting.feed(head);
  EXPECT_EQ(waiting.send(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(waiting.session.is_receiving());
}

TEST(Http1Session, NobodyIsToldToContinueWhenTheBodyIsMissingUnwantedOrTheVersionTooOld) {
  const auto output = [](std::string_view request, AnswerTime time, std::size_t accepted) {
    Http1Bench bench(time, {}, accepted);
    bench.feed(request);
    return std::string(bench.send().substr(0, 12));
  };
  const std::string_view expecting = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(output(expecting, AnswerTime::kOnEnd, 4), "HTTP/1.1 413");
  EXPECT_EQ(output(expecting, AnswerTime::kOnHead, 5), "HTTP/1.1 200");
  EXPECT_EQ(output("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", AnswerTime::kOnEnd, 5),
            "HTTP/1.1 200");
  EXPECT_EQ(output("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", AnswerTime::kOnEnd, 5), "");
}

// Where a session stands, and what the end of the peer's bytes and of the time for them do there.
struct Standing {
  std::string_view name;
  std::string_view bytes;
  bool is_receiving;
  bool is_answering;
  int at_end;  // 0: a silent close
  int at_timeout;
};

TEST(Http1Session, TheEndOfThePeersBytesAndOfTheTimeForThemDependOnWhereTheRequestStands) {
  const Standing rows[] = {
      {"nothing yet", "", false, false, 0, 0},
      {"empty lines", "\r\n\r", false, false, 0, 0},
      {"in the request line", "G", true, false, 400, 408},
      {"behind the request line", "GET / HTTP/1.1\r\n", true, false, 400, 408},
      {"in the last line end", "GET / HTTP/1.1\r\nHost: a\r\n\r", true, false, 400, 408},
      {"before the body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", true, false, 400, 408},
      {"in the body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx", true, false, 400, 408},
      {"before the last chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", true,
       false, 400, 408},
      {"in the trailer", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", true, false, 400,
       408},
  };
  for (const Standing& row : rows) {
    SCOPED_TRACE(row.name);
    for (const bool is_timeout : {false, true}) {
      Asked bench(row.bytes);
      EXPECT_EQ(bench.session.is_receiving(), row.is_receiving);
      EXPECT_EQ(bench.session.is_answering(), row.is_answering);
      is_timeout ? bench.session.timeout() : bench.session.receive_end();
      const int status = is_timeout ? row.at_timeout : row.at_end;
      EXPECT_EQ(bench.recorder.refused_status, status);
      EXPECT_TRUE(bench.session.wants_close());
      EXPECT_FALSE(bench.session.is_receiving());
      EXPECT_EQ(bench.send().empty(), status == 0);
      EXPECT_EQ(bench.session.memory_bytes(), 0u);
    }
  }
}

TEST(Http1Session, ACompleteRequestIsAnsweredAfterTheEndAndDoesNotTimeOut) {
  for (const bool is_timeout : {false, true}) {
    Asked bench(kGet);
    is_timeout ? bench.session.timeout() : bench.session.receive_end();
    EXPECT_FALSE(bench.session.wants_close());
    EXPECT_TRUE(bench.session.is_answering());
    bench.recorder.answer();
    EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
    EXPECT_EQ(bench.session.wants_close(), !is_timeout);
  }
}

TEST(Http1Session, AStreamGoesOnAfterTheEndAndDoesNotTimeOut) {
  for (const bool is_timeout : {false, true}) {
    Asked bench(kGet);
    bench.session.begin_stream({});
    is_timeout ? bench.session.timeout() : bench.session.receive_end();
    EXPECT_TRUE(bench.session.is_streaming());
    EXPECT_FALSE(bench.session.wants_close());
    bench.session.end_stream();
    EXPECT_EQ(bench.session.wants_close(), !is_timeout);
  }
}

TEST(Http1Session, AnIdleConnectionThatHasServedTimesOutInSilence) {
  Http1Bench bench;
  bench.feed(kGet);
  bench.send();
  bench.session.timeout();
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.send_new(), "");
}

TEST(Http1Session, AVisitorMayEndTheInputOrTimeItOutFromItsCalls) {
  struct Ending : Http1Recorder {
    std::size_t on_head(RequestHead head) override {
      session->receive_end();
      return Http1Recorder::on_head(std::move(head));
    }
  } visitor;
  const Limits limits;
  Http1Session session(visitor, limits);
  visitor.session = &session;
  session.receive(std::string(kGet) + std::string(kGet) + "GET");
  EXPECT_EQ(visitor.ended, 2);
  EXPECT_EQ(visitor.refused_status, 400);
}

TEST(Http1Session, NoBufferIsHeldBetweenRequestsNorDuringAStream) {
  Http1Bench bench;
  const std::string large = "GET /" + std::string(8'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  bench.feed(large.substr(0, 5'000));
  EXPECT_GE(bench.session.memory_bytes(), 5'000u);
  bench.feed(large.substr(5'000));
  EXPECT_GT(bench.session.memory_bytes(), 0u) << "the answer";
  bench.send();
  EXPECT_EQ(bench.session.memory_bytes(), 0u);

  Asked stream(large);
  stream.session.begin_stream(event_stream());
  stream.session.consume_output(10);
  EXPECT_GT(stream.session.memory_bytes(), 0u);
  stream.send();
  EXPECT_EQ(stream.session.memory_bytes(), 0u);
}

TEST(Http1Session, OutputIsConsumedInPieces) {
  Asked bench(kGet);
  bench.recorder.answer();
  const std::string all(bench.session.output());
  bench.session.consume_output(9);
  EXPECT_EQ(bench.session.output(), all.substr(9));
  bench.session.consume_output(all.size() - 9);
  EXPECT_EQ(bench.session.output(), "");
}

TEST(Http1SessionDeathTest, AnAnswerThatWouldForgeALineOrTheFramingIsABug) {
  const std::pair<std::string, std::string> forged[] = {
      {"X", "a\r\nSet-Cookie: b"}, {"X", "a\rb"},       {"X", "a\nb"}, {"X", std::string("\0", 1)},
      {"X: y\r\nZ", "a"},          {"", "a"},           {"X ", "a"},   {"content-length", "0"},
      {"Transfer-Encoding", "x"},  {"CONNECTION", "x"},
  };
  for (const auto& [name, value] : forged) {
    Asked bench(kGet);
    ResponseHead head;
    head.headers.add(name, value);
    EXPECT_DEATH(bench.session.begin_stream(head), "is not true") << name << ": " << value;
  }
}

TEST(Http1SessionDeathTest, AnswersOutOfOrderAreABug) {
  Http1Bench idle;
  EXPECT_DEATH(idle.session.respond({}), "is not true");
  EXPECT_DEATH(idle.session.end_stream(), "is not true");
  EXPECT_DEATH(idle.session.consume_output(1), "is not true");
  Asked get(kGet);
  EXPECT_DEATH(get.session.respond_head({}), "is not true");
  get.session.begin_stream({});
  EXPECT_DEATH(get.session.respond({}), "is not true");
  Asked head(kHead);
  EXPECT_DEATH(head.session.begin_stream({}), "is not true");
  Asked refused("BAD\r\n\r\n");
  EXPECT_DEATH(refused.session.respond({}), "is not true");
}

}  // namespace
}  // namespace fanfare::http
