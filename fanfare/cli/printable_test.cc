#include "fanfare/cli/printable.h"

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

TEST(Printable, LeavesTextInAnyLanguageAsItIs) {
  for (std::string_view text : {"", "plain", "tab\there", "Grüße, 世界 👋🏽", "back\\slash", "\u00a0"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("\x1b[2Jgone"), "\\x1b[2Jgone");
  EXPECT_EQ(printable("a\rb\nc\x07"), "a\\x0db\\x0ac\\x07");
  EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(printable("\u0080\u009b31m\u009f"), "\\u{80}\\u{9b}31m\\u{9f}");
}

TEST(Printable, EscapesWhatReordersALine) {
  EXPECT_EQ(printable("\u202egnp.exe\u202c"), "\\u{202e}gnp.exe\\u{202c}");
  EXPECT_EQ(printable("\u2066\u2069\u200e\u200f\u061c"), "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}");
}

TEST(Printable, EscapesEachByteThatIsNotUtf8) {
  EXPECT_EQ(printable("\x9b"
                      "1m"),
            "\\x9b"
            "1m");
  EXPECT_EQ(printable("\xe4\xb8"), "\\xe4\\xb8");
  EXPECT_EQ(printable("\xc0\x9b"
                      "x\xff"),
            "\\xc0\\x9bx\\xff");
  EXPECT_EQ(printable("\xc3(\xc3\xa9"), "\\xc3(é");
}

}  // namespace
}  // namespace fanfare::cli
