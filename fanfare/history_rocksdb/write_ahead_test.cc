// Real files of RocksDB's write-ahead log, cut at every byte and changed at every byte.
#include "fanfare/history_rocksdb/write_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fanfare/history_rocksdb/directory.h"
#include "fanfare/history_rocksdb/test_log.h"

namespace fanfare {
namespace {

// Records of these sizes, more or less, in one file.
std::string file_of(const std::vector<std::size_t>& sizes) {
  const TestDirectory directory;
  RocksDbLogOptions options;
  options.directory = directory.path();
  options.durability = Durability::kOs;
  const auto log = open_rocksdb_log(options).value();
  for (const std::size_t size : sizes) append(*log, make_update(std::string(size, 'x'))).value();
  std::ifstream file(largest_file(directory.path(), ".log"), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Where records end, found by cutting.
std::vector<std::uint64_t> ends_of(const std::string& bytes) {
  std::vector<std::uint64_t> ends;
  for (std::size_t end = 0; end <= bytes.size(); ++end) {
    const std::string cut = bytes.substr(0, end);
    if (whole_extent(cut).what.empty()) ends.push_back(end);
  }
  return ends;
}

TEST(WriteAhead, RecordsOfAllSizesAreWhole) {
  const std::string bytes = file_of({0, 10, 1'000, 32'700, 40'000, 7, 100'000, 5});
  const WriteAheadExtent extent = whole_extent(bytes);
  EXPECT_EQ(extent.what, "");
  EXPECT_EQ(extent.whole_bytes, bytes.size());
}

TEST(WriteAhead, WhereverItIsCutThatIsACrashsDoing) {
  const std::string bytes = file_of({10, 100, 500});
  std::uint64_t whole = 0;
  for (std::size_t end = 0; end < bytes.size(); ++end) {
    const std::string cut = bytes.substr(0, end);
    const WriteAheadExtent extent = whole_extent(cut);
    EXPECT_TRUE(extent.what.empty() || extent.is_cut_short) << end;
    EXPECT_GE(extent.whole_bytes, whole);
    EXPECT_LE(extent.whole_bytes, end);
    whole = extent.whole_bytes;
  }
  EXPECT_EQ(ends_of(bytes).size(), 6u) << "the beginning, two records of meta, three updates";
}

TEST(WriteAhead, AFileThatGrewWithoutBeingWrittenIsCutShort) {
  const std::string bytes = file_of({10});
  const WriteAheadExtent extent = whole_extent(bytes + std::string(70'000, '\0'));
  EXPECT_TRUE(extent.is_cut_short);
  EXPECT_EQ(extent.whole_bytes, bytes.size());
}

TEST(WriteAhead, EveryChangedByteIsNoticedAndIsNotTakenForACrashUnlessNothingFollows) {
  const std::string bytes = file_of({10, 100, 33'000, 100, 10});
  const auto ends = ends_of(bytes);
  const std::uint64_t last_begins = ends[ends.size() - 2];
  for (std::size_t at = 0; at < bytes.size(); at += at > 500 && at < 33'000 ? 97 : 1) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    const WriteAheadExtent extent = whole_extent(changed);
    ASSERT_NE(extent.what, "") << at;
    EXPECT_LE(extent.whole_bytes, at);
    EXPECT_EQ(std::ranges::upper_bound(ends, extent.whole_bytes), std::ranges::upper_bound(ends, at)) << at;
    EXPECT_FALSE(at < last_begins && extent.is_cut_short) << at;
  }
}

TEST(WriteAhead, AFileCutShortIsDamageOnlyIfTheNextDoesNotGoOnThere) {
  const std::string bytes = file_of({10, 100, 50, 70});
  const auto ends = ends_of(bytes);
  const TestDirectory directory;
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(directory.path() + "/" + name, std::ios::binary) << text;
  };
  write("000004.log", bytes.substr(0, ends[3] + 9));
  EXPECT_FALSE(find_write_ahead_damage(directory.path()).value()) << "as a crash leaves it";
  write("000007.log", "");
  EXPECT_FALSE(find_write_ahead_damage(directory.path()).value()) << "and the next opening";
  write("000007.log", bytes.substr(ends[3]));
  EXPECT_FALSE(find_write_ahead_damage(directory.path()).value()) << "nothing is missing";
  write("000007.log", bytes.substr(ends[4]));
  const auto damage = find_write_ahead_damage(directory.path()).value();
  ASSERT_TRUE(damage);
  EXPECT_EQ(damage->file, "000004.log");
  EXPECT_EQ(damage->offset, ends[3]);
}

TEST(WriteAhead, CuttingLeavesWhatIsBeforeAndCanBeDoneAgain) {
  const TestDirectory directory;
  for (const char* name : {"000004.log", "000009.log", "000010.log", "LOG.log", "12.sst"}) {
    std::ofstream(directory.path() + "/" + name) << "0123456789";
  }
  EXPECT_EQ(write_ahead_files(directory.path()), (std::vector<std::string>{"000004.log", "000009.log", "000010.log"}));
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(cut_write_ahead(directory.path(), {"000009.log", 4, ""}));
    EXPECT_EQ(write_ahead_files(directory.path()), (std::vector<std::string>{"000004.log", "000009.log"}));
    EXPECT_EQ(std::filesystem::file_size(directory.path() + "/000004.log"), 10u);
    EXPECT_EQ(std::filesystem::file_size(directory.path() + "/000009.log"), 4u);
  }
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/LOG.log"));
}

}  // namespace
}  // namespace fanfare
