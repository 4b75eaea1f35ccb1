// The topic index and the template index within it, against a model that asks every audience for itself.
#include "fanfare/hub/topic_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "fanfare/hub/audience.h"
#include "testing/delays.h"
#include "testing/history_model.h"

namespace fanfare {
namespace {

class TopicIndexTest : public testing::Test {
 protected:
  void open(std::size_t cache_bytes_max = 1 << 20) {
    Limits limits;
    limits.topic_cache_bytes_max = cache_bytes_max;
    index_ = std::make_unique<TopicIndex>(limits, work_);
  }
  Audience& add(std::vector<std::string> selectors) {
    selectors = canonical_selectors(std::move(selectors));
    auto filter = std::make_shared<const AudienceFilter>(compiler_.compile(selectors).value(), SelectorSet());
    auto audience = std::make_unique<Audience>(std::to_string(next_++), std::move(filter), holdings_);
    index_->add(*audience);
    selectors_[audience.get()] = selectors;
    return *audiences_.emplace_back(std::move(audience));
  }
  void remove(std::size_t i) {
    index_->remove(*audiences_[i]);
    selectors_.erase(audiences_[i].get());
    audiences_.erase(audiences_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::set<const Audience*> match(std::string_view topic) {
    std::vector<std::span<const TopicIndex::Entry>> lists;
    index_->match(topic, lists);
    std::set<const Audience*> found;
    for (const auto& list : lists) {
      for (const auto& entry : list) found.insert(entry.audience);
    }
    return found;
  }
  std::set<const Audience*> expected(std::string_view topic) const {
    std::set<const Audience*> found;
    for (const auto& [audience, selectors] : selectors_) {
      const auto selects = [&](const auto& selector) { return simulation::selects(selector, topic); };
      if (std::ranges::any_of(selectors, selects)) found.insert(audience);
    }
    return found;
  }

  simulation::DelayedWork work_;
  Holdings holdings_;
  SelectorCompiler compiler_{1 << 30};
  std::unique_ptr<TopicIndex> index_;
  std::vector<std::unique_ptr<Audience>> audiences_;
  std::map<const Audience*, std::vector<std::string>> selectors_;
  int next_ = 0;
};

TEST_F(TopicIndexTest, FindsByAnyByTextAndByTemplate) {
  open();
  const Audience& any = add({"*"});
  const Audience& text = add({"a", "t/1"});
  const Audience& pattern = add({"t/{x}"});
  using Set = std::set<const Audience*>;
  EXPECT_EQ(match("a"), (Set{&any, &text}));
  EXPECT_EQ(match("t/1"), (Set{&any, &text, &pattern}));
  EXPECT_EQ(match("t/{x}"), (Set{&any, &pattern}));
  EXPECT_EQ(match("elsewhere"), Set{&any});
}

TEST_F(TopicIndexTest, ManyTemplatesAreFoundBeforeWhileAndAfterAnAutomatonIsBuilt) {
  open();
  for (int i = 0; i < 100; ++i) add({"n" + std::to_string(i) + "/{id}"});
  ASSERT_EQ(work_.waiting(), 1u);
  for (int stage = 0; stage < 4; ++stage) {
    for (const char* topic : {"n7/1", "n99/", "n7", "x/1"}) EXPECT_EQ(match(topic), expected(topic)) << stage;
    work_.step();
  }
}

TEST_F(TopicIndexTest, ATemplateThatWentWhileTheAutomatonWasBuiltIsFoundNoMore) {
  open();
  for (int i = 0; i < 40; ++i) add({"n" + std::to_string(i) + "/{id}"});
  remove(7);
  work_.finish_all();
  EXPECT_EQ(match("n7/1").size(), 0u);
  const Audience& again = add({"n7/{id}"});
  EXPECT_EQ(match("n7/1"), std::set<const Audience*>{&again});
  EXPECT_EQ(match("n8/1").size(), 1u);
}

TEST_F(TopicIndexTest, AnAutomatonThatComesTooLateFindsNobodyAndDoesNothing) {
  open();
  for (int i = 0; i < 40; ++i) add({"n" + std::to_string(i) + "/{id}"});
  ASSERT_EQ(work_.waiting(), 1u);
  while (!audiences_.empty()) remove(0);
  index_.reset();
  work_.finish_all();
}

TEST_F(TopicIndexTest, WhenAllTemplatesHaveGoneNothingIsFound) {
  open();
  for (int i = 0; i < 80; ++i) add({"n" + std::to_string(i) + "/{id}"});
  work_.finish_all();
  while (!audiences_.empty()) remove(audiences_.size() - 1);
  work_.finish_all();
  EXPECT_EQ(match("n7/1").size(), 0u);
  EXPECT_EQ(compiler_.memory_bytes(), 0u) << "the automaton keeps templates that nobody uses";
}

// The building is delayed arbitrarily; topics repeat, so that the cache answers too, from nothing to plenty of it.
TEST_F(TopicIndexTest, ARandomWalkFindsWhatEveryAudienceWouldSayForItself) {
  for (const std::size_t cache_bytes_max : {0u, 600u, 1u << 20}) {
    open(cache_bytes_max);
    std::mt19937 random(static_cast<unsigned>(cache_bytes_max) + 3);
    for (int step = 0; step < 4'000; ++step) {
      const auto number = [&](unsigned n) { return std::to_string(random() % n); };
      const bool growing = step % 2'000 < 1'200;
      if (random() % 3 == 0) {
        if (random() % 10 < (growing ? 7 : 3)) {
          add({"n" + number(150) + "/{id}", random() % 4 == 0 ? "*" : "n" + number(20) + "/" + number(4)});
        } else if (!audiences_.empty()) {
          remove(random() % audiences_.size());
        }
      }
      if (random() % 20 == 0) work_.step();
      const std::string topic = "n" + number(150) + "/" + number(4);
      ASSERT_EQ(match(topic), expected(topic)) << topic << " at step " << step;
    }
    while (!audiences_.empty()) remove(random() % audiences_.size());
    index_.reset();
    work_.finish_all();
  }
}

}  // namespace
}  // namespace fanfare
