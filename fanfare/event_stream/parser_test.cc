#include "fanfare/event_stream/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fanfare/event_stream/transcript.h"

namespace fanfare::event_stream {
namespace {

using Calls = std::vector<std::string>;
using namespace std::string_view_literals;

#define FFFD "\xEF\xBF\xBD"
#define BOM "\xEF\xBB\xBF"

struct Row {
  std::string_view bytes;
  Calls calls;
};

// Stops the parser in each call, and feeds what is left unread from another place in memory. Counts the stops that left
// something.
class Stopping final : public ParserVisitor {
 public:
  void on_event(const Event& event) override { return seen.on_event(event), parser_.stop(); }
  void on_comment(std::string_view text) override { return seen.on_comment(text), parser_.stop(); }
  void on_retry(std::uint64_t milliseconds) override { return seen.on_retry(milliseconds), parser_.stop(); }

  void feed(std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t calls = seen.calls.size();
      ASSERT_TRUE(feed_exact(parser_, piece));
      ASSERT_LE(seen.calls.size(), calls + 1);
      piece.remove_prefix(piece.size() - parser_.unread_bytes());
      if (!piece.empty()) ++stops;
    }
  }

  Transcript seen;
  std::size_t stops = 0;

 private:
  Parser parser_{*this};
};

// Replays each row in every way in which reads can cut it, also with a stop in every call.
template <std::size_t kRows>
void expect_rows(const Row (&rows)[kRows]) {
  for (const Row& row : rows) {
    for (const auto& pieces : chunkings(row.bytes)) {
      Transcript seen;
      Parser parser(seen);
      for (const std::string_view piece : pieces) ASSERT_TRUE(feed_exact(parser, piece));
      ASSERT_EQ(seen.calls, row.calls) << testing::PrintToString(row.bytes) << " in " << pieces.size()
                                       << " reads, the first of " << pieces.front().size() << " bytes";
      Stopping stopping;
      for (const std::string_view piece : pieces) stopping.feed(piece);
      ASSERT_EQ(stopping.seen.calls, row.calls) << testing::PrintToString(row.bytes) << " stopped in every call";
    }
  }
}

TEST(Parser, StripsExactlyOneByteOrderMarkAtTheBeginning) {
  const Row rows[] = {
      {BOM "data:1\n\n", {"event message [] 1"}},
      {BOM BOM "data:1\n\ndata:2\n\n", {"event message [] 2"}},
      {BOM "data:1\n\n" BOM "data:2\n\n", {"event message [] 1"}},
      {BOM ":x\n", {"comment x"}},
      {BOM "\ndata:1\n\n", {"event message [] 1"}},
      {"\xEF\xBB"
       "data:1\n\ndata:2\n\n",
       {"event message [] 2"}},
      {"\xEF\xBB\n:x\n", {"comment x"}},
      {"\xEF\n:x\n", {"comment x"}},
      {"data:" BOM "\n\n", {"event message [] " BOM}},
      {"\n" BOM "data:1\n\ndata:2\n\n", {"event message [] 2"}},
  };
  expect_rows(rows);
}

TEST(Parser, TakesLfCrAndCrlfAsLineEndsAlsoMixed) {
  const Row rows[] = {
      {"data:1\n\ndata:2\r\rdata:3\r\n\r\n", {"event message [] 1", "event message [] 2", "event message [] 3"}},
      {"data:1\r\n\ndata:2\n\r", {"event message [] 1", "event message [] 2"}},
      {"data:1\r\ndata:2\r\n\r\n", {"event message [] 1\n2"}},
      {"data:1\n\r\ndata:2\r\r\n", {"event message [] 1", "event message [] 2"}},
      {"data:1\r\n\n\r\r\n\ndata:2\n\n", {"event message [] 1", "event message [] 2"}},
      {"data:1\v\f\xC2\x85\xE2\x80\xA8\n\n", {"event message [] 1\v\f\xC2\x85\xE2\x80\xA8"}},
  };
  expect_rows(rows);
}

TEST(Parser, EndsALineAtACarriageReturnWithoutWaitingForMore) {
  Transcript seen;
  Parser parser(seen);
  ASSERT_TRUE(feed_exact(parser, "retry:7\r"));
  EXPECT_EQ(seen.calls, Calls{"retry 7"});
  ASSERT_TRUE(feed_exact(parser, "\ndata:x\r\n\r"));
  EXPECT_EQ(seen.calls.back(), "event message [] x");
  ASSERT_TRUE(feed_exact(parser, ""));
  ASSERT_TRUE(feed_exact(parser, "\ndata:y\n\n"));
  EXPECT_EQ(seen.calls, (Calls{"retry 7", "event message [] x", "event message [] y"}));
}

TEST(Parser, SplitsFieldsAtTheFirstColonAndDropsOneSpace) {
  const Row rows[] = {
      {"data:x\ndata: x\ndata:  x\ndata:\tx\ndata: \n\n", {"event message [] x\nx\n x\n\tx\n"}},
      {"data::x\ndata: :x\n\n", {"event message [] :x\n:x"}},
      {"data\n\ndata:\n\n", {"event message [] ", "event message [] "}},
      {"data\ndata\n\n", {"event message [] \n"}},
      {"data:\ndata:\n\n", {"event message [] \n"}},
      {"Data:1\nDATA:2\n data:3\ndata :4\ndatax:5\ndat:6\ndata\0:7\nevents:8\nidx:9\nfoo\n\n"sv, {}},
      {"Id:1\nid :2\nEvent:3\nRetry:4\nretry :5\ndata:x\n\n", {"event message [] x"}},
      {":\n::\n: x\n:data:1\n\n", {"comment ", "comment :", "comment  x", "comment data:1"}},
      {"data:1\n:between\ndata:2\n\n", {"comment between", "event message [] 1\n2"}},
  };
  expect_rows(rows);
}

TEST(Parser, DispatchesAtABlankLineAndDiscardsWhatIsUnfinished) {
  const Row rows[] = {
      {"", {}},
      {"\n\n\r\r\n", {}},
      {"data:x\n", {}},
      {"data:x", {}},
      {"data:1\n\nid:7\nevent:e\ndata:2\n", {"event message [] 1"}},
      {"event:e\n\ndata:x\n\n", {"event message [] x"}},
      {"event:e\ndata:x\n\ndata:y\n\n", {"event e [] x", "event message [] y"}},
      {"event:a\nevent:b\ndata:x\n\n", {"event b [] x"}},
      {"event:a\nevent:\ndata:x\n\n", {"event message [] x"}},
      {"event:a\nevent\ndata:x\n\n", {"event message [] x"}},
      {"data:x\nevent:  e \n\n", {"event  e  [] x"}},
      {"data:a\ndata:\n\n", {"event message [] a\n"}},
      {"data:\ndata:a\n\n", {"event message [] \na"}},
      {"data:\0\n\n"sv, {std::string("event message [] \0", 18)}},
  };
  expect_rows(rows);
}

TEST(Parser, KeepsTheLastEventIdUntilAnotherIdIsDispatched) {
  const Row rows[] = {
      {"id:1\ndata:x\n\ndata:y\n\n", {"event message [1] x", "event message [1] y"}},
      {"id:1\n\ndata:x\n\n", {"event message [1] x"}},
      {"data:x\nid:1\n\n", {"event message [1] x"}},
      {"id:1\nid:2\ndata:x\n\n", {"event message [2] x"}},
      {"id:1\ndata:x\n\nid\ndata:y\n\n", {"event message [1] x", "event message [] y"}},
      {"id:1\ndata:x\n\nid: \ndata:y\n\ndata:z\n\n",
       {"event message [1] x", "event message [] y", "event message [] z"}},
      {"id:1\n\nid:a\0b\ndata:x\n\n"sv, {"event message [1] x"}},
      {"id:1\nid:\0\ndata:x\n\n"sv, {"event message [1] x"}},
      {"id:  a b \ndata:x\n\n", {"event message [ a b ] x"}},
      {"id:\xE2\x80\xA6\ndata:x\n\n", {"event message [\xE2\x80\xA6] x"}},
  };
  expect_rows(rows);
}

TEST(Parser, TellsWhatAReconnectingClientSends) {
  Transcript seen;
  Parser parser(seen, "before");
  EXPECT_EQ(parser.last_event_id(), "before");
  ASSERT_TRUE(feed_exact(parser, "data:x\n\nid:1\n"));
  EXPECT_EQ(seen.calls, Calls{"event message [before] x"});
  EXPECT_EQ(parser.last_event_id(), "before");
  ASSERT_TRUE(feed_exact(parser, "\n"));
  EXPECT_EQ(parser.last_event_id(), "1");
  ASSERT_TRUE(feed_exact(parser, "id:2\ndata:unfinished\n"));
  EXPECT_EQ(parser.last_event_id(), "1");
  ASSERT_TRUE(feed_exact(parser, "\nid:\n\n"));
  EXPECT_EQ(parser.last_event_id(), "");
}

TEST(Parser, TakesRetryOfDigitsAsSoonAsItsLineEnds) {
  const Row rows[] = {
      {"retry:3000\n", {"retry 3000"}},
      {"retry: 03000\r", {"retry 3000"}},
      {"retry:0\n", {"retry 0"}},
      {"retry\nretry:\nretry: \nretry:  1\nretry:1000x\nretry:x\nretry:-1\nretry:+1\nretry:1.5\nretry:1 \n", {}},
      {"retry:\xD9\xA1\nretry:1\0\n"sv, {}},
      {"retry:18446744073709551615\n", {"retry 18446744073709551615"}},
      {"retry:18446744073709551616\n", {"retry 18446744073709551615"}},
      {"retry:0000000000000000000000000000042\n", {"retry 42"}},
      {"retry:99999999999999999999999999999999999999999\n", {"retry 18446744073709551615"}},
      {"data:x\nretry:5\n\n", {"retry 5", "event message [] x"}},
      {"retry:5", {}},
  };
  expect_rows(rows);
}

TEST(Parser, ReplacesWhatIsNotUtf8AsABrowserDoes) {
  const Row rows[] = {
      {"data:\xFF\n\n", {"event message [] " FFFD}},
      {"data:a\xE2\x80\n\n", {"event message [] a" FFFD}},
      {"data:\xE2\x80\ndata:\xA6\n\n", {"event message [] " FFFD "\n" FFFD}},
      {"data:\xF0\x9F\x98\x80\xF0\x9F\x98\r\n\r\n", {"event message [] \xF0\x9F\x98\x80" FFFD}},
      {"data:\xED\xA0\x80\n\n", {"event message [] " FFFD FFFD FFFD}},
      {"data:ok\ndata:\xC0\xAF\ndata:ok\n\n", {"event message [] ok\n" FFFD FFFD "\nok"}},
      {"event:\xC2\nid:\x80\ndata:x\n\n", {"event " FFFD " [" FFFD "] x"}},
      {":\xE2\x82\n", {"comment " FFFD}},
      {":\xE2\x82\xAC\n", {"comment \xE2\x82\xAC"}},
      {"data\xFF:x\ndata:y\n\n", {"event message [] y"}},
      {"data:\xE2\x80\xA6\ndata:\xE2\x80\xA6\n\n", {"event message [] \xE2\x80\xA6\n\xE2\x80\xA6"}},
  };
  expect_rows(rows);
}

TEST(Parser, LeavesTheRestUnreadWhenItIsStopped) {
  Stopping stopping;
  stopping.feed("data:1\n\ndata:2\n\n:x\r\rdata:3\n\n");
  EXPECT_EQ(stopping.seen.calls,
            (Calls{"event message [] 1", "event message [] 2", "comment x", "event message [] 3"}));
  EXPECT_EQ(stopping.stops, 3u);
}

TEST(Parser, KnowsWhichLineEndItWasStoppedAt) {
  const Row rows[] = {
      {"data:1\n:x\n\ndata:2\n\r", {"comment x", "event message [] 1", "event message [] 2"}},
      {"data:1\r:x\r\n\r\ndata:2\r\r", {"comment x", "event message [] 1", "event message [] 2"}},
  };
  expect_rows(rows);
}

TEST(Parser, ReadsLinesThatReachOverManyBlocksOfTheScanner) {
  for (const std::size_t size : {40u, 63u, 64u, 65u, 127u, 128u, 129u, 300u}) {
    const std::string text(size, 'x');
    const std::string bytes =
        "id:" + text + "\r\ndata:" + text + "\r\ndata:" + text + "\xE2\x80\xA6" + text + "\r\n\r\n";
    const Row rows[] = {{bytes, {"event message [" + text + "] " + text + "\n" + text + "\xE2\x80\xA6" + text}}};
    expect_rows(rows);
  }
}

}  // namespace
}  // namespace fanfare::event_stream
