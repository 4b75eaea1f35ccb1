// kill -9 of a process that appends from several threads, at random moments: what it was told is there, once and in
// order. FANFARE_SEED replays a run, FANFARE_ROUNDS makes it longer or shorter.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sstream>
#include <thread>

#include "tests/durability/acknowledged.h"

extern char** environ;

namespace fanfare {
namespace {

constexpr int kThreads = 8;
constexpr int kNumbersPerRound = 1'000'000;  // more than a round can use

unsigned number_from_environment(const char* name, unsigned otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

// A running log_appender; killed at the latest when this goes.
class Appender {
 public:
  Appender(const std::string& directory, int first_number) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::string words[] = {FANFARE_LOG_APPENDER, directory, std::to_string(kThreads), std::to_string(first_number)};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
    reader_ = std::jthread([this] { read_to_the_end(); });
  }
  ~Appender() {
    if (pid_ > 0) kill();
    ::close(output_);
  }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  pid_t pid() const { return pid_; }

  // What it said until then.
  std::string kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
    reader_.join();
    return said_;
  }

  void wait_until_it_says_something() const {
    while (!has_said_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  void read_to_the_end() {
    char buffer[65'536];
    for (ssize_t count; (count = ::read(output_, buffer, sizeof buffer)) > 0;) {
      said_.append(buffer, static_cast<std::size_t>(count));
      has_said_ = true;
    }
    has_said_ = true;
  }

  pid_t pid_ = 0;
  int output_ = -1;
  std::string said_;  // reader_'s until it is joined
  std::atomic<bool> has_said_ = false;
  std::jthread reader_;
};

std::vector<Acknowledged> parse(const std::string& said) {
  std::vector<Acknowledged> all;
  std::istringstream lines(said);
  for (Acknowledged each; lines >> each.thread >> each.number >> each.position >> each.id;) all.push_back(each);
  return all;
}

TEST(KilledLog, HoldsWhatItAcknowledgedOnceAndInOrder) {
  const unsigned seed = number_from_environment("FANFARE_SEED", std::random_device{}());
  const unsigned rounds = number_from_environment("FANFARE_ROUNDS", 100);
  std::printf("FANFARE_SEED=%u FANFARE_ROUNDS=%u\n", seed, rounds);
  std::mt19937 random(seed);
  const TestDirectory directory;
  Position checked_through = kBeforeAll;
  std::size_t acknowledged_in_all = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    Appender appender(directory.path(), static_cast<int>(round) * kNumbersPerRound);
    if (round % 4 != 0) appender.wait_until_it_says_something();  // else it is killed while it opens, too
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    const auto acknowledged = parse(appender.kill());
    acknowledged_in_all += acknowledged.size();

    RocksDbLogOptions options;
    options.directory = directory.path();
    const auto log = open_rocksdb_log(options);
    ASSERT_TRUE(log) << log.error().message;
    const auto held = read_all(**log, checked_through);
    ASSERT_EQ(count_lost(held, acknowledged), 0u) << "of " << acknowledged.size() << " in round " << round;
    EXPECT_LE(held.size(), acknowledged.size() + kThreads) << "more than was under way";
    for (const auto& each : acknowledged) {
      if (each.number % 50 != 0) continue;
      ASSERT_EQ(find(**log, each.id).position, each.position);
    }
    if (!held.empty()) checked_through = held.back()->position;
  }
  std::printf("%zu acknowledged in %u rounds\n", acknowledged_in_all, rounds);
  EXPECT_GT(acknowledged_in_all, rounds * 10);
}

TEST(HeldLog, IsRefusedToAnotherProcessWithTheHoldersName) {
  const TestDirectory directory;
  const Appender appender(directory.path(), 0);
  appender.wait_until_it_says_something();
  RocksDbLogOptions options;
  options.directory = directory.path();
  const auto opened = open_rocksdb_log(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "the event log in " + directory.path() + " is held by process " +
                                        std::to_string(appender.pid()) + " (log_appender)");
}

}  // namespace
}  // namespace fanfare
