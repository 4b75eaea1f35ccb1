// Rules of topics in the durable log, and its reads of the state and by time, wherever an update stands.
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "fanfare/history_rocksdb/test_log.h"

namespace fanfare {
namespace {

using Strings = std::vector<std::string>;

// Topics that begin with "volatile" are in memory only; those with "short" live a minute.
class TestRules final : public TopicRules {
 public:
  std::span<const TopicRule> rules() const override { return rules_; }
  std::size_t rule_of(std::string_view topic) const override {
    return topic.starts_with("volatile") ? 1 : topic.starts_with("short") ? 2 : 0;
  }

 private:
  const std::array<TopicRule, 3> rules_{TopicRule{}, TopicRule{.durable = false}, TopicRule{.age_ms_max = 60'000}};
};

// Topics that begin so.
class PrefixFilter final : public UpdateFilter {
 public:
  explicit PrefixFilter(std::string prefix) : prefix_(std::move(prefix)) {}
  bool wants(const Update& update) const override {
    return !update.is_private && std::ranges::any_of(update.topics, [this](const auto& t) { return selects(t); });
  }
  bool selects(std::string_view topic) const override { return topic.starts_with(prefix_); }

 private:
  const std::string prefix_;
};

class TopicRulesTest : public testing::Test, protected LogOnTestClock {
 protected:
  TopicRulesTest() { options_.topic_rules = std::make_shared<TestRules>(); }
  Appended add(const std::string& data, const std::string& topic, std::string id = {}) {
    return append(log(), make_update(data, std::move(id), topic)).value();
  }
  Strings held() { return data_of(read_all(log())); }
  Strings state(Position as_of, const std::string& prefix) {
    return data_of(read_once(log(), {.after = kBeforeAll,
                                     .through = as_of,
                                     .filter = std::make_shared<PrefixFilter>(prefix),
                                     .bytes_max = 1 << 20,
                                     .scan_updates_max = 1'000,
                                     .state_as_of = as_of})
                       .value()
                       .updates);
  }
  FindResult find_time(std::uint64_t unix_ms) {
    std::promise<Result<FindResult>> promise;
    auto future = promise.get_future();
    log().find_time(unix_ms, [&](Result<FindResult> result) { promise.set_value(std::move(result)); });
    return future.get().value();
  }
};

TEST_F(TopicRulesTest, TopicsThatAreNotDurableAreReadInOrderWithTheOthersAndGoneAfterARestart) {
  add("1", "kept");
  const Appended in_memory = add("2", "volatile/a", "mine");
  add("3", "kept");
  Update both = make_update("4", {}, "volatile/a");
  both.topics.push_back("kept");
  append(log(), both).value();
  EXPECT_EQ(held(), (Strings{"1", "2", "3", "4"}));
  EXPECT_EQ(find(log(), "mine").position, in_memory.position);
  reopen();
  EXPECT_EQ(held(), (Strings{"1", "3", "4"}));
  EXPECT_EQ(find(log(), "mine").status, FindStatus::kUnknown);
  EXPECT_GT(add("5", "volatile/a").position, in_memory.position) << "a position is never given twice";
}

TEST_F(TopicRulesTest, TransientUpdatesAreNotStoredWhateverTheRuleOfTheirTopic) {
  Update passing = make_update("1", {}, "kept");
  passing.is_transient = true;
  const Appended transient = append(log(), passing).value();
  EXPECT_EQ(held(), Strings{"1"});
  reopen();
  EXPECT_EQ(held(), Strings{});
  const FindResult found = find(log(), transient.id);
  EXPECT_EQ(found.status, FindStatus::kHeld) << "who saw it last can go on from there";
  add("2", "kept");
  EXPECT_EQ(data_of(read(log(), found.position).updates), Strings{"2"});
}

TEST_F(TopicRulesTest, ManyAtOnceMayBeDurableOnlyInPart) {
  append_all(log(), {make_update("1", {}, "kept"), make_update("2", {}, "volatile/a"), make_update("3", {}, "kept")})
      .value();
  EXPECT_EQ(held(), (Strings{"1", "2", "3"}));
  reopen();
  EXPECT_EQ(held(), (Strings{"1", "3"}));
}

TEST_F(TopicRulesTest, WhatMemoryNoLongerHoldsOfThemIsAHoleAndNoGap) {
  options_.tail_bytes_max = 0;  // the newest only
  const Position first = add("1", "kept").position;
  add("2", "volatile/a");
  add("3", "kept");
  const ReadResult result = read(log(), first);
  EXPECT_FALSE(result.gap);
  EXPECT_EQ(data_of(result.updates), Strings{"3"});
}

TEST_F(TopicRulesTest, AnAgeOfATopicIsKeptAtOnceForReaders) {
  add("1", "short/a");
  add("2", "kept");
  Update both = make_update("3", {}, "short/a");
  both.topics.push_back("kept");
  append(log(), both).value();
  now_ms_ += 60'001;
  add("4", "short/a");
  for (int i = 0; i < 1'000 && held().size() > 3; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(held(), (Strings{"2", "3", "4"}));
}

TEST_F(TopicRulesTest, TheStateIsTheNewestWantedOfEachTopicOnDiskAndInMemory) {
  options_.tail_bytes_max = 900;  // two or three updates
  add("1", "p/1");
  add("2", "p/2");
  add("3", "p/1");
  add("4", "volatile/p");
  add("5", "q");
  const Position as_of = add("6", "p/3").position;
  Update secret = make_update("7", {}, "p/3");
  secret.is_private = true;
  const Position end = append(log(), secret).value().position;
  add("8", "p/2");
  EXPECT_EQ(state(as_of, "p/"), (Strings{"2", "3", "6"}));
  EXPECT_EQ(state(end, "p/"), (Strings{"2", "3", "6"})) << "who may not see the newest has the one before";
  reopen();
  EXPECT_EQ(state(end, "p/"), (Strings{"2", "3", "6"}));
}

TEST_F(TopicRulesTest, ATimeIsFoundOnDiskAndInMemory) {
  std::vector<Position> positions;
  for (int i = 0; i < 100; ++i) {
    now_ms_ += 1'000;
    positions.push_back(add(std::to_string(i), i % 3 == 0 ? "kept" : "other").position);
  }
  for (int round = 0; round < 2; ++round) {
    for (const std::size_t i : {0u, 1u, 50u, 99u}) {
      EXPECT_EQ(find_time(1'001'001 + 1'000 * i).position, positions[i]);
      EXPECT_EQ(find_time(1'001'000 + 1'000 * i).position, i == 0 ? kBeginning : positions[i - 1]);
    }
    EXPECT_EQ(find_time(1).status, FindStatus::kHeld);
    reopen();
  }
}

}  // namespace
}  // namespace fanfare
