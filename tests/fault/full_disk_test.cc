// The disk under the durable log of a real server fills: publishers are told, subscribers go on, and when there is
// space again publishing works again, with nothing lost. The disk is a small tmpfs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "fanfare/history_rocksdb/test_log.h"
#include "testing/live/server_process.h"
#include "tests/fault/ledger.h"

namespace fanfare::live {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

void write_to(const char* path, const std::string& text) {
  std::ofstream(path) << text;
}

// Mount points that end with this process. Without privileges they take a user namespace, in which a user is root.
bool enter_own_mounts() {
  const std::string user = "0 " + std::to_string(::geteuid()) + " 1";
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    write_to("/proc/self/uid_map", user);
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// A disk of 100 MiB.
class SmallDisk {
 public:
  SmallDisk() {
    is_there_ = enter_own_mounts() && ::mount("none", path().c_str(), "tmpfs", 0, "size=100m") == 0;
    reason_ = is_there_ ? "" : std::strerror(errno);
  }
  ~SmallDisk() {
    if (is_there_) ::umount2(path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_there() const { return is_there_; }
  const std::string& reason() const { return reason_; }
  const std::string& path() const { return mount_point_.path(); }

  // Somebody else's file takes all but so much.
  void leave(std::size_t bytes) const {
    const std::size_t free = std::filesystem::space(path()).available;
    ASSERT_GT(free, bytes);
    const int fd = ::open(other_file().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ(::posix_fallocate(fd, 0, static_cast<off_t>(free - bytes)), 0);
    ::close(fd);
  }
  void free_again() const { std::filesystem::remove(other_file()); }

 private:
  std::string other_file() const { return path() + "/other"; }

  TestDirectory mount_point_;
  bool is_there_ = false;
  std::string reason_;
};

class FullDisk : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    if (!disk_.is_there()) GTEST_SKIP() << "no disk can be mounted here: " << disk_.reason();
    start();
  }
  void start() { server_.emplace(ServerProcessOptions{.data = disk_.path() + "/log"}); }

  Answer publish(Publisher& publisher) { return publish_next(publisher, "t", ledger_, 0, kUpdateBytes); }
  bool is_stored_in_the_end(Publisher& publisher) {
    return eventually([&] { return publish(publisher).status == 200; });
  }
  // All that the log holds, up to a last update.
  std::vector<Subscriber::Event> held() {
    Publisher publisher(server_->port(), server_->token());
    const std::string last = publish(publisher).body;
    Subscriber subscriber(server_->port(), {.topic = "t", .last_event_id = "earliest"});
    EXPECT_TRUE(read_through(subscriber, last));
    return subscriber.events();
  }

  static constexpr std::size_t kUpdateBytes = 1'000;
  SmallDisk disk_;
  Ledger ledger_{1};
  std::optional<ServerProcess> server_;
};

// Less than the log wants to have left, and nothing at all.
INSTANTIATE_TEST_SUITE_P(, FullDisk, testing::Values(40 * kMiB, 0),
                         [](const auto& tested) { return tested.param == 0 ? "NothingLeft" : "LittleLeft"; });

TEST_P(FullDisk, TellsPublishersServesSubscribersAndGoesOnWhenThereIsSpace) {
  Publisher publisher(server_->port(), server_->token());
  Subscriber subscriber(server_->port(), {.topic = "t"});
  for (int i = 0; i < 500; ++i) ASSERT_EQ(publish(publisher).status, 200);

  disk_.leave(GetParam());
  ASSERT_TRUE(eventually([&] { return publish(publisher).status == 507; }));
  for (int i = 0; i < 100; ++i) {
    const Answer refused = publish(publisher);
    ASSERT_EQ(refused.status, 507);
    ASSERT_NE(refused.body.find("no space is left on the event log's disk"), std::string::npos) << refused.body;
  }
  Subscriber late(server_->port(), {.topic = "t", .last_event_id = "earliest"});
  for (Subscriber* each : {&subscriber, &late}) {
    EXPECT_TRUE(each->read_events(count_acknowledged(ledger_)));
    EXPECT_EQ(fault_in_ledger(each->events(), ledger_), "") << "readers go on";
    EXPECT_FALSE(each->connection().receive(milliseconds(0)));
    EXPECT_EQ(each->connection().ended(), Ended::kNo);
  }

  disk_.free_again();
  ASSERT_TRUE(is_stored_in_the_end(publisher));
  for (int i = 0; i < 500; ++i) ASSERT_EQ(publish(publisher).status, 200);
  for (Subscriber* each : {&subscriber, &late}) {
    EXPECT_TRUE(read_through(*each, ledger_[0].back()));
    EXPECT_EQ(fault_in_ledger(each->events(), ledger_), "");
  }
  server_->kill();
  start();
  EXPECT_EQ(fault_in_ledger(held(), ledger_), "");
}

// Killed while it is full: what was acknowledged is served from the full disk, and kept.
TEST_P(FullDisk, LosesNothingWhenItIsKilledOnIt) {
  {
    Publisher publisher(server_->port(), server_->token());
    for (int i = 0; i < 500; ++i) ASSERT_EQ(publish(publisher).status, 200);
    disk_.leave(GetParam());
    ASSERT_TRUE(eventually([&] { return publish(publisher).status == 507; }));
  }
  server_->kill();
  disk_.free_again();
  start();
  EXPECT_EQ(fault_in_ledger(held(), ledger_), "");
}

}  // namespace
}  // namespace fanfare::live
