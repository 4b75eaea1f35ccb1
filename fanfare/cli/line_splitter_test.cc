#include "fanfare/cli/line_splitter.h"

#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

using Lines = std::vector<std::string>;

// The lines of `bytes`, fed in two pieces that meet at `cut`.
Lines split(std::string_view bytes, std::size_t cut) {
  LineSplitter splitter;
  Lines lines;
  for (std::string_view piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    splitter.feed(piece);
    while (auto line = splitter.next_line()) lines.push_back(*line);
  }
  if (auto line = splitter.last_line()) lines.push_back(*line);
  EXPECT_FALSE(splitter.last_line());
  return lines;
}

TEST(LineSplitter, CutsTheSameLinesAtEverySplit) {
  struct Case {
    std::string_view bytes;
    Lines lines;
  };
  const Case cases[] = {
      {"", {}},
      {"one", {"one"}},
      {"one\n", {"one"}},
      {"one\ntwo", {"one", "two"}},
      {"\n\n", {"", ""}},
      {"one\r\n\r\ntwo\r", {"one", "", "two"}},
      {"a\rb\n\r\r\n", {"a\rb", "\r"}},
      {std::string_view("a\0b\n", 4), {std::string("a\0b", 3)}},
  };
  for (const Case& c : cases) {
    for (std::size_t cut = 0; cut <= c.bytes.size(); ++cut) {
      EXPECT_EQ(split(c.bytes, cut), c.lines) << testing::PrintToString(c.bytes) << " cut at " << cut;
    }
  }
}

TEST(LineSplitter, GivesALineAsSoonAsItEnds) {
  LineSplitter splitter;
  splitter.feed("first\nsec");
  EXPECT_EQ(splitter.next_line(), "first");
  EXPECT_EQ(splitter.next_line(), std::nullopt);
  EXPECT_EQ(splitter.waiting_bytes(), 3u);
  splitter.feed("ond\n");
  EXPECT_EQ(splitter.next_line(), "second");
  EXPECT_EQ(splitter.waiting_bytes(), 0u);
}

}  // namespace
}  // namespace fanfare::cli
