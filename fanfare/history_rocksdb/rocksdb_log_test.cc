// The durable log keeps EventLog's promises, from memory and from disk alike, and again after it was opened anew.
#include "fanfare/history_rocksdb/rocksdb_log.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>

#include "fanfare/history/event_id.h"
#include "fanfare/history_rocksdb/test_log.h"
#include "fanfare/observe/log.h"

namespace fanfare {
namespace {

using Strings = std::vector<std::string>;

class Follower final : public LogFollower {
 public:
  void on_committed(std::span<const LoggedUpdatePtr> batch) override {
    std::lock_guard lock(mutex_);
    seen_.insert(seen_.end(), batch.begin(), batch.end());
    more_.notify_all();
  }
  std::vector<LoggedUpdatePtr> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::seconds(10), [&] { return seen_.size() >= count; });
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<LoggedUpdatePtr> seen_;
};

// Where reads are answered from.
enum class From { kMemory, kDisk };

class RocksDbLogTest : public testing::TestWithParam<From> {
 protected:
  EventLog& log() {
    if (!log_) {
      options_.directory = directory_.path();
      options_.tail_bytes_max = GetParam() == From::kMemory ? 1 << 20 : 0;
      log_ = open_rocksdb_log(options_).value();
    }
    return *log_;
  }
  void reopen() {
    log_.reset();
    log();
  }
  Appended add(std::string data, std::string id = {}, std::string topic = "t") {
    return append(log(), make_update(std::move(data), std::move(id), std::move(topic))).value();
  }
  const std::string& directory() const { return directory_.path(); }

  RocksDbLogOptions options_;

 private:
  const TestDirectory directory_;
  std::unique_ptr<EventLog> log_;
};

INSTANTIATE_TEST_SUITE_P(, RocksDbLogTest, testing::Values(From::kMemory, From::kDisk),
                         [](const auto& tested) { return tested.param == From::kMemory ? "FromMemory" : "FromDisk"; });

TEST_P(RocksDbLogTest, PositionsGrowAndReadsGiveUpdatesInTheirOrder) {
  const Position one = add("1").position;
  const Position two = add("2").position;
  const Position three = add("3").position;
  EXPECT_LT(kBeforeAll, one);
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_EQ(data_of(read(log(), kBeforeAll).updates), (Strings{"1", "2", "3"}));
  EXPECT_EQ(data_of(read(log(), one).updates), (Strings{"2", "3"}));
  EXPECT_EQ(data_of(read(log(), one, two).updates), Strings{"2"});
  EXPECT_EQ(read(log(), one, two).read_through, two);
  EXPECT_EQ(data_of(read(log(), three).updates), Strings{});
  EXPECT_EQ(read(log(), three).read_through, three);
}

TEST_P(RocksDbLogTest, AnUpdateIsReadWithAllItsFields) {
  Update update = make_update("data\nof two lines", "chosen", "a");
  update.topics.push_back("b");
  update.type = "note";
  update.retry_ms = 1'234;
  update.is_private = true;
  append(log(), update).value();
  const Appended made = add("2");
  const auto updates = read(log(), kBeforeAll).updates;
  ASSERT_EQ(updates.size(), 2u);
  const Update& stored = updates[0]->update;
  EXPECT_EQ(stored.topics, update.topics);
  EXPECT_EQ(stored.data, update.data);
  EXPECT_EQ(stored.id, "chosen");
  EXPECT_EQ(stored.type, "note");
  EXPECT_EQ(stored.retry_ms, 1'234u);
  EXPECT_TRUE(stored.is_private);
  EXPECT_EQ(updates[1]->update.id, made.id);
  EXPECT_EQ(updates[1]->position, made.position);
  EXPECT_FALSE(updates[1]->update.is_private);
}

TEST_P(RocksDbLogTest, AFilterPassesOverUpdatesAndTheReadGoesThroughThemAllTheSame) {
  add("1");
  add("2", {}, "u");
  const Position last = add("3").position;
  const ReadResult result = read(log(), kBeforeAll, last, "u");
  EXPECT_EQ(data_of(result.updates), Strings{"2"});
  EXPECT_EQ(result.read_through, last);
}

TEST_P(RocksDbLogTest, AReadStopsAtItsBoundInBytesButGivesOneUpdateAlways) {
  const Position one = add(std::string(100, 'x'), "a").position;
  const Position two = add(std::string(100, 'y'), "b").position;
  add(std::string(100, 'z'), "c");
  for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{1}, std::size_t{101}}) {
    const ReadResult result = read(log(), kBeforeAll, kEnd, {}, bytes_max);
    EXPECT_EQ(result.updates.size(), 1u) << bytes_max;
    EXPECT_EQ(result.read_through, one);
  }
  const ReadResult result = read(log(), kBeforeAll, kEnd, {}, 102);
  EXPECT_EQ(result.updates.size(), 2u);
  EXPECT_EQ(result.read_through, two);
}

