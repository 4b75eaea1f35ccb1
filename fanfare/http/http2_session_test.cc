#include "fanfare/http/http2_session.h"

#include <gtest/gtest.h>

#include "fanfare/http/http1_recorder.h"
#include "fanfare/http/http2_recorder.h"

namespace fanfare::http {
namespace {

constexpr std::uint8_t kStatus200 = 0x88;  // HPACK's static table

// What one request gets.
std::string answer_to(std::string_view request, Http2Answer time = Http2Answer::kOnEnd) {
  Http2Bench bench(time);
  bench.exchange(preface());
  return summary_of(bench.exchange(request));
}

TEST(Http2Session, BeginsWithSettingsAndAcknowledgesTheClients) {
  Http2Bench bench;
  const auto frames = frames_of(bench.exchange(preface()));
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].type, kSettingsFrame);
  EXPECT_EQ(frames[0].payload, setting(3, 256) + setting(6, 16 * 1024) + setting(9, 1));
  EXPECT_EQ(frames[1].type, kSettingsFrame);
  EXPECT_EQ(frames[1].flags, kAck);
  EXPECT_FALSE(bench.session.wants_close());
  EXPECT_TRUE(bench.session.is_idle());
}

TEST(Http2Session, ARequestIsSeenWithItsPartsHoweverItIsCut) {
  const std::string bytes = preface() +
                            frame(kHeadersFrame, kEndHeaders, 1,
                                  field(":method", "POST") + field(":scheme", "https") + field(":path", "/a%20b?c=d") +
                                      field(":authority", "hub.example:8443") + field("cookie", "a=b") +
                                      field("x-1", "y") + field("cookie", "c=d")) +
                            frame(kDataFrame, kNone, 1, "hel") +
                            frame(kDataFrame, kEndStream | kPadded, 1, std::string("\2lo\0\0", 5));
  for (const auto& pieces : cuts(bytes)) {
    Http2Bench bench;
    for (const auto piece : pieces) bench.feed(piece);
    const auto& seen = bench.recorder.streams.at(1);
    EXPECT_EQ(seen.head.method, "POST");
    EXPECT_EQ(seen.head.target, "/a%20b?c=d");
    EXPECT_EQ(seen.head.path, "/a%20b");
    EXPECT_EQ(seen.head.query, "c=d");
    EXPECT_EQ(seen.head.authority, "hub.example:8443");
    EXPECT_EQ(seen.head.scheme, "https");
    EXPECT_EQ(seen.head.version, Version::kHttp2);
    EXPECT_EQ(*seen.head.headers.find("Cookie"), "a=b; c=d");
    EXPECT_EQ(seen.head.headers.count("cookie"), 1u);
    EXPECT_EQ(*seen.head.headers.find("x-1"), "y");
    EXPECT_EQ(seen.body, "hello");
    const std::string out = bench.send();
    EXPECT_EQ(summary_of(out), "headers 1, data 1 3 end");
    EXPECT_EQ(seen.events, "POST /a%20b?c=d;end;sent;");
  }
}

TEST(Http2Session, AnAnswerHasItsStatusItsFieldsItsLengthAndItsBody) {
  Http2Bench bench(Http2Answer::kNever);
  bench.exchange(preface() + get(1));
  Response response;
  response.headers.add("Vary", "Origin");
  response.headers.add("Upgrade", "websocket");
  response.headers.add("Keep-Alive", "timeout=5");
  response.body = "hello";
  bench.recorder.open(1).is_answered = true;
  bench.session.respond(1, response);
  const auto frames = frames_of(bench.send());
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(static_cast<std::uint8_t>(frames[0].payload[0]), kStatus200);
  EXPECT_FALSE(frames[0].payload.contains("websocket"));
  EXPECT_EQ(frames[1].payload, "hello");
  EXPECT_EQ(frames[1].flags, kEndStream);
  EXPECT_TRUE(bench.session.is_idle());
}

