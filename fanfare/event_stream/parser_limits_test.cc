// Limits, cost and buffers of the parser; what it reads is tested in parser_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/event_stream/parser.h"
#include "fanfare/event_stream/transcript.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace fanfare::event_stream {
namespace {

// Remembers where and how long the data of the last event was.
class Spot final : public ParserVisitor {
 public:
  void on_event(const Event& event) override {
    ++events;
    data = event.data.data();
    bytes = event.data.size();
  }
  std::size_t events = 0;
  const char* data = nullptr;
  std::size_t bytes = 0;
};

// Feeds the stream in reads of this size; the error's message, or what the visitor was told.
std::string outcome(std::string_view stream, std::size_t read_bytes, ParserLimits limits) {
  Transcript seen;
  Parser parser(seen, {}, limits);
  std::string error;
  for (; !stream.empty() && error.empty(); stream.remove_prefix(std::min(read_bytes, stream.size()))) {
    const auto result = feed_exact(parser, stream.substr(0, read_bytes));
    if (!result) error = result.error().message;
  }
  for (const auto& call : seen.calls) error += "|" + call;
  return error;
}

TEST(ParserLimits, ALineOrAnEventOfExactlyTheLimitIsTakenAndOneByteMoreFails) {
  const struct {
    std::string_view stream;
    std::string outcome;
  } rows[] = {
      {"data:12345\n\n", "|event message [] 12345"},
      {"data:123456\n\n", "a line of the event stream is longer than 10 bytes"},
      {"data:1\n\ndata:123456", "a line of the event stream is longer than 10 bytes|event message [] 1"},
      {":123456789\n", "|comment 123456789"},
      {":1234567890\n", "a line of the event stream is longer than 10 bytes"},
      {"\xEF\xBB"
       "12345678\n",
       ""},
      {"\xEF\xBB"
       "123456789\n",
       "a line of the event stream is longer than 10 bytes"},
      {"data:123\ndata:567\n\n", "|event message [] 123\n567"},
      {"data:1234\ndata:678\n:x\n\n", "the data of an event of the event stream is longer than 7 bytes"},
      {"data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n", "|event message [] \n\n\n\n\n\n\n"},
      {"data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n",
       "the data of an event of the event stream is longer than 7 bytes"},
      {"data:\xFF\xFF\n\n", "|event message [] \xEF\xBF\xBD\xEF\xBF\xBD"},
      {"data:\xFF\xFF\xFF\n\n", "the data of an event of the event stream is longer than 7 bytes"},
  };
  for (const auto& row : rows) {
    for (std::size_t read_bytes = 1; read_bytes <= row.stream.size(); ++read_bytes) {
      EXPECT_EQ(outcome(row.stream, read_bytes, {.line_bytes_max = 10, .event_bytes_max = 7}), row.outcome)
          << row.stream << " in reads of " << read_bytes;
    }
  }
}

TEST(ParserLimits, AfterAnErrorEveryFurtherCallFailsTheSameWayAndNothingIsDispatched) {
  Transcript seen;
  Parser parser(seen, {}, {.line_bytes_max = 4, .event_bytes_max = 4});
  const auto first = parser.feed("data:toolong\n\n");
  ASSERT_FALSE(first);
  for (const std::string_view more : {"", "\n", ":x\n"}) {
    const auto again = parser.feed(more);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message, first.error().message);
  }
  EXPECT_TRUE(seen.calls.empty());
}

TEST(ParserLimits, AnUnterminatedLineIsNotGatheredBeyondTheLimit) {
  Transcript seen;
  Parser parser(seen, {}, {.line_bytes_max = 1000, .event_bytes_max = 1000});
  std::size_t taken = 0;
  while (parser.feed("0123456789")) taken += 10;
  EXPECT_EQ(taken, 1000u);
}

TEST(ParserCost, AnEventWithinOneReadIsHandedOutWhereItWasReceived) {
  Spot spot;
  Parser parser(spot);
  const std::string stream = "id:1\ndata: here\n\ndata:\xE2\x80\xA6\n\n";
  ASSERT_TRUE(parser.feed(std::string_view(stream).substr(0, 17)));
  EXPECT_EQ(spot.data, stream.data() + stream.find("here"));
  ASSERT_TRUE(parser.feed(std::string_view(stream).substr(17)));
  EXPECT_EQ(spot.data, stream.data() + stream.find("\xE2"));
}

TEST(ParserCost, NothingIsAllocatedForAnEventLikeTheOnesBefore) {
  Spot spot;
  Parser parser(spot);
  const std::string stream =
      "event:a-type-that-is-long-enough\nid:an-id-that-is-too-long-to-be-short\ndata:" + std::string(5000, 'x') +
      "\ndata:" + std::string(700, '\xFF') + "\n\n";
  const auto feed_in_two_at_many_places = [&] {
    for (std::size_t i = 0; i < stream.size(); i += 17) {
      (void)parser.feed(std::string_view(stream).substr(0, i));
      (void)parser.feed(std::string_view(stream).substr(i));
    }
  };
  feed_in_two_at_many_places();
  const std::size_t before = allocations;
  feed_in_two_at_many_places();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(spot.events, 2 * (stream.size() / 17 + 1));
}

TEST(ParserCost, AnEventOf10MiBArrivesWholeInOneLineOrMany) {
  const std::string line(1024 - 6, 'x');
  std::string many;
  for (int i = 0; i < 10 * 1024; ++i) many += "data:" + line + "\n";
  const std::string one = "data:" + std::string(10 * 1024 * 1024, 'x') + "\n";
  for (const std::string& stream : {many + "\n", one + "\n"}) {
    Spot spot;
    Parser parser(spot);
    for (std::string_view rest = stream; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 16384))) {
      ASSERT_TRUE(parser.feed(rest.substr(0, 16384)));
    }
    EXPECT_EQ(spot.events, 1u);
    EXPECT_EQ(spot.bytes, stream == many + "\n" ? 10u * 1024 * (line.size() + 1) - 1 : 10u * 1024 * 1024);
  }
}

// Of this thread, whatever else the machine does.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Seconds for one data line of this size in reads of four bytes, the best of three.
double seconds_for_line(std::size_t line_bytes) {
  const std::string stream = "data:" + std::string(line_bytes, 'x') + "\n\n";
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    Spot spot;
    Parser parser(spot);
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < stream.size(); i += 4) (void)parser.feed(std::string_view(stream).substr(i, 4));
    best = std::min(best, cpu_seconds() - start);
    EXPECT_EQ(spot.bytes, line_bytes);
  }
  return best;
}

TEST(ParserCost, ALineInReadsOfFourBytesCostsInProportionToItsLength) {
  // Quadratic cost would be 64 times as much.
  EXPECT_LT(seconds_for_line(2048 * 1024), 24 * seconds_for_line(256 * 1024));
}

}  // namespace
}  // namespace fanfare::event_stream
