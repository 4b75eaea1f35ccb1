#include "fanfare/cli/suggest.h"

#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

TEST(NearestWord, ForgivesTypingErrors) {
  const std::vector<std::string> words = {"serve", "publish", "listen", "completion"};
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"publsh", "publish"},
      {"pubilsh", "publish"},
      {"server", "serve"},
      {"srve", "serve"},
      {"lsiten", "listen"},
      {"comp", "completion"},
      {"lis", "listen"},
      {"xyz", ""},
      {"subscribe", ""},
      {"", ""},
      {"p", ""},
  };
  for (const auto& [typed, expected] : cases) EXPECT_EQ(nearest_word(typed, words), expected) << typed;
}

TEST(NearestWord, PrefersTheNearest) {
  const std::vector<std::string> words = {"--token", "--topic"};
  EXPECT_EQ(nearest_word("--topik", words), "--topic");
  EXPECT_EQ(nearest_word("tou", std::vector<std::string>{"out"}), "");
  EXPECT_EQ(nearest_word("otu", std::vector<std::string>{"out"}), "out");
  EXPECT_EQ(nearest_word("--tokn", words), "--token");
  EXPECT_EQ(nearest_word(std::string(100'000, 'x'), words), "");
}

}  // namespace
}  // namespace fanfare::cli