TEST(Http2Session, AnswersWithoutABodyEndWithTheirHead) {
  EXPECT_EQ(answer_to(frame(kHeadersFrame, kEnds, 1, pseudo("HEAD"))), "headers 1 end");
  for (const int status : {204, 304}) {
    Http2Bench bench(Http2Answer::kNever);
    bench.exchange(preface() + get(1));
    Response response;
    response.status = status;
    response.body = "left out";
    bench.recorder.open(1).is_answered = true;
    bench.session.respond(1, response);
    EXPECT_EQ(summary_of(bench.send()), "headers 1 end");
  }
  Http2Bench bench(Http2Answer::kNever);
  bench.exchange(preface() + frame(kHeadersFrame, kEnds, 1, pseudo("HEAD")));
  bench.recorder.open(1).is_answered = true;
  bench.session.respond_head(1, {});
  EXPECT_EQ(summary_of(bench.send()), "headers 1 end");
  EXPECT_EQ(bench.recorder.streams.at(1).events, "HEAD /;end;sent;");
}

TEST(Http2Session, AnAnswerBeforeTheEndOfTheRequestMeansThatTheRestIsNotWanted) {
  for (const Http2Answer time : {Http2Answer::kOnHead, Http2Answer::kOnBody}) {
    Http2Bench bench(time);
    bench.exchange(preface());
    const std::string out =
        bench.exchange(frame(kHeadersFrame, kEndHeaders, 1, pseudo("POST")) + frame(kDataFrame, kNone, 1, "hello"));
    EXPECT_EQ(summary_of(out), "headers 1, data 1 3 end, rst 1 0");
    EXPECT_EQ(bench.recorder.streams.at(1).events, "POST /;sent;");
    EXPECT_EQ(summary_of(bench.exchange(frame(kDataFrame, kEndStream, 1, "late"))), "");
    EXPECT_TRUE(bench.session.is_idle());
  }
}

TEST(Http2Session, AClientThatExpectsItIsToldToContinue) {
  const std::string head = frame(kHeadersFrame, kEndHeaders, 1, pseudo("POST") + field("expect", "100-continue"));
  EXPECT_EQ(answer_to(head), "headers 1");
  EXPECT_EQ(answer_to(head + frame(kDataFrame, kEndStream, 1, "x")), "headers 1, headers 1, data 1 3 end");
  EXPECT_EQ(answer_to(head, Http2Answer::kOnHead), "headers 1, data 1 3 end, rst 1 0");
  EXPECT_EQ(answer_to(get(1, "/", field("expect", "100-continue"))), "headers 1, data 1 3 end");
}

TEST(Http2Session, AStreamSendsWhatItsVisitorHasAndAsksNobodyElse) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  EXPECT_EQ(summary_of(bench.exchange(preface() + get(1) + get(3))), "headers 1, headers 3");
  for (const StreamId id : {1u, 3u}) bench.recorder.open(id).asked = 0;
  bench.recorder.push(3, "event");
  EXPECT_EQ(summary_of(bench.send()), "data 3 5");
  EXPECT_EQ(bench.recorder.open(1).asked, 0u);
  EXPECT_EQ(bench.recorder.open(3).asked, 1u) << "kWait is remembered until resume()";
  EXPECT_FALSE(bench.session.wants_compose());
  bench.recorder.push(1, "a");
  bench.recorder.push(3, "bc");
  EXPECT_EQ(summary_of(bench.send()), "data 1 1, data 3 2");
}

TEST(Http2Session, AStreamEndsByItsLastPieceOrByEndStream) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface() + get(1) + get(3));
  bench.recorder.open(1).ends_after = true;
  bench.recorder.push(1, "last");
  EXPECT_EQ(summary_of(bench.send()), "data 1 4 end");
  bench.session.end_stream(3);
  EXPECT_EQ(summary_of(bench.send()), "data 3 0 end");
  EXPECT_EQ(bench.recorder.streams.at(1).events, "GET /;sent;");
  EXPECT_EQ(bench.recorder.streams.at(3).events, "GET /;sent;");
  EXPECT_TRUE(bench.session.is_idle());
}

TEST(Http2Session, AStreamThatIsBegunAndEndedAtOnceHasItsHeadAndItsEnd) {
  Http2Bench bench(Http2Answer::kNever);
  bench.exchange(preface() + get(1));
  bench.recorder.begin_stream(1);
  bench.session.end_stream(1);
  EXPECT_EQ(summary_of(bench.send()), "headers 1, data 1 0 end");
}

