// Damage on the disk is told with the file's name, and what stands before it is served; garbage never.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/durability/acknowledged.h"

namespace fanfare {
namespace {

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    options_.directory = directory_.path();
    options_.durability = Durability::kOs;
    options_.tail_bytes_max = 0;
  }
  std::vector<Appended> fill(int count) {
    options_.directory = running_.path();
    const auto log = open_rocksdb_log(options_).value();
    std::vector<Appended> all;
    for (int i = 0; i < count; ++i) {
      std::string noise;
      for (int k = 0; k < 100; ++k) noise += std::to_string(i * 7'919 * k % 1'000);
      all.push_back(append(*log, make_update(std::to_string(i) + " " + noise, {}, "0")).value());
    }
    // As a crash leaves it: what is written is in the write-ahead log.
    options_.directory = directory_.path();
    std::filesystem::copy(running_.path(), directory_.path(), std::filesystem::copy_options::recursive);
    return all;
  }
  // The largest file with this ending.
  std::string file(const std::string& extension) const {
    std::filesystem::path largest;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().extension() != extension) continue;
      if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
    }
    EXPECT_FALSE(largest.empty()) << extension;
    return largest;
  }
  static void damage(const std::string& path, double where) {
    std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(static_cast<double>(std::filesystem::file_size(path)) * where);
    bytes.seekg(at);
    const int old = bytes.get();
    bytes.seekp(at);
    bytes.put(static_cast<char>(old ^ 0x55));
  }

  const TestDirectory running_;
  const TestDirectory directory_;
  RocksDbLogOptions options_;
};

TEST_F(DamageTest, InATableIsToldWithItsPlaceAndWhatStandsBeforeItIsServed) {
  const auto all = fill(1'000);
  ASSERT_TRUE(open_rocksdb_log(options_));  // what was in the write-ahead log is a table now
  const std::string table = file(".sst");
  damage(table, 0.5);
  const auto log = open_rocksdb_log(options_).value();
  Position after = kBeforeAll;
  std::size_t served = 0;
  std::string told;
  while (told.empty() && after < all.back().position) {
    auto result = read_once(*log, {after, kEnd, std::make_shared<TopicFilter>(""), 64 << 10, 100});
    if (!result) {
      told = result.error().message;
      break;
    }
    for (const auto& logged : result->updates) ASSERT_EQ(number_of(*logged), static_cast<int>(served++));
    after = result->read_through;
  }
  EXPECT_GT(served, 300u);
  EXPECT_LT(served, 700u);
  EXPECT_NE(told.find("after position " + std::to_string(after)), std::string::npos) << told;
  EXPECT_NE(told.find(std::filesystem::path(table).filename()), std::string::npos) << told;
  const auto beyond = read_once(*log, {all[900].position, kEnd, std::make_shared<TopicFilter>(""), 64 << 10, 100});
  EXPECT_EQ(number_of(*beyond.value().updates.front()), 901) << "what stands behind it can be asked for";
}

TEST_F(DamageTest, OfATableCutShortIsToldWithItsName) {
  fill(1'000);
  ASSERT_TRUE(open_rocksdb_log(options_));
  const std::string table = file(".sst");
  std::filesystem::resize_file(table, std::filesystem::file_size(table) / 2);
  const auto log = open_rocksdb_log(options_);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().message.find(std::filesystem::path(table).filename()), std::string::npos)
      << log.error().message;
}

TEST_F(DamageTest, InTheMiddleOfTheWriteAheadLogIsAnErrorAndLosesNothingSilently) {
  fill(1'000);
  const std::string ahead = file(".log");
  damage(ahead, 0.5);
  const auto log = open_rocksdb_log(options_);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().message.find(std::filesystem::path(ahead).filename()), std::string::npos)
      << log.error().message;
}

TEST_F(DamageTest, ALastWriteCutShortByACrashIsNoDamage) {
  const auto all = fill(1'000);
  const std::string ahead = file(".log");
  std::filesystem::resize_file(ahead, std::filesystem::file_size(ahead) - 7);
  const auto log = open_rocksdb_log(options_);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(read_all(**log).size(), all.size() - 1);
}

}  // namespace
}  // namespace fanfare
