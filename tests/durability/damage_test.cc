// Damage on the disk is told with the file's name, and what stands before it is served; garbage never.
#include <gtest/gtest.h>

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/directory.h"
#include "fanfare/history_rocksdb/inspection.h"
#include "fanfare/history_rocksdb/repair.h"
#include "fanfare/history_rocksdb/write_ahead.h"
#include "fanfare/observe/log.h"
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
      for (std::uint64_t k = 0; k < 100; ++k) {
        noise += std::to_string(static_cast<std::uint64_t>(i) * 7'919 * k % 1'000);
      }
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
  // In the order of their keys: those of updates in the order of the log.
  std::vector<rocksdb::LiveFileMetaData> files_of_updates() const { return files_of("updates"); }
  std::vector<rocksdb::LiveFileMetaData> files_of(const std::string& table) const {
    const auto database = Database::open(options_, Database::Access::kReadOnly).value();
    std::vector<rocksdb::LiveFileMetaData> files;
    database->db().GetLiveFilesMetaData(&files);
    std::erase_if(files, [&](const auto& file) { return file.column_family_name != table; });
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

TEST_F(DamageTest, ALastWriteCutShortByACrashIsNoDamage) {
  const auto all = fill(1'000);
  const std::string ahead = file(".log");
  std::filesystem::resize_file(ahead, std::filesystem::file_size(ahead) - 7);
  const auto log = open_rocksdb_log(options_);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(read_all(**log).size(), all.size() - 1);
}

// A log that was opened although it is damaged, and opened once more.
class RepairTest : public DamageTest {
 protected:
  struct Opened {
    std::vector<int> held;  // the numbers of the updates that are served
    std::string said;       // the lines of its log
  };
  // Checks what holds of every repair.
  Opened expect_repaired(const std::vector<Appended>& all, const std::string& damaged_file) {
    std::ostringstream said;
    Log to(LogFormat::kJson, LogLevel::kWarning, said);
    options_.log = &to;
    Opened opened;
    {
      auto may_be_log = open_rocksdb_log(options_);
      EXPECT_TRUE(may_be_log) << may_be_log.error().message;
      if (!may_be_log) return opened;
      const auto log = std::move(*may_be_log);
      for (const auto& logged : read_all(*log)) opened.held.push_back(number_of(*logged));
      opened.said = said.str();
      EXPECT_TRUE(is_said(opened, "\"event\":\"event_log_damaged\",\"where\":\"" + damaged_file)) << opened.said;
      const std::size_t before = count_before_the_loss(opened);
      const Position stands = before == 0 ? kBeginning : all[before - 1].position;
      if (opened.held.size() < all.size()) {
        const auto is_told_after = [&](Position position) {
          return is_said(opened, "_lost\",\"after_position\":" + std::to_string(position) + ",");
        };
        EXPECT_TRUE(is_told_after(stands) || is_told_after(all[before].position - 1)) << opened.said;
        EXPECT_EQ(find(*log, all[before].id).status, FindStatus::kDamaged) << "a lost one that a reader may have seen";
      }
      expect_told(*log, all, opened);
      const Appended next = append(*log, make_update(std::to_string(all.size()) + " x", {}, "0")).value();
      EXPECT_GT(next.position, all.back().position) << "a position is never given twice";
      EXPECT_EQ(find(*log, next.id).status, FindStatus::kHeld);
    }
    said.str("");
    const auto log = open_rocksdb_log(options_).value();
    EXPECT_EQ(said.str(), "") << "told once";
    EXPECT_EQ(read_all(*log).size(), opened.held.size() + 1);
    expect_told(*log, all, opened);
    options_.log = nullptr;
    const auto verified =
        verify_log(directory_.path(), TopicBounds::kNone, [](const std::string& problem) { ADD_FAILURE() << problem; });
    EXPECT_EQ(verified.value().updates, opened.held.size() + 1);
    return opened;
  }
  // Who resumes after the last update that stands before the loss hears of it, and goes on behind it.
  void expect_told(EventLog& log, const std::vector<Appended>& all, const Opened& opened) {
    const std::size_t before = count_before_the_loss(opened);
    if (before == 0) return;
    const bool is_lost = opened.held.size() < all.size();
    const FindResult found = find(log, all[before - 1].id);
    EXPECT_EQ(found.status, is_lost ? FindStatus::kDamaged : FindStatus::kHeld);
    EXPECT_EQ(found.position, all[before - 1].position);
    const ReadResult next = read(log, found.position);
    EXPECT_FALSE(next.gap);
    if (before == opened.held.size()) return;
    EXPECT_EQ(number_of(*next.updates.front()), opened.held[before]);
    EXPECT_EQ(find(log, all.back().id).status, FindStatus::kHeld);
  }
  static std::size_t count_before_the_loss(const Opened& opened) {
    std::size_t before = 0;
    while (before < opened.held.size() && opened.held[before] == static_cast<int>(before)) ++before;
    return before;
  }
  static bool is_said(const Opened& opened, const std::string& part) {
    return opened.said.find(part) != opened.said.npos;
  }
  std::string kept(const std::string& file) const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.is_directory() && std::filesystem::exists(entry.path() / file)) return entry.path() / file;
    }
    return {};
  }
  // Several files of updates below a newer one, as a log has them that has run for a while.
  std::vector<Appended> fill_tables() {
    auto all = fill(12'000);
    EXPECT_TRUE(compact_log(directory_.path()));
    for (const int more : {2, 1}) {  // the first become a table of their own, the last does not
      const auto log = open_rocksdb_log(options_).value();
      for (int i = 0; i < more; ++i) {
        all.push_back(append(*log, make_update(std::to_string(all.size()) + " x", {}, "0")).value());
      }
    }
    return all;
  }
  // Two files of the write-ahead log, as a crash in the middle of a flush leaves them.
  // step: as if others had come between them whose topics are not durable; with large ones, positions are reserved, and
  // the files synced for that, again and again.
  std::vector<Appended> fill_two_files_ahead(Durability durability, Position step) {
    options_.directory = running_.path();
    options_.retention.bytes_max = 1 << 20;
    EXPECT_TRUE(Database::open(options_));
    const auto database = Database::open(options_).value();  // now meta stands in a table
    const auto codec = database->make_codec();
    database->db().PauseBackgroundWork();
    std::vector<Appended> all;
    for (int i = 0; i < 1'000; ++i) {
      const Position position = database->last() + 1 + static_cast<Position>(i) * step;
      const NewUpdate update{
          std::make_shared<LoggedUpdate>(position, make_update(std::to_string(i) + std::string(300, ' '), {}, "0"), 1),
          IdOrigin::kHub};
      EXPECT_TRUE(database->append({&update, 1}, position, durability));
      all.push_back({position, codec.encode(position)});
    }
    options_.directory = directory_.path();
    options_.retention = {};
    std::filesystem::copy(running_.path(), directory_.path(), std::filesystem::copy_options::recursive);
    database->db().ContinueBackgroundWork();
    EXPECT_EQ(write_ahead_files(directory_.path()).size(), 2u);
    return all;
  }
};