TEST(Http2Session, ResetsTellTheOtherSideAndEndTheStream) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface() + get(1) + get(3));
  EXPECT_EQ(summary_of(bench.exchange(rst(1, Http2Error::kCancel))), "");
  EXPECT_EQ(bench.recorder.streams.at(1).events, "GET /;reset by peer 8;");
  bench.recorder.reset(3, Http2Error::kInternalError);
  EXPECT_EQ(summary_of(bench.send()), "rst 3 2");
  EXPECT_EQ(bench.recorder.streams.at(3).events, "GET /;");
  EXPECT_TRUE(bench.session.is_idle());
}

TEST(Http2Session, StreamsTakeTurnsByFramesWhateverTheClientSaysOfUrgency) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface(setting(4, 1 << 20)) + window_update(0, 1 << 20) + get(1, "/", field("priority", "u=0")) +
                 get(3) + get(5, "/", field("priority", "u=7")));
  bench.recorder.push(1, std::string(100'000, 'a'));
  bench.recorder.push(3, std::string(40'000, 'b'));
  bench.recorder.push(5, "c");
  EXPECT_EQ(summary_of(bench.send()),
            "data 1 16384, data 3 16384, data 5 1, data 1 16384, data 3 16384, data 1 16384, data 3 7232, "
            "data 1 16384, data 1 16384, data 1 16384, data 1 1696");
}

TEST(Http2Session, ItIsIdleFromWhenItsLastStreamHasEnded) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface() + get(1));
  bench.now_ms += 1'000'000;
  bench.session.end_stream(1);
  bench.send();
  EXPECT_EQ(bench.session.deadline_ms(), bench.now_ms + bench.limits.keep_alive_idle_ms);
}

TEST(Http2Session, ComposesAboutAsManyBytesAsItIsAskedFor) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface(setting(4, 1 << 20)) + window_update(0, 1 << 20) + get(1));
  bench.recorder.push(1, std::string(100'000, 'a'));
  EXPECT_EQ(bench.session.compose(bench, 0, 0), 0u);
  EXPECT_EQ(bench.session.compose(bench, 1, 0), 16384u + 9u);
  EXPECT_EQ(bench.session.compose(bench, 32 * 1024, 0), 2u * (16384u + 9u));
  EXPECT_TRUE(bench.session.wants_compose());
  EXPECT_EQ(bench.recorder.open(1).pending.size(), 100'000u - 3u * 16384u);
}

TEST(Http2Session, WindowsAreItsBackPressure) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface(setting(4, 10)) + get(1) + get(3));
  bench.recorder.push(1, std::string(25, 'a'));
  EXPECT_EQ(summary_of(bench.send()), "data 1 10");
  const std::size_t asked = bench.recorder.open(1).asked;
  bench.recorder.push(1, "more");
  EXPECT_EQ(summary_of(bench.send()), "");
  EXPECT_EQ(bench.recorder.open(1).asked, asked) << "a stream without window asks for nothing";
  EXPECT_FALSE(bench.session.wants_compose());
  bench.recorder.push(3, "b");
  EXPECT_EQ(summary_of(bench.send()), "data 3 1") << "others go on";
  EXPECT_EQ(summary_of(bench.exchange(window_update(1, 7))), "data 1 7");
  EXPECT_EQ(summary_of(bench.exchange(frame(kSettingsFrame, 0, 0, setting(4, 30)))), "data 1 12");
}

TEST(Http2Session, ANegativeWindowIsWorkedOff) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface(setting(4, 100)) + get(1));
  bench.recorder.push(1, std::string(150, 'a'));
  EXPECT_EQ(summary_of(bench.send()), "data 1 100");
  EXPECT_EQ(summary_of(bench.exchange(frame(kSettingsFrame, 0, 0, setting(4, 0)))), "");
  EXPECT_EQ(summary_of(bench.exchange(window_update(1, 100))), "") << "from -100 to 0";
  EXPECT_EQ(summary_of(bench.exchange(window_update(1, 5))), "data 1 5");
}

TEST(Http2Session, AStreamWithoutWindowCanEnd) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface(setting(4, 0)) + get(1));
  bench.recorder.push(1, "event");
  EXPECT_EQ(summary_of(bench.send()), "");
  bench.session.end_stream(1);
  EXPECT_EQ(summary_of(bench.send()), "data 1 0 end");
  EXPECT_TRUE(bench.session.is_idle());
}

