#include "fanfare/cli/caddyfile.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

// "1:name|argument;3:name{}"; a fault as "!message".
std::string shown(std::string_view text) {
  const auto directives = parse_directives(text);
  if (!directives) return "!" + directives.error().message;
  std::string all;
  for (const Directive& directive : *directives) {
    all += (all.empty() ? "" : ";") + std::to_string(directive.line) + ":";
    for (const auto& word : directive.words) all += (&word == &directive.words.front() ? "" : "|") + word;
    if (directive.has_block) all += "{}";
  }
  return all;
}

TEST(Caddyfile, ADirectiveIsALineOfWords) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {" \n\t\r\n", ""},
      {"anonymous", "1:anonymous"},
      {"  anonymous  \r\n\n cors_origins\ta  b\n", "1:anonymous;3:cors_origins|a|b"},
      {"a # b c\n# d\ne f#g", "1:a;3:e|f#g"},
      {"a\\nb c", "1:a;2:b|c"},
      {"a\nb\\nc", "1:a;2:b\\nc"},
      {"k \"two words\" `back \"tick`", "1:k|two words|back \"tick"},
      {"k \"a \\\" b\" \"\"", "1:k|a \" b|"},
      {"k \"two\nlines\"\nb", "1:k|two\nlines;3:b"},
      {"transport bolt {\n path x\n nested {\n }\n}\nb", "1:transport|bolt{};6:b"},
      {"a {$X}", "1:a|{$X}"},
      {"k \"open", "!line 1: the quote is not closed"},
      {"a\nt x {\n b\n", "!line 2: the block is not closed: '}' is missing"},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(shown(text), expected) << text;
}

TEST(Caddyfile, WhateverIsCutOffIsReadOrRefused) {
  const std::string text = "a \"b c\" `d` # e\nt {\n f {\n }\n}\nlast\n";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const std::string exact = text.substr(0, i);
    const auto directives = parse_directives(exact);
    EXPECT_TRUE(directives || !directives.error().message.empty()) << exact;
  }
}

}  // namespace
}  // namespace fanfare::cli
