// The log stays within its bounds, gives the disk back, and tells gaps from holes.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "fanfare/history_rocksdb/test_log.h"

namespace fanfare {
namespace {

class RetentionTest : public testing::Test, protected LogOnTestClock {
 protected:
  RetentionTest() { options_.tail_bytes_max = 0; }
  std::vector<Appended> fill(std::size_t count, std::size_t topics = 1, const std::string& padding = {}) {
    std::vector<std::future<Result<Appended>>> answers;
    for (std::size_t i = 0; i < count; ++i) {
      answers.push_back(append_later(
          log(), make_update(std::to_string(i) + padding, "id " + std::to_string(i), std::to_string(i % topics))));
    }
    std::vector<Appended> all;
    for (auto& answer : answers) all.push_back(answer.get().value());
    return all;
  }
  std::size_t held() { return read_all(log()).size(); }
  template <typename Condition>
  bool comes_true(Condition condition) {
    for (int i = 0; i < 1'000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::uintmax_t disk_bytes() const {
    std::uintmax_t bytes = 0;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(options_.directory)) {
      if (entry.path().extension() == ".sst") bytes += std::min<std::uintmax_t>(entry.file_size(gone), 1ull << 40);
    }
    return bytes;
  }
};

TEST_F(RetentionTest, KeepsTheNewestOfSoManyAlsoAfterARestart) {
  options_.retention.updates_max = 100;
  const auto all = fill(1'000);
  ASSERT_TRUE(comes_true([&] { return held() == 100; })) << held();
  EXPECT_EQ(read_all(log()).front()->position, all[900].position);
  reopen();
  fill(10);
  ASSERT_TRUE(comes_true([&] { return held() == 100; })) << held();
  EXPECT_EQ(read_all(log()).front()->position, all[910].position);
}

TEST_F(RetentionTest, AReaderThatMissesWhatWasTrimmedHearsOfAGapAndNobodyElse) {
  options_.retention.updates_max = 100;
  const auto all = fill(1'000);
  ASSERT_TRUE(comes_true([&] { return held() == 100; }));
  EXPECT_TRUE(read(log(), all[898].position).gap);
  EXPECT_FALSE(read(log(), all[899].position).gap);
  EXPECT_FALSE(read(log(), kBeforeAll).gap);
  EXPECT_EQ(find(log(), "id 898").status, FindStatus::kUnknown);
  EXPECT_EQ(find(log(), "id 900").status, FindStatus::kHeld);
  reopen();
  EXPECT_TRUE(read(log(), all[898].position).gap) << "also when it is opened again";
  EXPECT_EQ(read_all(log()).size(), 100u);
}

TEST_F(RetentionTest, UpdatesGoWhenTheyAreTooOld) {
  options_.retention.age_ms_max = 10'000;
  fill(500);
  now_ms_ += 6'000;
  const auto young = fill(500);
  EXPECT_EQ(held(), 1'000u);
  now_ms_ += 6'000;
  ASSERT_TRUE(comes_true([&] { return held() == 500; })) << held();
  EXPECT_EQ(read_all(log()).front()->position, young.front().position);
  now_ms_ += 6'000;
  ASSERT_TRUE(comes_true([&] { return held() == 0; })) << held();
  const Position next = fill(1).front().position;
  EXPECT_GT(next, young.back().position);
  EXPECT_EQ(held(), 1u);
}

TEST_F(RetentionTest, AClockThatIsSetBackTrimsNothingEarly) {
  options_.retention.age_ms_max = 10'000;
  fill(10);
  now_ms_ -= 900'000;
  const auto more = fill(10);
  now_ms_ += 905'000;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(held(), 20u);
  now_ms_ += 6'000;
  EXPECT_TRUE(comes_true([&] { return held() == 0; })) << held();
}

TEST_F(RetentionTest, TheDiskIsGivenBack) {
  options_.retention.bytes_max = 4 << 20;
  const std::string padding(1'000, 'x');
  std::string noise = padding;
  std::uint32_t state = 1;
  for (int round = 0; round < 30; ++round) {
    for (char& c : noise) c = static_cast<char>('a' + (state = state * 1'664'525 + 1'013'904'223) % 26);
    fill(1'000, 10, noise);
  }
  EXPECT_TRUE(comes_true([&] { return disk_bytes() <= options_.retention.bytes_max * 5 / 4; })) << disk_bytes();
  const std::size_t kept = held();
  EXPECT_GE(kept, 1'000u) << "the newest table stays";
  EXPECT_LT(kept, 30'000u);
}

TEST_F(RetentionTest, ATopicKeepsItsNewestAndTheHolesAreNoGap) {
  options_.topic_rules = std::make_shared<OneTopicRule>(TopicRule{.updates_max = 2});
  const auto all = fill(30'000, 100);
  // Up to 10,000 new ones may wait for the next time that the tables are gone through.
  ASSERT_TRUE(comes_true([&] { return held() < 12'000; })) << held();
  const auto left = read_all(log());
  std::set<Position> positions;
  for (const auto& logged : left) positions.insert(logged->position);
  for (std::size_t i = 29'800; i < 30'000; ++i) EXPECT_TRUE(positions.contains(all[i].position)) << i;
  EXPECT_FALSE(read(log(), all[0].position).gap);
  EXPECT_EQ(find(log(), "id 5").status, FindStatus::kHeld)
      << "all that follows it is held, but for holes made on purpose";
}

}  // namespace
}  // namespace fanfare