TEST(Http2Session, AStreamOutlivesMoreBytesThanAWindowCanHold) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface() + get(1));
  const std::string more = window_update(0, 0x7ffe0000) + window_update(1, 0x7ffe0000);
  struct Sink final : Http2Sink {
    void append(std::string_view) override {}
    void append_body(StreamId, std::size_t bytes) override { sent += bytes; }
    std::size_t sent = 0;
  } sink;
  struct Endless final : Http2Visitor, Http2Source {
    std::size_t on_head(StreamId, RequestHead) override { return 0; }
    void on_body(StreamId, std::string_view) override {}
    void on_end(StreamId id) override { session->begin_stream(id, {}, *this); }
    void on_refused(StreamId, int, std::string_view) override { FAIL(); }
    void on_reset(StreamId, ResetReason, Http2Error) override { FAIL(); }
    void on_sent(StreamId) override { FAIL(); }
    void on_failed(Http2Error, std::string_view) override { FAIL(); }
    BodyPiece body_ready(std::size_t max) override { return {max, BodyPiece::Next::kMore}; }
    Http2Session* session = nullptr;
  } endless;
  Http2Session session(endless, bench.limits, 0);
  endless.session = &session;
  session.receive(preface() + get(1), 0);
  for (int i = 0; i < 3; ++i) {
    session.receive(more, 0);
    session.compose(sink, std::size_t{1} << 40, 0);
  }
  EXPECT_EQ(sink.sent, 65'535 + 3 * std::size_t{0x7ffe0000});
}

TEST(Http2Session, GoawayLetsOpenStreamsFinishAndTakesNoNewOnes) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface() + get(1));
  bench.session.drain();
  bench.session.drain();
  bench.feed(get(3));  // before the GOAWAY is composed
  EXPECT_EQ(summary_of(bench.send()), "goaway 1 0, rst 3 7");
  EXPECT_EQ(summary_of(bench.exchange(get(5))), "") << "after it";
  EXPECT_EQ(bench.recorder.streams.size(), 1u);
  EXPECT_FALSE(bench.session.wants_close());
  bench.recorder.open(1).ends_after = true;
  bench.recorder.push(1, "bye");
  EXPECT_EQ(summary_of(bench.send()), "data 1 3 end");
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_FALSE(bench.recorder.has_failed);
}

TEST(Http2Session, DrainingAnIdleConnectionClosesIt) {
  Http2Bench bench;
  bench.exchange(preface());
  bench.session.drain();
  EXPECT_FALSE(bench.session.wants_close());
  EXPECT_EQ(summary_of(bench.send()), "goaway 0 0");
  EXPECT_TRUE(bench.session.wants_close());
}

TEST(Http2Session, TheEndOfThePeersBytesEndsEveryStream) {
  Http2Bench bench(Http2Answer::kNever);
  bench.exchange(preface() + get(1) + frame(kHeadersFrame, kEndHeaders, 3, pseudo("POST")));
  bench.session.receive_end();
  EXPECT_EQ(bench.recorder.streams.at(1).events, "GET /;end;reset by connection 0;");
  EXPECT_EQ(bench.recorder.streams.at(3).events, "POST /;reset by connection 0;");
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.send(), "");
  EXPECT_FALSE(bench.recorder.has_failed);
}

