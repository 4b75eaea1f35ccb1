// Reads by the index of topics: they find what reading everything finds, and cost what they find.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "fanfare/history_rocksdb/test_log.h"

namespace fanfare {
namespace {

class ExactFilter final : public UpdateFilter {
 public:
  enum class Named { kYes, kNo };
  ExactFilter(std::vector<std::string> topics, Named named) : topics_(std::move(topics)), named_(named) {}
  bool wants(const Update& update) const override {
    return !update.is_private && std::ranges::any_of(update.topics, [this](const std::string& topic) {
      return std::ranges::find(topics_, topic) != topics_.end();
    });
  }
  bool selects(std::string_view topic) const override { return std::ranges::find(topics_, topic) != topics_.end(); }
  std::optional<std::span<const std::string>> exact_topics() const override {
    if (named_ == Named::kNo) return std::nullopt;
    return topics_;
  }

 private:
  const std::vector<std::string> topics_;
  const Named named_;
};

std::shared_ptr<const UpdateFilter> by_index(std::vector<std::string> topics) {
  return std::make_shared<ExactFilter>(std::move(topics), ExactFilter::Named::kYes);
}
std::shared_ptr<const UpdateFilter> by_looking(std::vector<std::string> topics) {
  return std::make_shared<ExactFilter>(std::move(topics), ExactFilter::Named::kNo);
}

class TopicReadsTest : public testing::Test {
 protected:
  TopicReadsTest() { open(); }
  void open() {
    log_.reset();
    RocksDbLogOptions options;
    options.directory = directory_.path();
    options.durability = Durability::kOs;
    options.tail_bytes_max = 0;
    log_ = open_rocksdb_log(options).value();
  }
  void fill(unsigned count, std::mt19937& random) {
    std::vector<std::future<Result<Appended>>> answers;
    for (unsigned i = 0; i < count; ++i) {
      Update update = make_update(std::to_string(i));
      update.topics.clear();
      for (unsigned t = 0; t <= random() % 3; ++t) update.topics.push_back("topic " + std::to_string(random() % 20));
      update.is_private = random() % 8 == 0;
      answers.push_back(append_later(*log_, std::move(update)));
    }
    for (auto& answer : answers) positions_.push_back(answer.get().value().position);
  }
  EventLog& log() { return *log_; }

  std::vector<Position> positions_;

 private:
  const TestDirectory directory_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(TopicReadsTest, CostWhatTheyFindWhateverElseTheLogHolds) {
  std::vector<std::future<Result<Appended>>> answers;
  for (int i = 0; i < 20'000; ++i) {
    answers.push_back(append_later(log(), make_update("x", {}, i % 5'000 == 17 ? "rare" : "common")));
  }
  const Position last = answers.back().get().value().position;
  open();
  const ReadResult result = read_once(log(), {kBeforeAll, last, by_index({"rare", "none"}), 1 << 20, 10}).value();
  EXPECT_EQ(result.updates.size(), 4u);
  EXPECT_EQ(result.read_through, last);
}

TEST_F(TopicReadsTest, FindWhatReadingEverythingFinds) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int part = 0; part < 4; ++part) {  // some in tables on the disk, the newest not yet
    fill(500, random);
    if (part != 3) open();
  }
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> topics = {"none"};
    for (unsigned t = 0; t <= random() % 5; ++t) topics.push_back("topic " + std::to_string(random() % 20));
    std::ranges::sort(topics);
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    const Position after = positions_[random() % positions_.size()];
    const Position through = std::max(after, positions_[random() % positions_.size()]);
    const auto whole = read_once(log(), {after, through, by_looking(topics), 1 << 30, 1 << 30}).value();
    std::vector<LoggedUpdatePtr> found;
    for (Position at = after; at < through;) {
      const auto some = read_once(log(), {at, through, by_index(topics), random() % 300, 1 + random() % 50}).value();
      ASSERT_GT(some.read_through, at);
      at = some.read_through;
      found.insert(found.end(), some.updates.begin(), some.updates.end());
    }
    ASSERT_EQ(data_of(found), data_of(whole.updates));
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i]->position, whole.updates[i]->position);
  }
}

// Those that stand close together are read in another way than those that stand apart; one read does both, in turn.
TEST_F(TopicReadsTest, GoOnWhereUpdatesStandCloseAndApartInTurn) {
  std::vector<std::future<Result<Appended>>> answers;
  std::vector<std::string> wanted;
  for (int i = 0; i < 600; ++i) {
    const bool apart = i / 100 % 2 == 1;
    for (int other = 0; apart && other < 20; ++other) answers.push_back(append_later(log(), make_update("-", {}, "o")));
    wanted.push_back(std::to_string(i));
    answers.push_back(append_later(log(), make_update(wanted.back(), {}, "t")));
  }
  const Position last = answers.back().get().value().position;
  open();
  const ReadResult result = read_once(log(), {kBeforeAll, last, by_index({"t"}), 1 << 20, 1 << 20}).value();
  EXPECT_EQ(data_of(result.updates), wanted);
}

TEST_F(TopicReadsTest, OfNoTopicFindNothing) {
  const Position one = append(log(), make_update("1")).value().position;
  const ReadResult result = read_once(log(), {kBeforeAll, one, by_index({}), 1 << 20, 10}).value();
  EXPECT_TRUE(result.updates.empty());
  EXPECT_EQ(result.read_through, one);
}

}  // namespace
}  // namespace fanfare
