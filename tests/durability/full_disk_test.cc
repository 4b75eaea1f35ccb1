// The disk fills: appends fail with the reason, readers go on, nothing acknowledged is lost, and appending works again
// by itself when there is space.
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "fanfare/observe/log.h"
#include "tests/durability/acknowledged.h"
#include "tests/durability/faulty_file_system.h"

namespace fanfare {
namespace {

using Space = FaultyFileSystem::Space;

class FullDiskTest : public testing::TestWithParam<Space> {
 protected:
  FullDiskTest() {
    options_.directory = directory_.path();
    options_.env = files_.env();
    options_.log = &log_lines_;
    options_.tail_bytes_max = 0;
    log_ = open_rocksdb_log(options_).value();
  }
  Result<Appended> add(int number) {
    auto appended = append(*log_, make_update(std::to_string(number), {}, "0"));
    if (appended) acknowledged_.push_back({0, number, appended->position, appended->id});
    return appended;
  }
  bool is_stored_in_the_end(int number) {
    for (int i = 0; i < 2'000; ++i) {
      if (add(number)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  void reopen() {
    log_.reset();
    log_ = open_rocksdb_log(options_).value();
  }

  FaultyFileSystem files_;
  std::ostringstream lines_;
  Log log_lines_{LogFormat::kText, LogLevel::kInfo, lines_};
  const TestDirectory directory_;
  RocksDbLogOptions options_;
  std::unique_ptr<EventLog> log_;
  std::vector<Acknowledged> acknowledged_;
};

INSTANTIATE_TEST_SUITE_P(, FullDiskTest, testing::Values(Space::kNone, Space::kNoneUnawares),
                         [](const auto& tested) { return tested.param == Space::kNone ? "AsTold" : "Unawares"; });

TEST_P(FullDiskTest, FailsAppendsWithTheReasonAndGoesOnWhenThereIsSpace) {
  const int rounds = GetParam() == Space::kNone ? 3 : 1;  // RocksDB takes 5 s to recover by itself
  int number = 0;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(add(number++));
    files_.set_space(GetParam());
    for (int i = 0; i < 20; ++i) {
      const auto refused = add(number++);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().message, "no space is left on the event log's disk");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // over several tries of the log's own
    }
    EXPECT_EQ(count_lost(read_all(*log_), acknowledged_), 0u) << "readers go on";
    files_.set_space(Space::kPlenty);
    ASSERT_TRUE(is_stored_in_the_end(number++));
  }
  EXPECT_EQ(count_lost(read_all(*log_), acknowledged_), 0u);
  reopen();
  EXPECT_EQ(count_lost(read_all(*log_), acknowledged_), 0u);
  EXPECT_NE(lines_.str().find("event_log_write_failed reason="), std::string::npos) << lines_.str();
  EXPECT_NE(lines_.str().find("event_log_writes_again"), std::string::npos) << lines_.str();
}

TEST_P(FullDiskTest, LosesNothingWhenThePowerGoesWhileItIsFull) {
  for (int number = 0; number < 50; ++number) ASSERT_TRUE(add(number));
  files_.set_space(GetParam());
  for (int number = 50; number < 60; ++number) EXPECT_FALSE(add(number));
  files_.lose_power();
  log_.reset();
  files_.forget_unsynced();
  options_.env = nullptr;
  reopen();
  EXPECT_EQ(count_lost(read_all(*log_), acknowledged_), 0u);
}

}  // namespace
}  // namespace fanfare
