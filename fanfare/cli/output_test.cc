#include "fanfare/cli/output.h"

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace fanfare::cli {
namespace {

struct Pipe {
  Pipe() {
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~Pipe() {
    close_reader();
    close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) close(ends[0]);
    ends[0] = -1;
  }
  int reader() const { return ends[0]; }
  int writer() const { return ends[1]; }

  int ends[2] = {-1, -1};
};

TEST(Output, WritesMoreThanThePipeHolds) {
  Pipe pipe;
  std::string sent;
  for (int i = 0; sent.size() < 300'000; ++i) sent += std::to_string(i);
  std::string received;
  std::thread reader([&] {
    char bytes[1000];
    while (received.size() < sent.size()) {
      received.append(bytes, static_cast<std::size_t>(read(pipe.reader(), bytes, sizeof bytes)));
    }
  });
  EXPECT_EQ(write_all(pipe.writer(), sent), Wrote::kAll);
  reader.join();
  EXPECT_EQ(received, sent);
}

TEST(Output, TellsThatTheReaderHasGone) {
  Pipe pipe;
  EXPECT_TRUE(is_pipe(pipe.writer()));
  EXPECT_FALSE(is_reader_gone(pipe.writer()));
  pipe.close_reader();
  EXPECT_TRUE(is_reader_gone(pipe.writer()));
  EXPECT_EQ(write_all(pipe.writer(), "x"), Wrote::kClosed);
}

TEST(Output, AnInterruptEndsTheWaitForAStalledReader) {
  Pipe stalled;
  Pipe interrupt;
  ASSERT_EQ(write(interrupt.writer(), "!", 1), 1);
  EXPECT_EQ(write_all(stalled.writer(), std::string(1 << 20, 'x'), interrupt.reader()), Wrote::kInterrupted);
  EXPECT_EQ(write_all(interrupt.writer(), "still writable", interrupt.reader()), Wrote::kAll);
}

TEST(Output, ReportsAFullDisk) {
  int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_FALSE(is_pipe(full));
  EXPECT_EQ(write_all(full, "x"), Wrote::kFailed);
  EXPECT_EQ(errno, ENOSPC);
  close(full);
}

}  // namespace
}  // namespace fanfare::cli