TEST(Http2Session, AnIdleConnectionEndsInItsTime) {
  Http2Bench bench;
  EXPECT_EQ(bench.session.deadline_ms(), 1'000 + bench.limits.request_idle_ms) << "before the preface";
  bench.exchange(preface());
  EXPECT_EQ(bench.session.deadline_ms(), 1'000 + bench.limits.keep_alive_idle_ms);
  bench.now_ms = 5'000;
  bench.exchange(get(1));
  EXPECT_EQ(bench.session.deadline_ms(), 5'000 + bench.limits.keep_alive_idle_ms);
  bench.session.timeout(4'999 + bench.limits.keep_alive_idle_ms);
  EXPECT_EQ(summary_of(bench.send()), "");
  bench.session.timeout(5'000 + bench.limits.keep_alive_idle_ms);
  EXPECT_EQ(summary_of(bench.send()), "goaway 1 0");
  EXPECT_TRUE(bench.session.wants_close());
}

TEST(Http2Session, AnOpenStreamHasNoDeadline) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface() + get(1));
  EXPECT_EQ(bench.session.deadline_ms(), 0u);
}

TEST(Http2Session, ABodyThatDoesNotComeIsTimedOutAlone) {
  Http2Bench bench(Http2Answer::kOnEnd);
  bench.exchange(preface() + frame(kHeadersFrame, kEndHeaders, 1, pseudo("POST")) +
                 frame(kHeadersFrame, kEndHeaders, 3, pseudo("POST")));
  bench.now_ms = 6'000;
  bench.exchange(frame(kDataFrame, kNone, 3, "x"));
  EXPECT_EQ(bench.session.deadline_ms(), 1'000 + bench.limits.request_idle_ms);
  bench.session.timeout(1'000 + bench.limits.request_idle_ms);
  EXPECT_TRUE(summary_of(bench.send()).starts_with("headers 1, data 1 "));
  EXPECT_EQ(bench.recorder.streams.at(1).events, "POST /;refused 408;");
  EXPECT_TRUE(bench.recorder.is_open(3));
  EXPECT_EQ(bench.session.deadline_ms(), 6'000 + bench.limits.request_idle_ms);
}

TEST(Http2Session, AHeadThatDoesNotComeEndsTheConnection) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface() + get(1) + frame(kHeadersFrame, kNone, 3, pseudo()));
  bench.now_ms = 6'000;
  bench.feed(frame(kContinuationFrame, kNone, 3, field("x", "y")));
  EXPECT_EQ(bench.session.deadline_ms(), 1'000 + bench.limits.request_idle_ms) << "parts of a head win no time";
  bench.session.timeout(1'000 + bench.limits.request_idle_ms);
  EXPECT_EQ(summary_of(bench.send()), "goaway 3 0");
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.recorder.streams.at(1).events, "GET /;reset by connection 0;");
}

TEST(Http2Session, ATunnelCarriesBytesBothWays) {
  const std::string connect = field(":method", "CONNECT") + field(":protocol", "websocket") +
                              field(":scheme", "https") + field(":path", "/hub?topic=a") + field(":authority", "a");
  Http2Bench bench(Http2Answer::kStreamOnHead, {}, 0, ExtendedConnect::kAccepted);
  EXPECT_TRUE(frames_of(bench.send())[0].payload.ends_with(setting(8, 1)));
  EXPECT_EQ(summary_of(bench.exchange(preface() + frame(kHeadersFrame, kEndHeaders, 1, connect))), "headers 1");
  EXPECT_EQ(bench.recorder.open(1).head.protocol, "websocket");
  bench.recorder.push(1, "hello");
  EXPECT_EQ(summary_of(bench.exchange(frame(kDataFrame, kNone, 1, "ping"))), "data 1 5");
  EXPECT_EQ(bench.recorder.open(1).body, "ping");
  EXPECT_EQ(bench.session.deadline_ms(), 0u);
  bench.exchange(frame(kDataFrame, kEndStream, 1, "pong"));
  EXPECT_EQ(bench.recorder.open(1).body, "pingpong");
  EXPECT_EQ(bench.recorder.open(1).events, "CONNECT /hub?topic=a;end;");
  bench.recorder.push(1, "bye");
  EXPECT_EQ(summary_of(bench.send()), "data 1 3");
  bench.session.end_stream(1);
  EXPECT_EQ(summary_of(bench.send()), "data 1 0 end");
  EXPECT_TRUE(bench.session.is_idle());

  bench.exchange(frame(kHeadersFrame, kEndHeaders, 3, connect));
  bench.session.end_stream(3);
  EXPECT_EQ(summary_of(bench.send()), "data 3 0 end") << "no RST_STREAM: the client may end its side, too";
  EXPECT_EQ(summary_of(bench.exchange(frame(kDataFrame, kEndStream, 3, "bye"))), "");

  Http2Bench closed;
  closed.exchange(preface());
  EXPECT_EQ(summary_of(closed.exchange(frame(kHeadersFrame, kEndHeaders, 1, connect))), "rst 1 1") << "not announced";
}

}  // namespace
}  // namespace fanfare::http
