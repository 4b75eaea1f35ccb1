#include "fanfare/hub/template_set.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

using Places = std::vector<int>;

std::vector<CompiledTemplatePtr> compiled(const std::vector<std::string>& texts) {
  std::vector<CompiledTemplatePtr> templates;
  for (const auto& text : texts) {
    auto made = CompiledTemplate::make(text);
    EXPECT_TRUE(made) << made.error().message;
    templates.push_back(std::move(*made));
  }
  return templates;
}

Places found(const TemplateSet& set, std::string_view topic) {
  Places places = {7, 8, 9};  // to be replaced
  set.match(topic, places);
  std::ranges::sort(places);
  return places;
}

TEST(TemplateSet, TellsTheTemplatesThatMatchTheWholeTopic) {
  const TemplateSet set(compiled({"a/{x}", "a/{x}/{y}", "{+all}", "a/{x}", "b{?q}"}));
  EXPECT_EQ(found(set, "a/1"), (Places{0, 2, 3}));
  EXPECT_EQ(found(set, "a/1/2"), (Places{1, 2}));
  EXPECT_EQ(found(set, "b?q=1"), (Places{2, 4}));
  EXPECT_EQ(found(set, "c d"), Places{});
  EXPECT_EQ(found(set, ""), Places{2});
}

TEST(TemplateSet, TooLittleMemoryForTheAutomatonChangesNoAnswer) {
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) texts.push_back("{x:9}/{y}/" + std::to_string(i));
  const auto templates = compiled(texts);
  for (std::int64_t bytes_max = 1'000; bytes_max < 10'000'000; bytes_max *= 2) {
    const TemplateSet set(templates, bytes_max);
    EXPECT_EQ(found(set, "a/b/0"), Places{0}) << bytes_max;
    EXPECT_EQ(found(set, "a/b/19"), Places{19}) << bytes_max;
    EXPECT_EQ(found(set, "a/b/20"), Places{}) << bytes_max;
  }
}

}  // namespace
}  // namespace fanfare
