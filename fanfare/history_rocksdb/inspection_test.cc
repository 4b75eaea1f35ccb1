// A stored log looked into from outside, whole and damaged.
#include "fanfare/history_rocksdb/inspection.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <atomic>

#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/record.h"
#include "fanfare/history_rocksdb/test_log.h"

namespace fanfare {
namespace {

using Strings = std::vector<std::string>;

class Inspection : public testing::Test {
 protected:
  Inspection() {
    options_.directory = directory_.path();
    options_.durability = Durability::kMemory;  // what is written is in tables after closing
    options_.unix_ms = [this] { return now_ms_.load(); };
    options_.steady_ms = [this] { return now_ms_.load(); };
  }

  // Opens it, appends, and closes it again: one update in each millisecond.
  std::vector<Appended> fill(const std::vector<Update>& updates) {
    const auto log = open_rocksdb_log(options_).value();
    std::vector<Appended> all;
    for (const auto& update : updates) {
      all.push_back(append(*log, update).value());
      ++now_ms_;
    }
    return all;
  }
  std::vector<Appended> fill_numbered(int count, const std::string& id_prefix = {}) {
    std::vector<Update> updates;
    for (int i = 0; i < count; ++i) {
      std::string noise = std::to_string(i);
      while (noise.size() < 200)
        noise += "/" + std::to_string(static_cast<std::size_t>(i) * noise.size() * 7'919 % 1'000);
      const std::string id = id_prefix.empty() ? "" : id_prefix + std::to_string(i);
      updates.push_back(make_update(noise, id, i % 2 == 0 ? "even" : "odd"));
    }
    return fill(updates);
  }

  std::vector<LoggedUpdate> dump(const DumpRequest& request = {}) {
    std::vector<LoggedUpdate> all;
    problems_.clear();
    const auto dumped = dump_log(
        directory_.path(), request,
        [&](const LoggedUpdate& logged) {
          all.push_back(logged);
          return Visit::kGoOn;
        },
        [this](const std::string& problem) { problems_.push_back(problem); });
    end_ = dumped ? "" : dumped.error().message;
    return all;
  }
  Strings dumped_data(const DumpRequest& request) {
    Strings all;
    for (const auto& logged : dump(request)) all.push_back(logged.update.data);
    return all;
  }
  Result<Verified> verify(TopicBounds bounds = TopicBounds::kNone) {
    problems_.clear();
    return verify_log(directory_.path(), bounds, [this](const std::string& problem) { problems_.push_back(problem); });
  }
  bool is_told(std::string_view part) const {
    return std::ranges::any_of(problems_, [&](const auto& problem) { return problem.find(part) != problem.npos; });
  }

