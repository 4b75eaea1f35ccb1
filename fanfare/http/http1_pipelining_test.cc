// Requests that come before the answer to the one ahead of them is complete.
#include <gtest/gtest.h>

#include "fanfare/http/http1_recorder.h"

namespace fanfare::http {
namespace {

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

TEST(Http1Pipelining, AnswersComeInOrderWheneverTheyAreGivenAndInWhateverPiecesTheRequestsCome) {
  std::string bytes = get("/1");
  bytes += "\r\n";
  bytes += post("/2", "two");
  bytes += "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nthr\r\n2\r\nee\r\n0\r\n\r\n";
  bytes += get("/4");
  std::string four_answers;
  for (int i = 0; i < 4; ++i) four_answers += kOk;
  for (const auto& pieces : cuts(bytes)) {
    Http1Bench at_once;
    Http1Bench late(AnswerTime::kNever);
    for (const auto piece : pieces) {
      at_once.feed(piece);
      late.feed(piece);
    }
    EXPECT_EQ(at_once.recorder.events, "GET /1 \n\nend\nPOST /2 \ntwo\nend\nPOST /3 \nthree\nend\nGET /4 \n\nend\n");
    EXPECT_EQ(at_once.send(), four_answers);
    for (int i = 1; i <= 4; ++i) {
      ASSERT_EQ(late.recorder.ended, i);
      ASSERT_TRUE(late.session.is_answering());
      late.recorder.answer();
    }
    EXPECT_EQ(late.recorder.events, at_once.recorder.events);
    EXPECT_EQ(late.send(), at_once.sent);
    EXPECT_EQ(late.session.memory_bytes(), 0u);
  }
}

TEST(Http1Pipelining, ARequestWithoutABodyMayBeAnsweredFromItsHead) {
  Http1Bench bench(AnswerTime::kOnHead);
  bench.feed(get("/1") + get("/2"));
  EXPECT_EQ(bench.recorder.events, "GET /1 \nGET /2 \n") << "no event follows the answer";
  EXPECT_EQ(bench.send(), kOk + kOk);
  EXPECT_FALSE(bench.session.wants_close());
}

TEST(Http1Pipelining, AnAnswerBeforeTheEndOfABodyClosesAndTheRestIsIgnored) {
  for (const AnswerTime time : {AnswerTime::kOnHead, AnswerTime::kOnBody}) {
    const std::string bytes = post("/1", "one") + get("/2");
    for (const auto& pieces : cuts(bytes)) {
      Http1Bench bench(time);
      for (const auto piece : pieces) bench.feed(piece);
      EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
      EXPECT_TRUE(bench.session.wants_close());
      EXPECT_EQ(bench.recorder.heads.size(), 1u);
      EXPECT_EQ(bench.recorder.ended, 0);
    }
  }
}

TEST(Http1Pipelining, NothingFollowsARequestThatCloses) {
  Http1Bench bench;
  bench.feed("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get("/2"));
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.recorder.heads.size(), 1u);
}

TEST(Http1Pipelining, AnAnswerGivenByTheServerItselfMayClose) {
  Http1Bench bench(AnswerTime::kNever);
  bench.feed(get("/1") + get("/2"));
  bench.session.respond(Response{}, true);
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.recorder.heads.size(), 1u);
  EXPECT_EQ(bench.session.memory_bytes(), 0u);
}

TEST(Http1Pipelining, ARefusalStandsBehindTheAnswersBeforeIt) {
  Http1Bench bench(AnswerTime::kNever);
  bench.feed(get("/1") + "BAD\r\n\r\n" + get("/3"));
  EXPECT_EQ(bench.recorder.refused_status, 0) << "nobody has looked at it";
  bench.recorder.answer();
  EXPECT_EQ(bench.recorder.refused_status, 400);
  EXPECT_TRUE(bench.send().starts_with(kOk + "HTTP/1.1 400 "));
  EXPECT_EQ(bench.recorder.heads.size(), 1u);
}

TEST(Http1Pipelining, RequestsWaitBehindAStream) {
  Http1Bench bench(AnswerTime::kNever);
  bench.feed(get("/1") + get("/2").substr(0, 10));
  EXPECT_EQ(bench.session.begin_stream({}), StreamFraming::kChunked);
  bench.feed(get("/2").substr(10));
  EXPECT_GT(bench.session.memory_bytes(), 0u);
  EXPECT_EQ(bench.recorder.heads.size(), 1u);
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  bench.recorder.answered_by_hand();
  bench.session.end_stream();
  EXPECT_EQ(bench.send_new(), "0\r\n\r\n");
  EXPECT_EQ(bench.recorder.heads.at(1).path, "/2");
  EXPECT_TRUE(bench.session.is_answering());
  EXPECT_FALSE(bench.session.is_streaming());
}

TEST(Http1Pipelining, MoreThanTheLimitOfWaitingBytesClosesAfterTheAnswer) {
  Http1Bench bench(AnswerTime::kNever);
  bench.feed(get("/1"));
  bench.feed(get("/2") + std::string(bench.limits.request_head_bytes_max - get("/2").size(), 'A'));
  EXPECT_GT(bench.session.memory_bytes(), 0u);
  bench.feed("A");
  EXPECT_EQ(bench.session.memory_bytes(), 0u);
  EXPECT_FALSE(bench.session.wants_close()) << "the answer is still to be sent";
  bench.feed("more");
  EXPECT_EQ(bench.session.memory_bytes(), 0u);
  bench.recorder.answer();
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.recorder.heads.size(), 1u);
  EXPECT_EQ(bench.send(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
}

TEST(Http1Pipelining, AsManyWaitingBytesAsTheLimitAreServed) {
  Http1Bench bench(AnswerTime::kNever);
  bench.limits.request_head_bytes_max = get("/2").size() * 2;
  bench.feed(get("/1"));
  bench.feed(get("/2"));
  bench.feed(get("/3"));
  for (int i = 0; i < 3; ++i) bench.recorder.answer();
  EXPECT_EQ(bench.send(), kOk + kOk + kOk);
  EXPECT_FALSE(bench.session.wants_close());
}

TEST(Http1Pipelining, MoreThanTheLimitOfWaitingBytesDuringAStreamClosesAtOnce) {
  Http1Bench bench(AnswerTime::kNever);
  bench.feed(get("/1"));
  bench.session.begin_stream({});
  bench.send();
  bench.feed(std::string(bench.limits.request_head_bytes_max, 'A'));
  EXPECT_FALSE(bench.session.wants_close());
  bench.feed("A");
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.session.memory_bytes(), 0u);
  bench.feed("A");
  EXPECT_EQ(bench.session.memory_bytes(), 0u);
  bench.recorder.answered_by_hand();
  bench.session.end_stream();  // legal all the same
  EXPECT_EQ(bench.send_new(), "0\r\n\r\n");
  EXPECT_TRUE(bench.session.wants_close());
}

TEST(Http1Pipelining, ManySmallRequestsNeitherRecurseNorOutrunTheirReader) {
  struct Large : Http1Recorder {
    Large() : Http1Recorder(AnswerTime::kNever) {}
    void on_end() override {
      Http1Recorder::on_end();
      answer(std::string(20'000, 'x'));
    }
  } visitor;
  const Limits limits;
  Http1Session session(visitor, limits);
  visitor.session = &session;
  std::string bytes;
  while (bytes.size() + 64 < limits.request_head_bytes_max) bytes += get("/");
  const int requests = static_cast<int>(bytes.size() / get("/").size());
  session.receive(bytes);
  std::size_t largest = 0;
  std::size_t sent = 0;
  while (!session.output().empty()) {
    largest = std::max(largest, session.output().size());
    const std::size_t some = std::min<std::size_t>(session.output().size(), 7'001);
    sent += some;
    session.consume_output(some);
  }
  EXPECT_EQ(visitor.ended, requests);
  EXPECT_GT(sent, static_cast<std::size_t>(requests) * 20'000u);
  EXPECT_LT(largest, limits.unsent_bytes_max + 21'000u);
  EXPECT_FALSE(session.wants_close());
  EXPECT_EQ(session.memory_bytes(), 0u);
}

TEST(Http1Pipelining, APeerThatSendsButDoesNotReadIsClosed) {
  Http1Bench bench;
  bench.limits.unsent_bytes_max = 0;
  bench.feed(get("/1"));
  bench.feed(get("/2"));
  EXPECT_EQ(bench.recorder.ended, 1) << "waits for the answer to be sent";
  EXPECT_FALSE(bench.session.is_receiving());
  EXPECT_FALSE(bench.session.is_answering());
  bench.feed(std::string(bench.limits.request_head_bytes_max, 'A'));
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.send(), kOk);
}

TEST(Http1Pipelining, TheLastRequestsAreAnsweredThoughThePeerSendsNothingMore) {
  Http1Bench bench(AnswerTime::kNever);
  bench.feed(get("/1") + get("/2"));
  bench.session.receive_end();
  bench.recorder.answer();
  EXPECT_FALSE(bench.session.wants_close());
  bench.recorder.answer();
  EXPECT_EQ(bench.send(), kOk + kOk);
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.recorder.refused_status, 0);
}

TEST(Http1Pipelining, HalfARequestBehindTheLastOneIsRefusedAtTheEnd) {
  Http1Bench bench(AnswerTime::kNever);
  bench.feed(get("/1") + post("/2", "two").substr(0, 50));
  bench.session.receive_end();
  bench.recorder.answer();
  EXPECT_EQ(bench.recorder.refused_status, 400);
  EXPECT_TRUE(bench.session.wants_close());
}

}  // namespace
}  // namespace fanfare::http
