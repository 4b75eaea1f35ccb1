// Damage on the disk is told with the file's name, and what stands before it is served; garbage never.
#include <gtest/gtest.h>

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <filesystem>

#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/inspection.h"
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
  struct Served {
    std::size_t updates = 0;  // from the first on, none left out
    Position after = kBeforeAll;
    std::string told;  // the error that ended it
  };
  static Served read_until_it_fails(EventLog& log) {
    Served served;
    while (true) {
      const auto result = read_once(log, {served.after, kEnd, std::make_shared<TopicFilter>(""), 64 << 10, 100});
      if (!result) {
        served.told = result.error().message;
        return served;
      }
      if (result->read_through == served.after) return served;
      for (const auto& logged : result->updates) {
        EXPECT_EQ(number_of(*logged), static_cast<int>(served.updates));
        ++served.updates;
      }
      served.after = result->read_through;
    }
  }
  // The files of the table of updates, in the order of the log.
  std::vector<rocksdb::LiveFileMetaData> files_of_updates() const {
    const auto database = Database::open(options_, Database::Access::kReadOnly).value();
    std::vector<rocksdb::LiveFileMetaData> files;
    database->db().GetLiveFilesMetaData(&files);
    std::erase_if(files, [](const auto& file) { return file.column_family_name != "updates"; });
    std::ranges::sort(files, {}, &rocksdb::LiveFileMetaData::smallestkey);
    return files;
  }
  std::string file(const std::string& extension) const { return largest_file(directory_.path(), extension); }

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
  const auto [served, after, told] = read_until_it_fails(*log);
  EXPECT_GT(served, 300u);
  EXPECT_LT(served, 700u);
  EXPECT_NE(told.find("after position " + std::to_string(after)), std::string::npos) << told;
  EXPECT_NE(told.find(std::filesystem::path(table).filename()), std::string::npos) << told;
  const auto beyond = read_once(*log, {all[900].position, kEnd, std::make_shared<TopicFilter>(""), 64 << 10, 100});
  EXPECT_EQ(number_of(*beyond.value().updates.front()), 901) << "what stands behind it can be asked for";
}

TEST_F(DamageTest, InTheFirstBlockOfAFileDoesNotEndTheLog) {
  const auto all = fill(20'000);
  ASSERT_TRUE(compact_log(directory_.path()));
  append(*open_rocksdb_log(options_).value(), make_update("20000 x", {}, "0")).value();
  const auto files = files_of_updates();
  ASSERT_GE(files.size(), 3u);
  damage(directory_.path() + "/" + files[1].relative_filename, 0);
  const auto log = open_rocksdb_log(options_).value();
  const auto [served, after, told] = read_until_it_fails(*log);
  EXPECT_EQ(after, stored::read_position_key(files[0].largestkey));
  EXPECT_EQ(after, all[served - 1].position);
  EXPECT_NE(told.find(files[1].relative_filename + " offset 0"), std::string::npos) << told;
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
