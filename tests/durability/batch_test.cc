// Updates that are appended at once are held whole or not at all: wherever a crash has cut the write-ahead log, and
// when the disk is full.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "fanfare/history_rocksdb/test_log.h"
#include "tests/durability/faulty_file_system.h"

namespace fanfare {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

constexpr int kCuts = 40;

// Longer than the blocks of 32 KiB that the write-ahead log is made of.
std::vector<Update> many() {
  std::vector<Update> updates;
  for (int number = 0; number < 500; ++number) {
    updates.push_back(make_update(std::to_string(number) + std::string(200, ' '), {}, std::to_string(number)));
  }
  return updates;
}

std::size_t held_after_a_cut(const RocksDbLogOptions& options, std::uintmax_t log_bytes) {
  const TestDirectory cut;
  fs::copy(options.directory, cut.path(), fs::copy_options::recursive);
  fs::resize_file(largest_file(cut.path(), ".log"), log_bytes);
  RocksDbLogOptions cut_options = options;
  cut_options.directory = cut.path();
  const auto log = open_rocksdb_log(cut_options);
  EXPECT_TRUE(log) << log.error().message;
  return log ? read_all(**log).size() : SIZE_MAX;
}

TEST(ManyAtOnce, AreHeldWholeOrNotAtAllWhereverACrashHasCutTheLog) {
  const TestDirectory directory;
  RocksDbLogOptions options;
  options.directory = directory.path();
  options.durability = Durability::kOs;
  const auto log = open_rocksdb_log(options).value();
  append(*log, make_update("before")).value();
  const std::uintmax_t before = fs::file_size(largest_file(options.directory, ".log"));
  append_all(*log, many()).value();
  const std::uintmax_t after = fs::file_size(largest_file(options.directory, ".log"));
  ASSERT_GT(after - before, 3u * 32 * 1024);
  for (std::uintmax_t cut = 0; cut < kCuts; ++cut) {
    EXPECT_EQ(held_after_a_cut(options, before + (after - before) * cut / kCuts), 1u) << cut;
  }
  EXPECT_EQ(held_after_a_cut(options, after - 1), 1u);
  EXPECT_EQ(held_after_a_cut(options, after), 501u);
}

// Topics that begin with "volatile" are not durable.
class VolatileRules final : public TopicRules {
 public:
  std::span<const TopicRule> rules() const override { return rules_; }
  std::size_t rule_of(std::string_view topic) const override { return topic.starts_with("volatile") ? 1 : 0; }

 private:
  const std::array<TopicRule, 2> rules_{TopicRule{}, TopicRule{.durable = false}};
};

TEST(ManyAtOnce, AreHeldWholeOrNotAtAllWhenTheDiskIsFull) {
  const TestDirectory directory;
  FaultyFileSystem files;
  RocksDbLogOptions options;
  options.directory = directory.path();
  options.env = files.env();
  options.topic_rules = std::make_shared<VolatileRules>();
  const auto log = open_rocksdb_log(options).value();
  append(*log, make_update("before")).value();
  files.set_space(FaultyFileSystem::Space::kNone);
  EXPECT_FALSE(
      append_all(*log, {make_update("1", {}, "volatile"), make_update("2"), make_update("3", {}, "volatile")}));
  EXPECT_TRUE(append_all(*log, {make_update("4", {}, "volatile"), make_update("5", {}, "volatile")}));
  EXPECT_EQ(data_of(read_all(*log)), (Strings{"before", "4", "5"}));
}

}  // namespace
}  // namespace fanfare
