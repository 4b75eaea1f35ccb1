// Every limit at its last allowed value and one above it.
#include <gtest/gtest.h>

#include "fanfare/http/http1_recorder.h"

namespace fanfare::http {
namespace {

// What came of the bytes, the same in whatever pieces they come: 200 if they were answered, else the refusal.
int status_of(const std::string& bytes, const Limits& limits, std::size_t accepted = 1 << 20) {
  int status = 0;
  for (const auto& pieces : cuts(bytes)) {
    Http1Bench bench(AnswerTime::kOnEnd, limits, accepted);
    for (const auto piece : pieces) bench.feed(piece);
    const int now = bench.recorder.ended == 1 ? 200 : bench.recorder.refused_status;
    EXPECT_TRUE(status == 0 || status == now) << status << " and " << now;
    status = now;
  }
  return status;
}

Limits with_head_bytes(std::size_t bytes) {
  Limits limits;
  limits.request_head_bytes_max = bytes;
  return limits;
}

TEST(Http1Limits, AHeadMayHaveAsManyBytesAsTheLimit) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789\r\n\r\n";
  EXPECT_EQ(status_of(head, with_head_bytes(head.size())), 200);
  EXPECT_EQ(status_of(head, with_head_bytes(head.size() - 1)), 431);
  EXPECT_EQ(status_of("\r\n" + head, with_head_bytes(head.size() + 2)), 200);
  EXPECT_EQ(status_of("\r\n" + head, with_head_bytes(head.size() + 1)), 431);
}

TEST(Http1Limits, ALimitThatShrinksBelowWhatHasComeOfAHeadRefusesIt) {
  Http1Bench bench(AnswerTime::kOnEnd);
  bench.feed("GET / HTTP/1.1\r\nX: 0123456789");
  bench.limits.request_head_bytes_max = 20;
  bench.feed(std::string(100, 'A'));
  EXPECT_EQ(bench.recorder.refused_status, 431);
}

TEST(Http1Limits, ARequestLineThatFillsTheHeadIsTooLong) {
  const std::string line = "GET /0123456789012345678901234567890123456789 HTTP/1.1\r\n";
  EXPECT_EQ(status_of(line + "Host: a\r\n\r\n", with_head_bytes(line.size() - 1)), 414);
  EXPECT_EQ(status_of(line + "Host: a\r\n\r\n", with_head_bytes(line.size())), 431);
  EXPECT_EQ(status_of(std::string(100, 'A'), with_head_bytes(100)), 414);
  EXPECT_EQ(status_of(std::string(99, 'A'), with_head_bytes(100)), 0);
}

TEST(Http1Limits, ThereMayBeAsManyFieldsAsTheLimit) {
  Limits limits;
  limits.request_headers_max = 3;
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n", limits), 200);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n", limits), 431);
}

TEST(Http1Limits, ABodyMayHaveAsManyBytesAsTheVisitorAccepts) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(status_of(head + "hello", {}, 5), 200);
  EXPECT_EQ(status_of(head + "hello", {}, 4), 413);
  EXPECT_EQ(status_of(head, {}, 4), 413) << "before its first byte";
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\n\r\n", {}), 413);
}

TEST(Http1Limits, ChunksMayHaveAsManyBytesTogetherAsTheVisitorAccepts) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(head + "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", {}, 5), 200);
  EXPECT_EQ(status_of(head + "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", {}, 4), 413);
  EXPECT_EQ(status_of(head + "2\r\nhe\r\n3\r\n", {}, 4), 413) << "before the data of the chunk";
  EXPECT_EQ(status_of(head + "0\r\n\r\n", {}, 0), 200);
}

TEST(Http1Limits, ExtensionsAndTrailersOfABodyShareOneLimit) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Limits limits = with_head_bytes(head.size());
  // 10 bytes of extensions, and the trailer without its line end.
  const std::string begin = head + "1;0123\r\nx\r\n1;4567\r\nx\r\n0;89\r\nT:";
  EXPECT_EQ(status_of(begin + std::string(head.size() - 12, 'x') + "\r\n\r\n", limits), 200);
  EXPECT_EQ(status_of(begin + std::string(head.size() - 11, 'x') + "\r\n\r\n", limits), 431);
  const std::string extension = head + "1;";
  EXPECT_EQ(status_of(extension + std::string(head.size(), 'x') + "\r\nx\r\n0\r\n\r\n", limits), 200);
  EXPECT_EQ(status_of(extension + std::string(head.size() + 1, 'x') + "\r\nx\r\n0\r\n\r\n", limits), 431);
}

TEST(Http1Limits, ALargeHeadInSmallPiecesIsReadAtLinearCost) {
  Limits limits;
  limits.request_head_bytes_max = 8 << 20;
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(4 << 20, 'x') + "\r\n\r\n";
  Http1Bench bench(AnswerTime::kOnEnd, limits);
  for (std::size_t i = 0; i < bytes.size(); ++i) bench.session.receive(std::string_view(bytes).substr(i, 1));
  EXPECT_EQ(bench.recorder.ended, 1);  // in milliseconds; scanning from the start each time would take hours
}

}  // namespace
}  // namespace fanfare::http