TEST_F(RepairTest, ABadRecordInTheWriteAheadLogEndsItThere) {
  const auto all = fill(1'000);
  const std::filesystem::path ahead = file(".log");
  const auto bytes = std::filesystem::file_size(ahead);
  damage(ahead, 0.5);
  const auto opened = expect_repaired(all, ahead.filename().string() + ", byte ");
  EXPECT_TRUE(is_said(opened, ": a record's checksum is wrong")) << opened.said;
  EXPECT_GT(opened.held.size(), 450u);
  EXPECT_LT(opened.held.size(), 550u);
  EXPECT_EQ(std::filesystem::file_size(kept(ahead.filename())), bytes) << "what was cut off is kept aside";
}

TEST_F(RepairTest, ABadRecordAtTheVeryEndIsTold) {
  const auto all = fill(1'000);
  const std::filesystem::path ahead = file(".log");
  damage(ahead, 0.9999);
  EXPECT_EQ(expect_repaired(all, ahead.filename()).held.size(), 999u);
}

// RocksDB takes it for a write that a crash cut short, and drops what follows it.
TEST_F(RepairTest, ABadLengthInTheLastBlockIsTold) {
  const auto all = fill(40);
  const std::filesystem::path ahead = file(".log");
  std::ifstream in(ahead, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  ASSERT_GT(bytes.size(), 10'000u);
  ASSERT_LT(bytes.size(), 20'000u) << "the changed length shall lead beyond the file, but not beyond the block";
  const std::size_t whole = whole_extent(std::string_view(bytes).substr(0, 3'000)).whole_bytes;
  damage(ahead, (static_cast<double>(whole) + 5.5) / static_cast<double>(bytes.size()));
  const auto opened = expect_repaired(all, ahead.filename().string() + ", byte " + std::to_string(whole));
  EXPECT_GT(opened.held.size(), 2u);
  EXPECT_LT(opened.held.size(), 15u);
}

TEST_F(RepairTest, AFileOfTheWriteAheadLogCutShortBeforeAnotherEndsItThere) {
  const auto all = fill_two_files_ahead(Durability::kOs, 1);
  const std::string first = write_ahead_files(directory_.path()).front();
  const auto bytes = std::filesystem::file_size(directory_.path() + "/" + first);
  std::filesystem::resize_file(directory_.path() + "/" + first, bytes - 7);
  const auto opened = expect_repaired(all, first + ", byte ");
  EXPECT_TRUE(is_said(opened, ": a record is cut short")) << opened.said;
  EXPECT_EQ(opened.held.size(), count_before_the_loss(opened)) << "no hole";
  EXPECT_GT(opened.held.size(), 400u);
  EXPECT_NE(kept(write_ahead_files(running_.path()).front()), "");
}

TEST_F(RepairTest, AFileOfTheWriteAheadLogCutBetweenRecordsIsToldIfItWasSynced) {
  const auto all = fill_two_files_ahead(Durability::kFsync, 1'000);
  const std::string first = write_ahead_files(directory_.path()).front();
  std::ifstream in(directory_.path() + "/" + first, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const auto whole = whole_extent(std::string_view(bytes).substr(0, bytes.size() / 2)).whole_bytes;
  std::filesystem::resize_file(directory_.path() + "/" + first, whole);
  const auto opened = expect_repaired(all, first + ", byte " + std::to_string(whole) + ": the file is cut short");
  EXPECT_EQ(opened.held.size(), count_before_the_loss(opened)) << "no hole";
}

TEST_F(RepairTest, AMissingFileOfTheWriteAheadLogIsToldIfItWasSynced) {
  const auto all = fill_two_files_ahead(Durability::kFsync, 1'000);
  const std::string first = write_ahead_files(directory_.path()).front();
  std::filesystem::remove(directory_.path() + "/" + first);
  EXPECT_EQ(expect_repaired(all, first + ", byte 0: the file is missing").held.size(), 0u);
}

TEST_F(RepairTest, ATableCutShortIsLeftBehindAndAllOthersServed) {
  const auto all = fill_tables();
  const auto files = files_of_updates();
  ASSERT_GE(files.size(), 4u);
  const std::string name = files[1].relative_filename;
  std::filesystem::resize_file(directory_.path() + "/" + name, files[1].size / 2);
  const auto opened = expect_repaired(all, name + " of the table updates, byte " + std::to_string(files[1].size / 2));
  EXPECT_EQ(opened.held.size(), all.size() - files[1].num_entries) << "only that table's";
  EXPECT_NE(kept(name), "");
}

TEST_F(RepairTest, AMissingTableIsLeftBehindAndAllOthersServed) {
  const auto all = fill_tables();
  const auto files = files_of_updates();
  std::filesystem::remove(directory_.path() + "/" + files.front().relative_filename);
  const auto opened =
      expect_repaired(all, files.front().relative_filename + " of the table updates, the file is missing");
  EXPECT_EQ(opened.held.size(), all.size() - files.front().num_entries);
  EXPECT_EQ(count_before_the_loss(opened), 0u);
}

TEST_F(RepairTest, TheNewestTableCutShortTakesOnlyItsOwn) {
  const auto all = fill_tables();
  const auto newest = files_of_updates().back();
  std::filesystem::resize_file(directory_.path() + "/" + newest.relative_filename, 100);
  EXPECT_EQ(expect_repaired(all, newest.relative_filename).held.size(), all.size() - newest.num_entries);
}

TEST_F(RepairTest, ADamagedIndexIsMadeAnewAndLosesNothing) {
  const auto all = fill_tables();
  const std::string index = files_of("topics").front().relative_filename;
  std::filesystem::resize_file(directory_.path() + "/" + index, 100);
  const auto opened = expect_repaired(all, index + " of the table topics");
  EXPECT_EQ(opened.held.size(), all.size());
  const auto log = open_rocksdb_log(options_).value();
  EXPECT_EQ(read(*log, all[11'000].position, kEnd, "0").updates.size(), 1'000u);
}

TEST_F(RepairTest, ARepairThatWasInterruptedIsBegunAgain) {
  const auto all = fill(1'000);
  const std::filesystem::path ahead = file(".log");
  damage(ahead, 0.5);
  const auto broken = find_write_ahead_damage(directory_.path()).value().value();
  // As far as the cut, which removes what tells of the damage.
  std::filesystem::create_directory(directory_.path() + "/damaged-1");
  std::filesystem::copy(ahead, directory_.path() + "/damaged-1");
  std::ofstream(repair_mark_of(directory_.path())) << "damaged-1\n"
                                                   << broken.file << "\n"
                                                   << broken.offset << "\nwhat\n";
  ASSERT_TRUE(cut_write_ahead(directory_.path(), broken));
  EXPECT_FALSE(Database::open(options_)) << "not before it is noted what is lost";
  expect_repaired(all, broken.file + ", byte " + std::to_string(broken.offset) + ": what");
  EXPECT_FALSE(std::filesystem::exists(repair_mark_of(directory_.path())));
}

TEST_F(RepairTest, ARepairThatWasInterruptedAtItsEndIsBegunAgain) {
  const auto all = fill_tables();
  const std::string ahead = write_ahead_files(directory_.path()).back();
  std::ofstream(directory_.path() + "/" + ahead, std::ios::app | std::ios::binary) << std::string(100, 'x');
  const auto newest = files_of_updates().back();
  std::filesystem::resize_file(directory_.path() + "/" + newest.relative_filename, 100);
  const auto broken = find_write_ahead_damage(directory_.path()).value().value();
  ASSERT_TRUE(repair(options_, Damage::kThatKeepsItFromOpening, "").value());
  std::filesystem::create_directory(directory_.path() + "/damaged-1");
  std::ofstream(repair_mark_of(directory_.path())) << "damaged-1\n"
                                                   << broken.file << "\n"
                                                   << broken.offset << "\nwhat\n";
  const auto log = open_rocksdb_log(options_).value();
  EXPECT_EQ(read_all(*log).size(), all.size() - newest.num_entries);
  EXPECT_EQ(find(*log, all.front().id).status, FindStatus::kDamaged);
  EXPECT_TRUE(append(*log, make_update("x")));
}

TEST_F(RepairTest, WithoutItsMetaALogIsNotOpened) {
  fill_tables();
  const std::string meta = files_of("default").front().relative_filename;
  std::filesystem::resize_file(directory_.path() + "/" + meta, 100);
  const auto log = open_rocksdb_log(options_);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().message.find("table meta cannot be read"), std::string::npos) << log.error().message;
  EXPECT_NE(log.error().message.find(meta), std::string::npos) << log.error().message;
}

TEST_F(RepairTest, CompactionThatMeetsADamagedBlockEndsAppendsAndSaysWhy) {
  fill_tables();
  const auto files = files_of_updates();
  damage(directory_.path() + "/" + files[1].relative_filename, 0.3);
  const auto append_one = [](Database& database) {
    const Position position = database.last() + 1;
    const NewUpdate update{std::make_shared<LoggedUpdate>(position, make_update("x", {}, "0"), 1), IdOrigin::kHub};
    return database.append({&update, 1}, position, Durability::kOs);
  };
  {
    const auto database = Database::open(options_).value();
    ASSERT_TRUE(append_one(*database));
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    ASSERT_FALSE(database->db().CompactRange(all, database->updates(), nullptr, nullptr).ok());
    const auto appended = append_one(*database);
    ASSERT_FALSE(appended);
    EXPECT_NE(appended.error().message.find(files[1].relative_filename), std::string::npos) << appended.error().message;
    EXPECT_NE(appended.error().message.find("fanfare log repair"), std::string::npos) << appended.error().message;
  }
  ASSERT_TRUE(repair_log(directory_.path(), [](const std::string&) {}).value());
  ASSERT_TRUE(compact_log(directory_.path()));
  EXPECT_TRUE(append_one(*Database::open(options_).value()));
}

TEST_F(RepairTest, OnDemandItFindsDamagedBlocksToo) {
  const auto all = fill_tables();
  const auto files = files_of_updates();
  damage(directory_.path() + "/" + files[1].relative_filename, 0.3);
  std::vector<std::string> told;
  EXPECT_TRUE(repair_log(directory_.path(), [&](const std::string& what) { told.push_back(what); }).value());
  ASSERT_EQ(told.size(), 3u) << testing::PrintToString(told);
  EXPECT_NE(told[0].find(files[1].relative_filename), std::string::npos) << told[0];
  EXPECT_NE(told[0].find(" offset "), std::string::npos) << told[0];
  EXPECT_NE(told[1].find("lost: what may have stood after position "), std::string::npos) << told[1];
  EXPECT_NE(told[2].find("/damaged-"), std::string::npos) << told[2];
  EXPECT_FALSE(repair_log(directory_.path(), [&](const std::string&) {}).value()) << "it is whole now";
  const std::size_t held = read_all(*open_rocksdb_log(options_).value()).size();
  EXPECT_LT(held, all.size());
  EXPECT_GT(held, all.size() - 100) << "one block's are lost";
}

TEST_F(RepairTest, WhoOnlyLooksReadsUpToTheDamageAndIsToldOfIt) {
  fill(1'000);
  const std::filesystem::path ahead = file(".log");
  damage(ahead, 0.5);
  const auto bytes = std::filesystem::file_size(ahead);
  std::vector<std::string> told;
  const auto tell = [&](const std::string& what) { told.push_back(what); };
  std::size_t dumped = 0;
  EXPECT_FALSE(dump_log(directory_.path(), {}, [&](const LoggedUpdate&) { return ++dumped, Visit::kGoOn; }, tell));
  EXPECT_GT(dumped, 450u);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find(ahead.filename().string() + ", byte "), std::string::npos) << told[0];
  EXPECT_EQ(verify_log(directory_.path(), TopicBounds::kNone, tell).value().problems, 1u);
  EXPECT_EQ(told.back(), told.front());
  const LogStat stat = stat_log(directory_.path()).value();
  EXPECT_EQ(stat.updates, dumped);
  EXPECT_EQ(stat.damage, told.front());
  EXPECT_EQ(std::filesystem::file_size(ahead), bytes) << "nothing is changed";
}

}  // namespace
}  // namespace fanfare