  // Writes into the database what the log would not.
  template <typename Write>
  void tamper(Write write) {
    const auto database = Database::open(options_).value();
    const rocksdb::Status status = write(*database);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  const TestDirectory directory_;
  RocksDbLogOptions options_;
  std::atomic<std::uint64_t> now_ms_ = 1'000'000;
  Strings problems_;
  std::string end_;  // of the last dump: its error
};

TEST_F(Inspection, StatCountsAndNamesBothEnds) {
  const auto all = fill({make_update("1", {}, "a"), make_update("2", {}, "ab"), make_update("3", "mine", "a")});
  const LogStat stat = stat_log(directory_.path()).value();
  EXPECT_EQ(stat.updates, 3u);
  EXPECT_EQ(stat.topics, 2u);
  EXPECT_GT(stat.bytes, 0u);
  ASSERT_TRUE(stat.oldest && stat.newest);
  EXPECT_EQ(stat.oldest->position, all[0].position);
  EXPECT_EQ(stat.oldest->id, all[0].id);
  EXPECT_EQ(stat.oldest->unix_ms, 1'000'000u);
  EXPECT_EQ(stat.newest->position, all[2].position);
  EXPECT_EQ(stat.newest->id, "mine");
}

TEST_F(Inspection, StatOfAnEmptyLogHasNoEnds) {
  fill({});
  const LogStat stat = stat_log(directory_.path()).value();
  EXPECT_EQ(stat.updates, 0u);
  EXPECT_EQ(stat.topics, 0u);
  EXPECT_FALSE(stat.oldest || stat.newest);
}

TEST_F(Inspection, WhatIsTrimmedIsNotThere) {
  const auto all = fill({make_update("1", {}, "old"), make_update("2", "mine", "t"), make_update("3", {}, "t")});
  tamper([&](Database& database) {
    return database.trim_through(all[0].position) ? rocksdb::Status::OK() : rocksdb::Status::Aborted();
  });
  const LogStat stat = stat_log(directory_.path()).value();
  EXPECT_EQ(stat.updates, 2u);
  EXPECT_EQ(stat.topics, 1u);
  EXPECT_EQ(stat.oldest->id, "mine");
  EXPECT_EQ(dumped_data({}), (Strings{"2", "3"}));
  EXPECT_EQ(verify().value().problems, 0u);
}

TEST_F(Inspection, NothingIsMadeWhereThereIsNoLog) {
  const std::string nowhere = directory_.path() + "/nowhere";
  EXPECT_FALSE(stat_log(nowhere));
  EXPECT_FALSE(compact_log(nowhere));
  EXPECT_FALSE(verify_log(nowhere, TopicBounds::kNone, [](const std::string&) {}));
  EXPECT_FALSE(std::filesystem::exists(nowhere));
}

TEST_F(Inspection, DumpGivesAllOfEveryUpdateAlsoWhileTheLogIsOpen) {
  Update whole = make_update(std::string("a\nb\r\n\0c", 7), "mine", "first");
  whole.topics.push_back("second");
  whole.type = "type";
  whole.retry_ms = 7;
  whole.is_private = true;
  options_.durability = Durability::kOs;
  const auto log = open_rocksdb_log(options_).value();
  append(*log, whole).value();
  const std::string id = append(*log, make_update("", {}, "first")).value().id;
  const auto all = dump();
  EXPECT_EQ(end_, "");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].update.topics, whole.topics);
  EXPECT_EQ(all[0].update.data, whole.data);
  EXPECT_EQ(all[0].update.id, "mine");
  EXPECT_EQ(all[0].update.type, "type");
  EXPECT_EQ(all[0].update.retry_ms, 7u);
  EXPECT_TRUE(all[0].update.is_private);
  EXPECT_EQ(all[1].update.id, id);
  EXPECT_EQ(verify().value().updates, 2u);
  EXPECT_EQ(stat_log(directory_.path()).value().updates, 2u);
}

TEST_F(Inspection, DumpTakesOneTopicAndATimeFromToBefore) {
  Update both = make_update("2", {}, "a");
  both.topics.push_back("b");
  fill({make_update("1", {}, "a"), both, make_update("3", {}, "b"), make_update("4", {}, "a")});
  EXPECT_EQ(dumped_data({.topic = "a"}), (Strings{"1", "2", "4"}));
  EXPECT_EQ(dumped_data({.topic = "b"}), (Strings{"2", "3"}));
  EXPECT_EQ(dumped_data({.topic = "c"}), Strings{});
  EXPECT_EQ(dumped_data({.since_unix_ms = 1'000'001, .until_unix_ms = 1'000'003}), (Strings{"2", "3"}));
  EXPECT_EQ(dumped_data({.topic = "a", .since_unix_ms = 1'000'001}), (Strings{"2", "4"}));
  EXPECT_EQ(dumped_data({.since_unix_ms = 1'000'004}), Strings{});
  EXPECT_EQ(dumped_data({.until_unix_ms = 1'000'000}), Strings{});
}

TEST_F(Inspection, DumpEndsWhenItsVisitorHasEnough) {
  fill_numbered(5);
  int seen = 0;
  const auto dumped = dump_log(
      directory_.path(), {}, [&](const LoggedUpdate&) { return ++seen == 2 ? Visit::kEnough : Visit::kGoOn; },
      [](const std::string&) {});
  EXPECT_TRUE(dumped);
  EXPECT_EQ(seen, 2);
}

TEST_F(Inspection, ADamagedBlockIsToldAndWhatStandsAroundItIsDumped) {
  const auto written = fill_numbered(2'000);
  const std::string table = largest_file(directory_.path(), ".sst");
  damage(table, 0.3);
  damage(table, 0.6);
  const auto all = dump();
  EXPECT_NE(end_, "");
  EXPECT_TRUE(is_told(std::filesystem::path(table).filename().string()));
  EXPECT_GT(all.size(), 1'800u);
  EXPECT_LT(all.size(), 2'000u);
  EXPECT_EQ(all.front().position, written.front().position);
  EXPECT_EQ(all.back().position, written.back().position);
  EXPECT_TRUE(std::ranges::is_sorted(all, std::ranges::less_equal(), &LoggedUpdate::position));
  const auto of_topic = dump({.topic = "odd"});
  EXPECT_NE(end_, "");
  EXPECT_EQ(static_cast<std::ptrdiff_t>(of_topic.size()),
            std::ranges::count_if(all, [](const auto& logged) { return logged.update.topics.front() == "odd"; }));

  EXPECT_GE(verify().value().problems, 3u) << "the file's checksum, and two places";
  EXPECT_TRUE(is_told(std::filesystem::path(table).filename().string() + " of the table updates"));
  EXPECT_TRUE(is_told("cannot be read"));
}

TEST_F(Inspection, ADumpOfAllTimesLooksNoneUp) {
  const auto written = fill_numbered(2'000);
  damage(largest_file(directory_.path(), ".sst"), 0);  // in the first block
  const auto all = dump();
  EXPECT_NE(end_, "");
  EXPECT_GT(all.size(), 1'900u);
  EXPECT_LT(all.size(), 2'000u);
  EXPECT_EQ(all.back().position, written.back().position);
}

TEST_F(Inspection, AWholeLogIsVerified) {
  fill_numbered(1'000, "id");
  const Verified verified = verify().value();
  EXPECT_EQ(problems_, Strings{});
  EXPECT_EQ(verified.problems, 0u);
  EXPECT_EQ(verified.files, 4u);
  EXPECT_EQ(verified.updates, 1'000u);
  EXPECT_EQ(verified.index_entries, 2'000u);
}

TEST_F(Inspection, VerifyTellsOfWhatHasNoCounterpart) {
  const auto all = fill_numbered(3, "id");
  const rocksdb::WriteOptions write;
  tamper([&](Database& database) {
    const auto key = stored::topic_key("even", all[0].position);
    const auto status = database.db().Delete(write, database.topics(), key);
    return status.ok() ? database.db().Put(write, database.topics(), stored::topic_key("lost", 99), "") : status;
  });
  EXPECT_EQ(verify().value().problems, 2u);
  EXPECT_TRUE(is_told("position " + std::to_string(all[0].position) + " is not in the index by its topic 'even'"));
  EXPECT_TRUE(is_told("the entry of 'lost' in the table topics for position 99 has no update"));
  EXPECT_EQ(verify(TopicBounds::kMayBe).value().problems, 1u);

  tamper([&](Database& database) {
    const auto key = stored::id_key("id1", all[1].position);
    const auto status = database.db().Delete(write, database.ids(), key);
    if (!status.ok()) return status;
    return database.db().Put(write, database.ids(), stored::id_key("other", all[2].position), "");
  });
  EXPECT_EQ(verify().value().problems, 4u);
  EXPECT_TRUE(is_told("is not in the index by its id 'id1'"));
  EXPECT_TRUE(is_told("leads to an update of another"));
}

TEST_F(Inspection, VerifyTellsOfRecordsThatMakeNoSense) {
  const auto all = fill_numbered(4);
  const rocksdb::WriteOptions write;
  const auto put = [&](Database& database, Position position, const std::string& record) {
    return database.db().Put(write, database.updates(), stored::position_key(position), record);
  };
  const Update update = make_update("x", {}, "odd");
  tamper([&](Database& database) {
    auto status = put(database, all[1].position, "\xff");
    if (status.ok()) status = put(database, all[3].position, stored::encode_update(update, IdOrigin::kHub, 5));
    if (status.ok()) status = put(database, 1 << 30, stored::encode_update(update, IdOrigin::kHub, 2'000'000));
    return status;
  });
  EXPECT_EQ(verify(TopicBounds::kMayBe).value().problems, 3u);
  EXPECT_TRUE(is_told("position " + std::to_string(all[1].position) + " is no record"));
  EXPECT_TRUE(is_told("time of the update at position " + std::to_string(all[3].position)));
  EXPECT_TRUE(is_told("position " + std::to_string(1 << 30) + " stands beyond what is reserved"));
}

TEST_F(Inspection, CompactingGivesBackWhatIsTrimmedAndKeepsTheRest) {
  const auto all = fill_numbered(4'000);
  tamper([&](Database& database) {
    return database.trim_through(all[2'999].position) ? rocksdb::Status::OK() : rocksdb::Status::Aborted();
  });
  const Compacted compacted = compact_log(directory_.path()).value();
  EXPECT_LT(compacted.bytes_after, compacted.bytes_before / 2);
  EXPECT_EQ(compacted.bytes_after, stat_log(directory_.path()).value().bytes);
  EXPECT_EQ(dump().size(), 1'000u);
  EXPECT_EQ(verify().value().updates, 1'000u);
  EXPECT_EQ(problems_, Strings{});
}

TEST_F(Inspection, AnOpenLogIsNotCompacted) {
  const auto log = open_rocksdb_log(options_).value();
  const auto compacted = compact_log(directory_.path());
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().message, "the event log in " + directory_.path() + " is open already in this process");
}

}  // namespace
}  // namespace fanfare
