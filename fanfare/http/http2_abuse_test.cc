#include "fanfare/http/http2_abuse.h"

#include <gtest/gtest.h>

#include "fanfare/http/http2_recorder.h"

namespace fanfare::http {
namespace {

std::string repeat(std::string_view bytes, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += bytes;
  return out;
}

std::string headers(StreamId stream, std::uint8_t flags, std::string_view block) {
  return frame(kHeadersFrame, flags, stream, block);
}

std::string post(StreamId stream, std::string_view more = {}) {
  return headers(stream, kEndHeaders, pseudo("POST") + std::string(more));
}

std::string data(StreamId stream, std::string_view bytes, std::uint8_t flags = kNone) {
  return frame(kDataFrame, flags, stream, bytes);
}

// --- Limits --------------------------------------------------------------------------------------------------------

TEST(Http2Limits, StreamsBeyondTheLimitAreRefused) {
  Limits limits;
  limits.http2_streams_max = 2;
  Http2Bench bench(Http2Answer::kNever, limits);
  EXPECT_EQ(summary_of(bench.exchange(preface() + get(1) + get(3) + get(5))), "rst 5 7");
  EXPECT_EQ(bench.recorder.streams.size(), 2u);
  bench.recorder.answer(1);
  bench.send();
  EXPECT_EQ(summary_of(bench.exchange(get(7))), "");
  EXPECT_TRUE(bench.recorder.is_open(7));
}

TEST(Http2Limits, AClientThatHasAcknowledgedTheLimitAndExceedsItIsEnded) {
  Limits limits;
  limits.http2_streams_max = 1;
  Http2Bench bench(Http2Answer::kNever, limits);
  bench.exchange(preface() + frame(kSettingsFrame, kAck, 0) + get(1));
  EXPECT_EQ(summary_of(bench.exchange(get(3))), "goaway 1 1");
  EXPECT_EQ(bench.recorder.streams.at(1).events, "GET /;end;reset by connection 1;");
}

TEST(Http2Limits, AHeadMayBeAsLargeAsItsLimit) {
  Limits limits;
  limits.request_head_bytes_max = 1'000;
  const std::size_t others = 4 * 32 + std::string(":methodGET:schemehttps:path/:authoritya").size() + 32 + 1;
  for (const std::size_t excess : {0u, 1u, 6'900u, 8'000u}) {
    Http2Bench bench(Http2Answer::kOnEnd, limits);
    bench.exchange(preface());
    const std::string out =
        summary_of(bench.exchange(get(1, "/", field("x", std::string(1'000 - others + excess, 'y')))));
    const std::string& events = bench.recorder.streams[1].events;
    if (excess == 0) {
      EXPECT_EQ(events, "GET /;end;sent;");
    } else if (excess < 8'000) {
      EXPECT_EQ(events, "refused 431;");
      EXPECT_TRUE(out.starts_with("headers 1, data 1 ") && out.ends_with(" end")) << out;
    } else {
      EXPECT_EQ(out, "rst 1 11");
      EXPECT_EQ(events, "");
    }
    EXPECT_EQ(summary_of(bench.exchange(get(3))), "headers 3, data 3 3 end") << "HPACK has stayed in step";
  }
}

TEST(Http2Limits, ThereMayBeAsManyFieldsAsTheLimitAndCookiesAreOne) {
  Limits limits;
  limits.request_headers_max = 2;
  const auto events_of = [&](const std::string& fields) {
    Http2Bench bench(Http2Answer::kOnEnd, limits);
    bench.exchange(preface() + get(1, "/", fields));
    return bench.recorder.streams[1].events;
  };
  const std::string x = field("x", "y");
  EXPECT_EQ(events_of(x + x), "GET /;end;sent;");
  EXPECT_EQ(events_of(x + x + x), "refused 431;");
  EXPECT_EQ(events_of(x + field("cookie", "a=b") + field("cookie", "c=d") + field("cookie", "e=f")), "GET /;end;sent;");
  EXPECT_EQ(events_of(x + x + field("cookie", "a=b")), "refused 431;");
}

TEST(Http2Limits, TrailersAreBoundedToo) {
  Limits limits;
  limits.request_head_bytes_max = 200;
  Http2Bench bench(Http2Answer::kOnEnd, limits);
  bench.exchange(preface() + post(1) + post(3));
  EXPECT_EQ(summary_of(bench.exchange(headers(1, kEnds, field("x", std::string(167, 'y'))))),
            "headers 1, data 1 3 end");
  EXPECT_EQ(summary_of(bench.exchange(headers(3, kEnds, field("x", std::string(168, 'y'))))), "rst 3 11");
  EXPECT_EQ(bench.recorder.streams.at(3).events, "POST /;reset by violation 11;");
}

TEST(Http2Limits, ABodyMayHaveAsManyBytesAsTheVisitorAccepts) {
  for (const bool has_length : {false, true}) {
    const std::string length = has_length ? field("content-length", "5") : "";
    Http2Bench fits(Http2Answer::kOnEnd, {}, 5);
    fits.exchange(preface());
    EXPECT_EQ(summary_of(fits.exchange(post(1, length) + data(1, "hello", kEndStream))), "headers 1, data 1 3 end");
    Http2Bench exceeds(Http2Answer::kOnEnd, {}, 4);
    exceeds.exchange(preface());
    exceeds.feed(post(1, length));
    EXPECT_EQ(exceeds.recorder.streams.at(1).events, has_length ? "POST /;refused 413;" : "POST /;");
    exceeds.feed(data(1, "hello"));
    EXPECT_TRUE(summary_of(exceeds.send()).ends_with(" end, rst 1 0"));
    EXPECT_EQ(exceeds.recorder.streams.at(1).events, "POST /;refused 413;");
    EXPECT_EQ(exceeds.recorder.streams.at(1).body, "");
    EXPECT_TRUE(exceeds.session.is_idle());
  }
}

// A client that keeps to its windows: sends bodies of `size` bytes on streams 1, 3, … at once and returns how many
// bytes the visitor holds in the end.
std::size_t held_by(Http2Bench& bench, StreamId streams, std::size_t size) {
  std::string bytes = preface();
  std::map<StreamId, std::size_t> windows = {{0, 65'535}};
  std::map<StreamId, std::size_t> rest;
  for (StreamId i = 0; i < streams; ++i) {
    bytes += post(2 * i + 1);
    windows[2 * i + 1] = 65'535;
    rest[2 * i + 1] = size;
  }
  bool progress = true;
  while (progress) {
    progress = false;
    for (auto& [id, left] : rest) {
      const std::size_t piece = std::min({left, windows[id], windows[0], std::size_t{16'384}});
      if (piece == 0) continue;
      progress = true;
      left -= piece;
      windows[id] -= piece;
      windows[0] -= piece;
      bytes += data(id, std::string(piece, 'x'), left == 0 ? kEndStream : kNone);
    }
    for (const Frame& each : frames_of(bench.exchange(std::exchange(bytes, {}))))
      if (each.type == kWindowUpdateFrame) {
        windows[each.stream] += number_at(each.payload, 0, 4);
        progress = true;
      }
  }
  std::size_t held = 0;
  for (const auto& [id, seen] : bench.recorder.streams) held += seen.body.size();
  return held;
}

TEST(Http2Limits, RequestsOfAConnectionTogetherAreHeldToAboutOneBody) {
  Limits limits;
  limits.request_body_bytes_max = 1 << 20;
  Http2Bench waiting(Http2Answer::kNever, limits);
  const std::size_t held = held_by(waiting, 50, 1 << 20);
  EXPECT_LT(held, (2u << 20) + 50 * 65'535);
  EXPECT_GT(held, 1u << 20);
  for (auto& [id, seen] : waiting.recorder.streams)
    if (seen.is_open && seen.is_ended) waiting.recorder.answer(id);
  EXPECT_TRUE(summary_of(waiting.send()).contains("headers"));

  Http2Bench served(Http2Answer::kOnEnd, limits);
  held_by(served, 50, 1 << 20);
  for (const auto& [id, seen] : served.recorder.streams) EXPECT_EQ(seen.events, "POST /;end;sent;") << id;
}

TEST(Http2Limits, AClientThatSendsMoreThanItsWindowIsReset) {
  Http2Bench bench(Http2Answer::kStreamOnHead);  // answered: the body is not wanted, and its window does not open
  bench.exchange(preface() + frame(kSettingsFrame, kAck, 0) + post(1));
  const std::string piece = data(1, std::string(16'000, 'x'));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(summary_of(bench.exchange(piece)), "");
  EXPECT_EQ(summary_of(bench.exchange(piece)), "rst 1 3");
  EXPECT_EQ(bench.recorder.streams.at(1).events, "POST /;reset by violation 3;");
}

// --- Floods --------------------------------------------------------------------------------------------------------

struct Flood {
  std::string name;
  std::string before;
  std::string each;
};

const std::vector<Flood>& floods() {
  static const std::vector<Flood> table = {
      {"PING", "", frame(kPingFrame, 0, 0, "12345678")},
      {"PING acknowledged", "", frame(kPingFrame, kAck, 0, "12345678")},
      {"SETTINGS", "", frame(kSettingsFrame, 0, 0)},
      {"PRIORITY", "", frame(kPriorityFrame, 0, 1, number(16, 5))},
      {"PRIORITY_UPDATE", "", frame(0x10, 0, 0, number(1, 4) + "u=1")},
      {"frames that are not known", "", frame(0xfe, 0, 0)},
      {"empty DATA", post(1), data(1, "")},
      {"DATA of padding", post(1), frame(kDataFrame, kPadded, 1, std::string("\0", 1))},
      {"WINDOW_UPDATE", post(1), window_update(1, 1)},
      {"DATA on a closed stream", get(3) + rst(3, Http2Error::kCancel), data(3, "x")},
      {"HEADERS on a closed stream", get(3) + rst(3, Http2Error::kCancel), get(3)},
      {"RST_STREAM on a closed stream", get(3) + rst(3, Http2Error::kCancel), rst(3, Http2Error::kCancel)},
  };
  return table;
}

TEST(Http2Floods, AreAllowedAtTheirRateAndEndTheConnectionBeyondIt) {
  Limits limits;
  limits.http2_control_frames_per_s = 10;
  limits.burst_s = 5;
  for (const Flood& flood : floods()) {
    SCOPED_TRACE(flood.name);
    Http2Bench bench(Http2Answer::kNever, limits);
    bench.exchange(preface() + flood.before);
    bench.now_ms += 5'000;
    for (int i = 0; i < 45; ++i) bench.exchange(flood.each);
    for (int i = 0; i < 100; ++i) {
      bench.now_ms += 100;
      bench.exchange(flood.each);
    }
    EXPECT_FALSE(bench.recorder.has_failed);
    for (int i = 0; i < 20 && !bench.recorder.has_failed; ++i) bench.exchange(flood.each);
    EXPECT_TRUE(bench.recorder.has_failed);
    EXPECT_EQ(bench.recorder.failure, Http2Error::kEnhanceYourCalm);
    EXPECT_TRUE(bench.session.wants_close());
  }
}

TEST(Http2Floods, HoldLittleMemoryWhileNothingCanBeSent) {
  Limits limits;
  limits.http2_control_frames_per_s = 0;
  limits.http2_resets_per_s = 0;
  std::vector<Flood> all = floods();
  all.push_back({"requests that are reset", "", ""});
  all.push_back({"requests beyond the limit", "", ""});
  for (const Flood& flood : all) {
    SCOPED_TRACE(flood.name);
    Http2Bench bench(flood.each.empty() ? Http2Answer::kOnEnd : Http2Answer::kNever, limits);
    bench.exchange(preface() + flood.before);
    std::size_t most = 0;
    for (StreamId id = 5; id < 20'005; id += 2) {
      std::string bytes = flood.each;
      if (bytes.empty()) bytes = get(id) + (flood.name.ends_with("reset") ? rst(id, Http2Error::kCancel) : "");
      bench.feed(bytes);
      most = std::max(most, bench.session.memory_bytes());
    }
    EXPECT_LT(most, 1'500'000u);
  }
}

TEST(Http2Floods, ContinuationsOfAHeaderBlockAreFew) {
  Http2Bench bench;
  bench.exchange(preface());
  EXPECT_EQ(
      summary_of(bench.exchange(headers(1, kEndStream, pseudo()) + repeat(frame(kContinuationFrame, kNone, 1), 7) +
                                frame(kContinuationFrame, kEndHeaders, 1))),
      "headers 1, data 1 3 end");
  EXPECT_EQ(
      summary_of(bench.exchange(headers(3, kEndStream, pseudo()) + repeat(frame(kContinuationFrame, kNone, 3), 9))),
      "goaway 3 11");
  EXPECT_TRUE(bench.session.wants_close());
  EXPECT_EQ(bench.recorder.streams.size(), 1u);
}

TEST(Http2Floods, StreamsThatTheClientResetsAreFew) {
  Limits limits;
  limits.http2_resets_per_s = 10;
  limits.burst_s = 5;
  for (const bool by_server : {false, true}) {  // … or makes us reset (CVE-2025-8671)
    Http2Bench bench(Http2Answer::kNever, limits);
    bench.exchange(preface());
    const auto one = [&](StreamId id) {
      return get(id) + (by_server ? window_update(id, 0x7fffffff) : rst(id, Http2Error::kCancel));
    };
    bench.now_ms += 5'000;
    StreamId id = 1;
    for (; id < 100; id += 2) bench.exchange(one(id));
    for (int i = 0; i < 50; ++i, id += 2) {
      bench.now_ms += 100;
      bench.exchange(one(id));
    }
    EXPECT_FALSE(bench.recorder.has_failed);
    bench.exchange(one(id) + get(id + 2));
    EXPECT_TRUE(bench.recorder.has_failed);
    EXPECT_EQ(bench.recorder.failure, Http2Error::kEnhanceYourCalm);
    EXPECT_TRUE(bench.session.wants_close());
  }
}

TEST(Http2Floods, RequestsThatAreAnsweredAreNone) {
  Http2Bench bench;
  bench.exchange(preface());
  for (StreamId id = 1; id < 40'000; id += 2) bench.exchange(get(id));
  EXPECT_FALSE(bench.recorder.has_failed);
}

TEST(Http2Floods, WindowsThatOpenByWhatWasSentAreNone) {
  Limits limits;
  limits.http2_control_frames_per_s = 1;
  Http2Bench bench(Http2Answer::kStreamOnHead, limits);
  bench.exchange(preface() + get(1));
  for (int i = 0; i < 5'000; ++i) {
    bench.recorder.push(1, std::string(100, 'e'));
    bench.send();
    bench.feed(window_update(0, 100) + window_update(1, 100));
  }
  EXPECT_FALSE(bench.recorder.has_failed);
}

TEST(Http2Floods, WindowsOfOneByteAreFew) {
  Http2Bench bench(Http2Answer::kStreamOnHead);
  bench.exchange(preface(setting(4, 1)) + get(1));
  bench.recorder.push(1, std::string(100'000, 'e'));
  for (int i = 0; i < 50'000 && !bench.recorder.has_failed; ++i) bench.exchange(window_update(1, 1));
  EXPECT_TRUE(bench.recorder.has_failed);
  EXPECT_GT(bench.recorder.streams.at(1).pending.size(), 90'000u);
}

TEST(Http2Floods, AHeaderListOfReferencesIsReadOnlyAsFarAsItIsWorth) {
  Http2Bench bench;
  bench.exchange(preface());
  // Puts a field of 4,000 bytes into the dynamic table, then names it 16,000 times by one byte each (index 62).
  const std::string large =
      std::string(1, '\x40') + hpack_length(1) + "x" + hpack_length(4'000) + std::string(4'000, 'y');
  EXPECT_EQ(summary_of(bench.exchange(get(1, "/", large))), "headers 1, data 1 3 end");
  EXPECT_EQ(summary_of(bench.exchange(get(3, "/", repeat("\xbe", 16'000)))), "rst 3 11");
  EXPECT_LT(bench.session.memory_bytes(), 100'000u);
  EXPECT_EQ(summary_of(bench.exchange(get(5))), "headers 5, data 5 3 end");
}

}  // namespace
}  // namespace fanfare::http
