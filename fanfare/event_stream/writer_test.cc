#include "fanfare/event_stream/writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/utf8.h"
#include "fanfare/event_stream/parser.h"
#include "fanfare/event_stream/transcript.h"

namespace fanfare::event_stream {
namespace {

using namespace std::string_view_literals;

std::string written(const Fields& fields) {
  std::string out = ">";  // appending leaves what was there
  append_event(out, fields);
  EXPECT_EQ(out.front(), '>');
  return out.substr(1);
}

TEST(Writer, WritesEveryFieldOnceAndOneDataLineForEachLine) {
  const struct {
    Fields fields;
    std::string_view bytes;
  } rows[] = {
      {{{}, {}, {}, ""}, "data: \n\n"},
      {{{}, {}, {}, "x"}, "data: x\n\n"},
      {{{}, {}, {}, " x"}, "data:  x\n\n"},
      {{{}, {}, {}, "a\nb\rc\r\nd"}, "data: a\ndata: b\ndata: c\ndata: d\n\n"},
      {{{}, {}, {}, "a\n"}, "data: a\ndata: \n\n"},
      {{{}, {}, {}, "\n\n\r\r"}, "data: \ndata: \ndata: \ndata: \ndata: \n\n"},
      {{{}, {}, {}, "\n\r\n"}, "data: \ndata: \ndata: \n\n"},
      {{{}, {}, {}, "a\0b"sv}, "data: a\0b\n\n"sv},
      {{"t", {}, {}, "x"}, "event: t\ndata: x\n\n"},
      {{{}, 0, {}, "x"}, "retry: 0\ndata: x\n\n"},
      {{{}, {}, "7", "x"}, "id: 7\ndata: x\n\n"},
      {{" t", std::numeric_limits<std::uint64_t>::max(), " 7", "x"},
       "event:  t\nretry: 18446744073709551615\nid:  7\ndata: x\n\n"},
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(validate(row.fields));
    EXPECT_EQ(written(row.fields), row.bytes);
  }
}

TEST(Writer, RefusesWhatWouldForgeFields) {
  for (const std::string_view bad : {"\n", "a\r", "\rb", "a\nb", "\r\n"}) {
    EXPECT_FALSE(validate({.type = bad, .retry_ms = {}, .id = {}, .data = "x"})) << testing::PrintToString(bad);
    EXPECT_FALSE(validate({.type = {}, .retry_ms = {}, .id = bad, .data = "x"})) << testing::PrintToString(bad);
    EXPECT_TRUE(validate({.type = {}, .retry_ms = {}, .id = {}, .data = bad}));
  }
  EXPECT_FALSE(validate({.type = {}, .retry_ms = {}, .id = "a\0"sv, .data = "x"}));
  EXPECT_TRUE(validate({.type = "a\0"sv, .retry_ms = {}, .id = {}, .data = "x\0"sv}));
}

TEST(Writer, WritesCommentsAndRetryAlone) {
  std::string out;
  append_comment(out, "");
  EXPECT_EQ(out, kComment);
  append_comment(out, "a\r\nb\n");
  append_retry(out, 1500);
  EXPECT_EQ(out, ":\n:a\n:b\n:\nretry: 1500\n");
}

// Pieces of text that a careless writer or parser would mix up, put together at random.
class RandomText {
 public:
  explicit RandomText(unsigned seed) : random_(seed) {}

  std::string text(bool line_ends, bool nul) {
    static constexpr std::string_view kPieces[] = {"data",         ":",    " ",        "id",   "x",
                                                   "\xE2\x80\xA6", "\xFF", "\xE2\x80", "event"};
    static constexpr std::string_view kLineEnds[] = {"\n", "\r", "\r\n"};
    std::string all;
    for (auto pieces = random_() % 12; pieces > 0; --pieces) {
      all += kPieces[random_() % std::size(kPieces)];
      if (line_ends && random_() % 3 == 0) all += kLineEnds[random_() % std::size(kLineEnds)];
      if (nul && random_() % 9 == 0) all += '\0';
      if (random_() % 16 == 0) all += std::string(random_() % 200, 'y');
    }
    return all;
  }
  std::uint64_t number() { return random_() >> random_() % 64; }

 private:
  std::mt19937_64 random_;
};

// What a reader makes of text: LF for every line end, U+FFFD for what is not UTF-8.
std::string as_read(std::string_view text) {
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    lines.push_back(text[i] == '\r' ? '\n' : text[i]);
  }
  std::string out;
  append_utf8_with_replacement(out, lines);
  return out;
}

TEST(Writer, WhatItWritesTheParserReadsBack) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomText random(seed);
  Transcript seen;
  Parser parser(seen);
  std::vector<std::string> sent;
  std::string last_event_id, stream;
  for (int i = 0; i < 5'000; ++i) {
    const std::string type = random.text(false, true), id = random.text(false, false), data = random.text(true, true);
    const Fields fields = {.type = type, .retry_ms = random.number(), .id = id, .data = data};
    ASSERT_TRUE(validate(fields));
    append_event(stream, fields);
    if (!id.empty()) last_event_id = as_read(id);
    sent.push_back("retry " + std::to_string(*fields.retry_ms));
    sent.push_back(Transcript::event_call(type.empty() ? "message" : as_read(type), last_event_id, as_read(data)));
  }
  for (std::string_view rest = stream; !rest.empty();) {
    const std::size_t bytes = std::min<std::size_t>(rest.size(), 1 + random.number() % 500);
    ASSERT_TRUE(feed_exact(parser, rest.substr(0, bytes)));
    rest.remove_prefix(bytes);
  }
  EXPECT_EQ(seen.calls, sent);
}

}  // namespace
}  // namespace fanfare::event_stream
