// Requests and frames that break a rule, one at a time: RFC 9113 by its sections.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "fanfare/http/http1_recorder.h"
#include "fanfare/http/http2_recorder.h"

namespace fanfare::http {
namespace {

std::string headers(StreamId stream, std::uint8_t flags, std::string_view block) {
  return frame(kHeadersFrame, flags, stream, block);
}

std::string post(StreamId stream, std::string_view more = {}) {
  return headers(stream, kEndHeaders, pseudo("POST") + std::string(more));
}

std::string data(StreamId stream, std::string_view bytes, std::uint8_t flags = kNone) {
  return frame(kDataFrame, flags, stream, bytes);
}

// What a client sends after its preface, what it gets (see summary_of), and what the visitor has seen of stream 1.
// Stream 1's answers wait until all is read; 3 bytes "ok\n".
struct Violation {
  std::string name;
  std::string bytes;
  std::string output;
  std::string events;
};

const std::string kPath = field(":path", "/");
const std::string kScheme = field(":scheme", "https");
const std::string kMethod = field(":method", "GET");
const std::string kAuthority = field(":authority", "a");

std::string with(const std::string& more) {
  return headers(1, kEnds, pseudo() + more);
}

// Malformed requests: RFC 9113 sections 8.1.1, 8.2 and 8.3.
std::vector<Violation> malformed_requests() {
  return {
      {"no method", headers(1, kEnds, kScheme + kPath + kAuthority), "rst 1 1", ""},
      {"no scheme", headers(1, kEnds, kMethod + kPath + kAuthority), "rst 1 1", ""},
      {"no path", headers(1, kEnds, kMethod + kScheme + kAuthority), "rst 1 1", ""},
      {"no authority", headers(1, kEnds, kMethod + kScheme + kPath), "rst 1 1", ""},
      {"empty path", headers(1, kEnds, kMethod + kScheme + field(":path", "") + kAuthority), "rst 1 1", ""},
      {"path of *", headers(1, kEnds, kMethod + kScheme + field(":path", "*") + kAuthority), "rst 1 1", ""},
      {"two paths", with(kPath), "rst 1 1", ""},
      {"unknown pseudo-header field", with(field(":x", "y")), "rst 1 1", ""},
      {"status in a request", with(field(":status", "200")), "rst 1 1", ""},
      {"pseudo-header field after others", headers(1, kEnds, kMethod + kScheme + kPath + field("x", "y") + kAuthority),
       "rst 1 1", ""},
      {"capitals", with(field("X", "y")), "rst 1 1", ""},
      {"space in a name", with(field("x y", "z")), "rst 1 1", ""},
      {"empty name", with(field("", "z")), "rst 1 1", ""},
      {"line end in a value", with(field("x", "y\r\nz: 1")), "rst 1 1", ""},
      {"NUL in a value", with(field("x", std::string_view("y\0z", 3))), "rst 1 1", ""},
      {"space before a value", with(field("x", " y")), "rst 1 1", ""},
      {"Connection", with(field("connection", "close")), "rst 1 1", ""},
      {"Transfer-Encoding", with(field("transfer-encoding", "chunked")), "rst 1 1", ""},
      {"Upgrade", with(field("upgrade", "websocket")), "rst 1 1", ""},
      {"TE other than trailers", with(field("te", "gzip")), "rst 1 1", ""},
      {"two lengths", with(field("content-length", "0") + field("content-length", "0")), "rst 1 1", ""},
      {"a length that is none", with(field("content-length", "+1")), "rst 1 1", ""},
      {"a length without a body", with(field("content-length", "1")), "rst 1 1", ""},
      {"more body than its length", post(1, field("content-length", "3")) + data(1, "four", kEndStream), "rst 1 1",
       "POST /;reset by violation 1;"},
      {"less body than its length", post(1, field("content-length", "5")) + data(1, "four", kEndStream), "rst 1 1",
       "POST /;reset by violation 1;"},
      {"protocol without CONNECT", with(field(":protocol", "websocket")), "rst 1 1", ""},
      {"trailers that do not end the stream", post(1) + headers(1, kEndHeaders, field("x", "y")), "rst 1 1",
       "POST /;reset by violation 1;"},
      {"pseudo-header field in trailers", post(1) + headers(1, kEnds, field(":path", "/")), "rst 1 1",
       "POST /;reset by violation 1;"},
  };
}

// What is well formed and refused.
std::vector<Violation> refused_and_rare_requests() {
  return {
      {"CONNECT", headers(1, kEnds, field(":method", "CONNECT") + kAuthority), "headers 1, data 1 99 end",
       "refused 501;"},
      {"another scheme", headers(1, kEnds, kMethod + field(":scheme", "ftp") + kPath + kAuthority),
       "headers 1, data 1 79 end", "refused 400;"},
      {"user information", headers(1, kEnds, kMethod + kScheme + kPath + field(":authority", "u@a")),
       "headers 1, data 1 89 end", "refused 400;"},
      {"another Host", with(field("host", "b")), "headers 1, data 1 86 end", "refused 400;"},
      {"a fragment", headers(1, kEnds, kMethod + kScheme + field(":path", "/#a") + kAuthority),
       "headers 1, data 1 89 end", "refused 400;"},
      {"another expectation", with(field("expect", "tea")), "headers 1, data 1 89 end", "refused 417;"},
      // Allowed, though rare.
      {"trailers", post(1) + data(1, "x") + headers(1, kEnds, field("x", "y")), "headers 1, data 1 3 end",
       "POST /;end;sent;"},
      {"OPTIONS *", headers(1, kEnds, field(":method", "OPTIONS") + kScheme + field(":path", "*") + kAuthority),
       "headers 1, data 1 3 end", "OPTIONS *;end;sent;"},
      {"Host in place of :authority", headers(1, kEnds, kMethod + kScheme + kPath + field("host", "a")),
       "headers 1, data 1 3 end", "GET /;end;sent;"},
      {"TE: trailers", with(field("te", "trailers")), "headers 1, data 1 3 end", "GET /;end;sent;"},
      {"a type of frame that is not known", frame(0xfe, 0xff, 7, "x") + get(1), "headers 1, data 1 3 end",
       "GET /;end;sent;"},
      {"a setting that is not known", frame(kSettingsFrame, 0, 0, setting(0xfefe, 1)) + get(1),
       "headers 1, data 1 3 end", "GET /;end;sent;"},
      {"a header block in pieces",
       headers(1, kEndStream, pseudo().substr(0, 7)) + frame(kContinuationFrame, kNone, 1, pseudo().substr(7, 11)) +
           frame(kContinuationFrame, kEndHeaders, 1, pseudo().substr(18)),
       "headers 1, data 1 3 end", "GET /;end;sent;"},
  };
}

// Frames that break the connection: sections 4 to 6.
std::vector<Violation> broken_connections() {
  return {
      {"DATA on no stream", data(0, "x"), "goaway 0 1", ""},
      {"DATA on an idle stream", data(1, "x"), "goaway 0 1", ""},
      {"DATA after the end", get(1) + data(1, "x"), "goaway 1 5", "GET /;end;reset by connection 5;"},
      {"HEADERS after the end", get(1) + get(1), "goaway 1 5", "GET /;end;reset by connection 5;"},
      {"HEADERS on no stream", get(0), "goaway 0 1", ""},
      {"HEADERS on a stream of the server's", get(2), "goaway 0 1", ""},
      {"HEADERS that are not compressed so", headers(1, kEnds, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
       "goaway 1 9", ""},
      {"an index that is none", headers(1, kEnds, "\xbe"), "goaway 1 9", ""},
      {"CONTINUATION of nothing", frame(kContinuationFrame, kEndHeaders, 1, field("x", "y")), "goaway 0 1", ""},
      {"another frame in a header block", headers(1, kEndStream, pseudo()) + frame(kPingFrame, 0, 0, "12345678"),
       "goaway 1 1", ""},
      {"CONTINUATION of another stream",
       headers(1, kEndStream, pseudo()) + frame(kContinuationFrame, kEndHeaders, 3, field("x", "y")), "goaway 1 1", ""},
      {"more padding than payload", data(1, "") + post(3), "goaway 0 1", ""},
      {"padding beyond the frame", post(1) + frame(kDataFrame, kPadded, 1, "\x05x"), "goaway 1 1",
       "POST /;reset by connection 1;"},
      {"RST_STREAM on no stream", rst(0, Http2Error::kCancel), "goaway 0 1", ""},
      {"RST_STREAM on an idle stream", rst(1, Http2Error::kCancel), "goaway 0 1", ""},
      {"RST_STREAM of another size", get(1) + frame(kRstStreamFrame, 0, 1, "123"), "goaway 1 6",
       "GET /;end;reset by connection 6;"},
      {"SETTINGS on a stream", frame(kSettingsFrame, 0, 1, setting(4, 1)), "goaway 0 1", ""},
      {"SETTINGS of another size", frame(kSettingsFrame, 0, 0, "12345"), "goaway 0 6", ""},
      {"SETTINGS acknowledged with values", frame(kSettingsFrame, kAck, 0, setting(4, 1)), "goaway 0 6", ""},
      {"ENABLE_PUSH of 2", frame(kSettingsFrame, 0, 0, setting(2, 2)), "goaway 0 1", ""},
      {"INITIAL_WINDOW_SIZE beyond 31 bits", frame(kSettingsFrame, 0, 0, setting(4, 0x80000000)), "goaway 0 3", ""},
      {"MAX_FRAME_SIZE too small", frame(kSettingsFrame, 0, 0, setting(5, 16'383)), "goaway 0 1", ""},
      {"PUSH_PROMISE", get(1) + frame(kPushPromiseFrame, kEndHeaders, 1, number(2, 4) + pseudo()), "goaway 1 1",
       "GET /;end;reset by connection 1;"},
      {"PING on a stream", frame(kPingFrame, 0, 1, "12345678"), "goaway 0 1", ""},
      {"PING of another size", frame(kPingFrame, 0, 0, "1234567"), "goaway 0 6", ""},
      {"GOAWAY on a stream", frame(kGoawayFrame, 0, 1, number(0, 8)), "goaway 0 1", ""},
      {"a frame of more than 16 KiB", post(1) + data(1, std::string(16'385, 'x')), "goaway 1 6",
       "POST /;reset by connection 6;"},
      {"WINDOW_UPDATE of 0", window_update(0, 0), "goaway 0 1", ""},
      {"WINDOW_UPDATE of 0 for a stream", get(1) + window_update(1, 0), "goaway 1 1",
       "GET /;end;reset by connection 1;"},
      {"WINDOW_UPDATE of another size", frame(kWindowUpdateFrame, 0, 0, "123"), "goaway 0 6", ""},
      {"WINDOW_UPDATE on an idle stream", window_update(1, 1), "goaway 0 1", ""},
      {"a window beyond 31 bits", window_update(0, 0x7fffffff), "goaway 0 3", ""},
      {"a stream's window beyond 31 bits", get(1) + window_update(1, 0x7fffffff), "rst 1 3",
       "GET /;end;reset by violation 3;"},
      {"a stream's window beyond 31 bits by SETTINGS",
       get(1) + window_update(1, 1) + frame(kSettingsFrame, 0, 0, setting(4, 0x7fffffff)), "rst 1 3",
       "GET /;end;reset by violation 3;"},
  };
}

std::vector<Violation> violations() {
  std::vector<Violation> all = malformed_requests();
  std::ranges::move(refused_and_rare_requests(), std::back_inserter(all));
  std::ranges::move(broken_connections(), std::back_inserter(all));
  return all;
}

// Plays the bytes in these pieces; what has been asked by then and not answered is answered once all is read.
void play(Http2Bench& bench, const std::vector<std::string_view>& pieces) {
  bench.exchange(preface());
  bench.sent.clear();
  for (const auto piece : pieces) bench.feed(piece);
  for (auto& [id, seen] : bench.recorder.streams)
    if (seen.is_open && seen.is_ended && !seen.is_answered) bench.recorder.answer(id);
  bench.send();
}

TEST(Http2Violations, EachGetsItsErrorAndEachStreamItsEnd) {
  for (const Violation& each : violations()) {
    SCOPED_TRACE(each.name);
    Http2Bench bench(Http2Answer::kNever);
    play(bench, {each.bytes});
    EXPECT_EQ(summary_of(bench.sent), each.output);
    EXPECT_EQ(bench.recorder.streams[1].events, each.events);
    const bool is_over = each.output.contains("goaway");
    EXPECT_EQ(bench.session.wants_close(), is_over);
    EXPECT_EQ(bench.recorder.has_failed, is_over);
  }
}

TEST(Http2Violations, AreTheSameHoweverTheyAreCut) {
  for (const Violation& each : violations()) {
    if (each.bytes.size() > 1'000) continue;
    SCOPED_TRACE(each.name);
    for (const auto& pieces : cuts(each.bytes)) {
      Http2Bench bench(Http2Answer::kNever);
      play(bench, pieces);
      ASSERT_EQ(summary_of(bench.sent), each.output);
      ASSERT_EQ(bench.recorder.streams[1].events, each.events);
    }
  }
}

TEST(Http2Violations, AConnectionThatBeginsWithAnythingElseIsClosed) {
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), std::string(kMagic) + get(1),
                                   std::string(kMagic) + frame(kSettingsFrame, kAck, 0)}) {
    for (const auto& pieces : cuts(bytes)) {
      Http2Bench bench;
      for (const auto piece : pieces) bench.feed(piece);
      EXPECT_EQ(summary_of(bench.send()), "goaway 0 1");
      EXPECT_TRUE(bench.session.wants_close());
      EXPECT_TRUE(bench.recorder.streams.empty());
    }
  }
}

TEST(Http2Violations, FramesOnClosedStreamsAreIgnored) {
  Http2Bench bench;
  bench.exchange(preface() + get(1) + get(3));
  ASSERT_TRUE(bench.session.is_idle());
  EXPECT_EQ(summary_of(bench.exchange(data(1, "x") + get(1) + rst(1, Http2Error::kCancel) + window_update(1, 1))), "");
  EXPECT_EQ(summary_of(bench.exchange(get(5))), "headers 5, data 5 3 end") << "HPACK has stayed in step";
}

}  // namespace
}  // namespace fanfare::http
