#include "fanfare/http/http1_body.h"

#include <gtest/gtest.h>

#include "fanfare/http/http1_recorder.h"

namespace fanfare::http {
namespace {

constexpr std::string_view kChunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n";
constexpr std::string_view kNext = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

struct AcceptedBody {
  std::string_view bytes;
  std::string_view body;
};

using std::string_view_literals::operator""sv;

constexpr AcceptedBody kAccepted[] = {
    {"0\r\n\r\n", ""},
    {"000\r\n\r\n", ""},
    {"5\r\nhello\r\n0\r\n\r\n", "hello"},
    {"5\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n0\r\n\r\n", "hello world"},
    {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"0000000000000010\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef"},
    {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
    {"3\r\n\0\xff\n\r\n0\r\n\r\n"sv, "\0\xff\n"sv},
    // Extensions and trailers are dropped.
    {"1;\r\nx\r\n0\r\n\r\n", "x"},
    {"1;a=b;c=\"d \xc3\xa9\";\t\r\nx\r\n0;last\r\n\r\n", "x"},
    {"1\r\nx\r\n0\r\nContent-Length: 9\r\nT:\r\n\r\n", "x"},
    {"0\r\nT: \t:\xff\r\n\r\n", ""},
};

TEST(Http1Body, ChunkedBodiesAreDecodedInWhateverPiecesTheyComeAndTheNextRequestFollows) {
  for (const AcceptedBody& row : kAccepted) {
    SCOPED_TRACE(row.bytes);
    const std::string bytes = std::string(kChunkedHead).append(row.bytes).append(kNext);
    for (const auto& pieces : cuts(bytes)) {
      Http1Bench bench;
      for (const auto piece : pieces) bench.feed(piece);
      ASSERT_EQ(bench.recorder.refused_reason, "");
      ASSERT_EQ(bench.recorder.ended, 2);
      EXPECT_EQ(bench.recorder.bodies[0], row.body);
      EXPECT_EQ(bench.recorder.heads[1].path, "/next");
    }
  }
}

struct RefusedBody {
  std::string_view bytes;
  int status;
  std::string_view reason;
  std::string_view body;  // what has come before
};

constexpr RefusedBody kRefused[] = {
    {"\r\n", 400, "begin with its size", ""},
    {";x\r\n", 400, "begin with its size", ""},
    {" 1\r\nx\r\n", 400, "begin with its size", ""},
    {"1 \r\nx\r\n", 400, "begin with its size", ""},
    {"1\t;x\r\nx\r\n", 400, "begin with its size", ""},
    {"+1\r\nx\r\n", 400, "begin with its size", ""},
    {"-1\r\nx\r\n", 400, "begin with its size", ""},
    {"0x1\r\nx\r\n", 400, "begin with its size", ""},
    {"1_0\r\nx\r\n", 400, "begin with its size", ""},
    {"g\r\nx\r\n", 400, "begin with its size", ""},
    {"1,1\r\nx\r\n", 400, "begin with its size", ""},
    {"1\nx\r\n", 400, "begin with its size", ""},
    {"00000000000000001\r\nx\r\n", 400, "too many digits", ""},
    {"10000000000000001\r\nx\r\n", 400, "too many digits", ""},
    {"ffffffffffffffff\r\nx\r\n", 413, "larger", ""},
    {"1\r\nx\r\nffffffffffffffff\r\nx\r\n", 413, "larger", "x"},
    {"1\rx\r\n", 400, "size must end in CR LF", ""},
    {"1;a\nx\r\n", 400, "extension holds a control", ""},
    {"1;a\rx\r\n", 400, "size must end in CR LF", ""},
    {"1;\0\r\nx\r\n"sv, 400, "extension holds a control", ""},
    // After the data.
    {"1\r\nxy\r\n", 400, "data of a chunk must end", "x"},
    {"1\r\nx\n0\r\n\r\n", 400, "data of a chunk must end", "x"},
    {"1\r\nx\r0\r\n\r\n", 400, "data of a chunk must end", "x"},
    {"1\r\nx0\r\n\r\n", 400, "data of a chunk must end", "x"},
    {"1\r\nx\r\n\r\n0\r\n\r\n", 400, "begin with its size", "x"},
    // Trailers.
    {"0\r\n\n", 400, "not a field", ""},
    {"0\r\n\rx", 400, "trailer line must end", ""},
    {"0\r\nT\r\n\r\n", 400, "not a field", ""},
    {"0\r\n: x\r\n\r\n", 400, "not a field", ""},
    {"0\r\nT : x\r\n\r\n", 400, "not a field", ""},
    {"0\r\n T: x\r\n\r\n", 400, "not a field", ""},
    {"0\r\nT: x\r\n y\r\n\r\n", 400, "not a field", ""},
    {"0\r\nT: x\n\r\n", 400, "trailer field holds a control", ""},
    {"0\r\nT: x\ry", 400, "trailer line must end", ""},
    {"0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a field", ""},
};

TEST(Http1Body, DamagedChunksAreRefusedInWhateverPiecesTheyCome) {
  for (const RefusedBody& row : kRefused) {
    SCOPED_TRACE(row.bytes);
    const std::string bytes = std::string(kChunkedHead).append(row.bytes).append(kNext);
    for (const auto& pieces : cuts(bytes)) {
      Http1Bench bench;
      for (const auto piece : pieces) bench.feed(piece);
      ASSERT_EQ(bench.recorder.refused_status, row.status) << bench.recorder.refused_reason;
      EXPECT_TRUE(bench.recorder.refused_reason.contains(row.reason)) << bench.recorder.refused_reason;
      EXPECT_EQ(bench.recorder.bodies.at(0), row.body);
      EXPECT_EQ(bench.recorder.heads.size(), 1u);
      EXPECT_EQ(bench.recorder.ended, 0);
      EXPECT_TRUE(bench.session.wants_close());
    }
  }
}

TEST(Http1Body, ABodyOfAKnownLengthEndsWhereItSaysInWhateverPiecesItComes) {
  const std::string bytes =
      std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 07\r\n\r\nGET\r\n\r\n").append(kNext);
  for (const auto& pieces : cuts(bytes)) {
    Http1Bench bench;
    for (const auto piece : pieces) bench.feed(piece);
    ASSERT_EQ(bench.recorder.events, "POST / \nGET\r\n\r\n\nend\nGET /next \n\nend\n");
  }
}

TEST(Http1Body, TheVisitorSeesTheReceivedBytesThemselves) {
  struct Watcher : Http1Recorder {
    void on_body(std::string_view bytes) override {
      begin = bytes.data();
      Http1Recorder::on_body(bytes);
    }
    const char* begin = nullptr;
  } watcher;
  const Limits limits;
  Http1Session session(watcher, limits);
  watcher.session = &session;
  const std::string bytes = std::string(kChunkedHead) + "5\r\nhello\r\n0\r\n\r\n";
  session.receive(bytes);
  EXPECT_EQ(watcher.begin, bytes.data() + bytes.find("hello"));
}

}  // namespace
}  // namespace fanfare::http