TEST_P(RocksDbLogTest, AReadStopsAfterItsBoundOfUpdatesLookedAtButLooksAtOne) {
  const Position one = add("1").position;
  const Position two = add("2").position;
  add("3", {}, "u");
  add("4");  // what is in memory has a bound of its own
  EXPECT_EQ(read(log(), kBeforeAll, kEnd, "u", 1 << 20, 0).read_through, one);
  EXPECT_EQ(read(log(), kBeforeAll, kEnd, "u", 1 << 20, 2).read_through, two);
  EXPECT_EQ(data_of(read(log(), two, kEnd, "u", 1 << 20, 1).updates), Strings{"3"});
}

TEST_P(RocksDbLogTest, WithoutAWriteAheadLogACleanStopKeepsAll) {
  options_.durability = Durability::kMemory;
  const Appended one = add("1", "mine");
  const Appended two = add("2");
  reopen();
  EXPECT_EQ(data_of(read_all(log())), (Strings{"1", "2"}));
  EXPECT_EQ(find(log(), "mine").position, one.position);
  EXPECT_GT(add("3").position, two.position);
}

TEST_P(RocksDbLogTest, SaysWhatItFoundWhenItIsOpened) {
  std::ostringstream said;
  Log to(LogFormat::kJson, LogLevel::kInfo, said);
  options_.log = &to;
  add("1");
  add("2");
  reopen();
  const std::string last = said.str().substr(said.str().find("event_log_opened") + 1);
  EXPECT_NE(last.find("event_log_opened"), last.npos) << said.str();
  EXPECT_NE(last.find("\"about_updates\":2,\"recovered_bytes\":"), last.npos) << said.str();
  options_.log = nullptr;
  reopen();
}

TEST_P(RocksDbLogTest, IdsAreMadeWhereThePublisherChoseNone) {
  const Appended made = add("1");
  EXPECT_TRUE(made.id.starts_with("urn:uuid:"));
  EXPECT_EQ(add("2", "mine").id, "mine");
  EXPECT_EQ(read(log(), kBeforeAll).updates[0]->update.id, made.id);
}

TEST_P(RocksDbLogTest, FindsIdsThatItMadeAndThatPublishersChose) {
  const Appended made = add("1");
  const Appended chosen = add("2", "mine");
  add("3", "mine");
  for (const auto& each : {made, chosen}) {
    EXPECT_EQ(find(log(), each.id).status, FindStatus::kHeld);
    EXPECT_EQ(find(log(), each.id).position, each.position) << "the earliest of equal ids";
  }
  for (const char* id : {"", "min", "mine2", "urn:uuid:00000000-0000-8000-8000-000000000000"}) {
    EXPECT_EQ(find(log(), id).status, FindStatus::kUnknown) << id;
  }
  EXPECT_EQ(find(log(), EventIdCodec::random().encode(2)).status, FindStatus::kUnknown);
}

TEST_P(RocksDbLogTest, AFollowerGetsWhatIsCommittedWhileItFollows) {
  Follower follower;
  EXPECT_NE(log().follow(follower), kBeforeAll);
  add("1");
  add("2");
  EXPECT_EQ(data_of(follower.wait_for(2)), (Strings{"1", "2"}));
  log().unfollow(follower);
  add("3");
  EXPECT_EQ(data_of(follower.wait_for(2)), (Strings{"1", "2"}));
}

