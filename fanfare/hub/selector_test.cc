#include "fanfare/hub/selector.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

using Strings = std::vector<std::string>;

SelectorSet compiled(const Strings& texts) {
  static SelectorCompiler compiler(1 << 20);
  return compiler.compile(canonical_selectors(texts)).value();
}

Update update_of(Strings topics, bool is_private) {
  Update update;
  update.topics = std::move(topics);
  update.is_private = is_private;
  return update;
}

TEST(Selectors, ASetMatchesIfAnyOfThemDoes) {
  struct Case {
    Strings selectors;
    const char* topic;
    bool matches;
  };
  const Case cases[] = {
      {{"*"}, "anything at all", true},
      {{"*"}, "", true},
      {{"a"}, "a", true},
      {{"a"}, "A", false},
      {{"a"}, "ab", false},
      {{"b", "a", "c"}, "c", true},
      {{"https://example.com/books/{id}"}, "https://example.com/books/1", true},
      {{"https://example.com/books/{id}"}, "https://example.com/books/1/reviews", false},
      {{"https://example.com/books/{id}"}, "https://example.com/films/1", false},
      {{"https://example.com/books/{id}"}, "https://example.com/books/{id}", true},
      {{"a", "t/{x}"}, "t/1", true},
      {{"t/{x}", "t/{x}/y"}, "t/1/y", true},
      {{"t/{unclosed"}, "t/{unclosed", true},
      {{"t/{unclosed"}, "t/1", false},
      {{"a.c"}, "abc", false},
      {{"{x}.c"}, "a_c", false},
      {{}, "a", false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(compiled(each.selectors).matches(each.topic), each.matches) << each.topic;
  }
}

TEST(Selectors, AFilterWantsPublicUpdatesThatMatchAndPrivateOnesThatAGrantMatchesToo) {
  const AudienceFilter filter(compiled({"a", "b"}), compiled({"b", "users/{id}"}));
  EXPECT_TRUE(filter.wants(update_of({"a"}, false)));
  EXPECT_FALSE(filter.wants(update_of({"c"}, false)));
  EXPECT_FALSE(filter.wants(update_of({"a"}, true)));
  EXPECT_TRUE(filter.wants(update_of({"b"}, true)));
  EXPECT_TRUE(filter.wants(update_of({"a", "users/1"}, true)));
  EXPECT_FALSE(filter.wants(update_of({"users/1"}, true)));
}

TEST(Selectors, EqualSetsHaveOneCanonicalForm) {
  EXPECT_EQ(canonical_selectors({"b", "a", "b"}), (Strings{"a", "b"}));
  EXPECT_EQ(canonical_selectors({"b", "*", "a"}), Strings{"*"});
  EXPECT_EQ(canonical_selectors({}), Strings{});
}

TEST(Selectors, AudienceKeysCannotBeForgedByTexts) {
  const auto key = [](const Strings& selectors, const Strings& grants) {
    return audience_key(compiled(selectors), compiled(grants));
  };
  EXPECT_NE(key({"a"}, {"b"}), key({"a", "b"}, {}));
  EXPECT_NE(key({"a"}, {}), key({}, {"a"}));
  EXPECT_NE(key({"a|1:b"}, {}), key({"a"}, {"b"}));
  EXPECT_NE(key({"a1:b"}, {}), key({"a", "b"}, {}));
  EXPECT_NE(key({"*"}, {}), key({}, {"*"}));
  EXPECT_EQ(key({"b", "a"}, {"*", "c"}), key({"a", "b", "a"}, {"*"}));
  EXPECT_EQ(key({"t/{x}", "t/1"}, {}), key({"t/{x}"}, {})) << "the template matches it already";
  EXPECT_NE(key({"t/{x}", "t/{x}/y"}, {}), key({"t/{x}"}, {}));
  EXPECT_NE(key({"t/{x}", "t/1/y"}, {}), key({"t/{x}"}, {}));
}

TEST(Selectors, GrantsForTheHubsOwnTopicsMatterOnlyToThoseWhoMaySelectThem) {
  const Strings grants = {"/.well-known/mercure/subscriptions{/topic}{/subscriber}", "users/1"};
  for (const char* selector :
       {"a", "https://example.com/{id}", "/.well-known/mercurial", "/.well-known/mercurial/{id}"}) {
    EXPECT_EQ(relevant_grants(compiled({selector}), grants), Strings{"users/1"}) << selector;
  }
  for (const char* selector : {"*", "/.well-known/mercure/subscriptions/a/b", "{+any}", "/.well-known/{+rest}",
                               "/.well-known/mercure/subscriptions/{topic}/{subscriber}"}) {
    EXPECT_EQ(relevant_grants(compiled({selector}), grants), grants) << selector;
  }
}

TEST(Selectors, ATemplateIsCompiledOnceForAsLongAsAnybodyUsesIt) {
  SelectorCompiler compiler(1 << 20);
  {
    const auto one = compiler.compile({"t/{x}"});
    const std::size_t bytes = compiler.memory_bytes();
    EXPECT_GT(bytes, 0u);
    const auto other = compiler.compile({"a", "t/{x}"});
    EXPECT_EQ(one->templates()[0], other->templates()[0]);
    EXPECT_EQ(compiler.memory_bytes(), bytes);
  }
  EXPECT_EQ(compiler.memory_bytes(), 0u);
}

TEST(Selectors, TemplatesBeyondTheBoundAreRefusedUntilOthersGo) {
  SelectorCompiler compiler(CompiledTemplate::kBytesFixed * 3);
  auto first = compiler.compile({"t/{x}"});
  ASSERT_TRUE(first);
  const auto second = compiler.compile({"t/{y}"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().failure, SelectorFailure::kOverBudget);
  EXPECT_TRUE(compiler.compile({"t/{x}", "exact"}));
  first = SelectorSet();
  EXPECT_TRUE(compiler.compile({"t/{y}"}));
}

TEST(Selectors, TheCompilerForgetsWhatNobodyUsesAndItsTemplatesMayOutliveIt) {
  std::expected<SelectorSet, SelectorError> kept = SelectorSet();
  {
    SelectorCompiler compiler(1 << 30);
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(compiler.compile({"t" + std::to_string(i) + "/{x}"}));
    EXPECT_EQ(compiler.memory_bytes(), 0u);
    kept = compiler.compile({"t7/{x}"});
  }
  EXPECT_TRUE(kept->matches("t7/1"));
}

TEST(Selectors, ATextThatIsNoTemplateSelectsItselfAlone) {
  SelectorCompiler compiler(1);
  for (const char* text : {"{", "t/{a", "t/{a}}", "{a:0}", "{|a}"}) {
    const auto set = compiler.compile({text});
    ASSERT_TRUE(set) << text;
    EXPECT_TRUE(set->templates().empty()) << text;
    EXPECT_TRUE(set->matches(text)) << text;
  }
}

}  // namespace
}  // namespace fanfare