TEST_P(RocksDbLogTest, WhoBeginsToFollowInTheMiddleJoinsItsReadsToWhatFollows) {
  log();
  Follower follower;
  std::vector<std::future<Result<Appended>>> answers;
  Position joined = kBeforeAll;
  for (int i = 0; i < 2'000; ++i) {
    if (i == 1'000) joined = log().follow(follower);
    answers.push_back(append_later(log(), make_update(std::to_string(i))));
  }
  for (auto& answer : answers) answer.get().value();
  std::vector<LoggedUpdatePtr> all = read_all(log());
  std::erase_if(all, [&](const auto& logged) { return logged->position > joined; });
  const auto followed = follower.wait_for(2'000 - all.size());
  all.insert(all.end(), followed.begin(), followed.end());
  log().unfollow(follower);
  ASSERT_EQ(all.size(), 2'000u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i]->update.data, std::to_string(i));
}

TEST_P(RocksDbLogTest, WhatWasAppendedIsThereWhenItIsOpenedAgain) {
  const Appended one = add("1");
  const Appended two = add("2", "mine");
  reopen();
  const Appended three = add("3");
  EXPECT_GT(three.position, two.position);
  EXPECT_EQ(data_of(read(log(), kBeforeAll).updates), (Strings{"1", "2", "3"}));
  EXPECT_EQ(data_of(read(log(), one.position).updates), (Strings{"2", "3"}));
  EXPECT_EQ(read(log(), kBeforeAll).updates[0]->update.id, one.id);
  EXPECT_EQ(find(log(), one.id).position, one.position);
  EXPECT_EQ(find(log(), "mine").position, two.position);
}

TEST_P(RocksDbLogTest, AnotherLogsIdsAreUnknown) {
  const Appended one = add("1");
  const TestDirectory elsewhere;
  RocksDbLogOptions options;
  options.directory = elsewhere.path();
  const auto other = open_rocksdb_log(options).value();
  append(*other, make_update("1")).value();
  EXPECT_EQ(find(*other, one.id).status, FindStatus::kUnknown);
}

TEST_P(RocksDbLogTest, OneUpdateIsWrittenWhateverTheBoundOfAWrite) {
  options_.commit_bytes_max = 0;
  add("1");
  add("2");
  EXPECT_EQ(data_of(read_all(log())), (Strings{"1", "2"}));
}

TEST_P(RocksDbLogTest, ManyAtOnceAreOneWriteWhateverItsBoundAndStandTogether) {
  options_.commit_bytes_max = 1;
  class Batches final : public LogFollower {
   public:
    void on_committed(std::span<const LoggedUpdatePtr> batch) override { sizes.push_back(batch.size()); }
    std::vector<std::size_t> sizes;
  } batches;
  Follower follower;
  log().follow(batches);
  log().follow(follower);
  auto before = append_later(log(), make_update("before"));
  auto many = append_all_later(log(), {make_update("1"), make_update("2", "mine"), make_update("3")});
  auto after = append_later(log(), make_update("after"));
  EXPECT_EQ(data_of(follower.wait_for(5)), (Strings{"before", "1", "2", "3", "after"}));
  log().unfollow(batches);
  log().unfollow(follower);
  const std::vector<Appended> appended = many.get().value();
  ASSERT_EQ(appended.size(), 3u);
  EXPECT_EQ(appended[1].id, "mine");
  EXPECT_EQ(batches.sizes, (std::vector<std::size_t>{1, 3, 1}));
  EXPECT_EQ(data_of(read_all(log())), (Strings{"before", "1", "2", "3", "after"}));
  reopen();
  const auto held = read_all(log());
  ASSERT_EQ(held.size(), 5u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(held[i + 1]->position, appended[i].position);
    EXPECT_EQ(find(log(), appended[i].id).position, appended[i].position);
  }
}

TEST_P(RocksDbLogTest, WhatIsBeyondTheQueuesBoundIsRefusedAtOnce) {
  options_.append_queue_bytes_max = 0;
  log();
  std::vector<std::future<Result<Appended>>> answers;
  for (int i = 0; i < 1'000; ++i) answers.push_back(append_later(log(), make_update("x")));
  std::size_t refused = 0;
  std::size_t stored = 0;
  for (auto& answer : answers) answer.get() ? ++stored : ++refused;
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(read_all(log()).size(), stored);
}

TEST_P(RocksDbLogTest, AppendsUnderWayCompleteBeforeItIsGone) {
  log();
  std::vector<std::future<Result<Appended>>> answers;
  for (int i = 0; i < 1'000; ++i) answers.push_back(append_later(log(), make_update("x")));
  reopen();
  for (auto& answer : answers) {
    ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_TRUE(answer.get());
  }
  EXPECT_EQ(read_all(log()).size(), 1'000u);
}

// --- Opening -------------------------------------------------------------------------------------------------------

std::string why_not(const std::string& directory) {
  RocksDbLogOptions options;
  options.directory = directory;
  const auto opened = open_rocksdb_log(options);
  return opened ? "" : opened.error().message;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

TEST(RocksDbLogDirectory, IsMadeWithItsParents) {
  const TestDirectory directory;
  EXPECT_EQ(why_not(directory.path() + "/a/b"), "");
  EXPECT_EQ(why_not(directory.path() + "/a/b"), "");
}

TEST(RocksDbLogDirectory, OfSomethingElseIsLeftAlone) {
  const TestDirectory directory;
  write_file(directory.path() + "/letter.txt", "dear");
  EXPECT_EQ(why_not(directory.path()),
            directory.path() + " is neither empty nor a Fanfare event log: give the log a directory of its own");
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/FORMAT"));
  EXPECT_NE(why_not("/proc/fanfare"), "");
  EXPECT_NE(why_not(directory.path() + "/letter.txt"), "");
}

TEST(RocksDbLogDirectory, OfANewerFormatIsRefusedClearly) {
  const TestDirectory directory;
  ASSERT_EQ(why_not(directory.path()), "");
  write_file(directory.path() + "/FORMAT", "fanfare event log, format 2\n");
  EXPECT_EQ(why_not(directory.path()),
            "the event log in " + directory.path() +
                " has format 2; this program reads and writes format 1: use a newer Fanfare");
  write_file(directory.path() + "/FORMAT", "something");
  EXPECT_EQ(why_not(directory.path()), directory.path() + "/FORMAT does not say that this is a Fanfare event log");
}

TEST(RocksDbLogDirectory, OpensAgainAfterAFirstStartThatWasCutShort) {
  const TestDirectory directory;
  write_file(directory.path() + "/FORMAT.new", "fanf");
  EXPECT_EQ(why_not(directory.path()), "");
}

TEST(RocksDbLogDirectory, IsOpenOnceInAProcess) {
  const TestDirectory directory;
  RocksDbLogOptions options;
  options.directory = directory.path();
  const auto first = open_rocksdb_log(options).value();
  EXPECT_EQ(why_not(directory.path()), "the event log in " + directory.path() + " is open already in this process");
}

}  // namespace
}  // namespace fanfare
