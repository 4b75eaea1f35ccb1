#include "fanfare/net/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

namespace fanfare::net {
namespace {

using std::chrono::milliseconds;

TEST(Loop, RunsWhatIsPostedInOrderAndNeverInsideTheCall) {
  Loop loop;
  std::string said;
  loop.post([&] {
    loop.post([&] { said += "c"; });
    said += "a";
  });
  loop.post([&] { said += "b"; });
  loop.post([&] { loop.post([&] { loop.stop(); }); });
  EXPECT_EQ(said, "");
  loop.run();
  EXPECT_EQ(said, "abc");
}

TEST(Loop, DispatchRunsAtOnceOnItsOwnThreadOnly) {
  Loop loop;
  std::string said;
  loop.dispatch([&] { said += "a"; });
  EXPECT_EQ(said, "");
  loop.post([&] {
    loop.dispatch([&] { said += "b"; });
    said += "c";
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(said, "abc");
}

TEST(Loop, TakesWorkFromOtherThreads) {
  Loop loop;
  int sum = 0;
  std::thread other([&] {
    for (int i = 1; i <= 1'000; ++i) loop.post([&, i] { sum += i; });
    loop.dispatch([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  EXPECT_EQ(sum, 500'500);
}

TEST(Loop, WhatNeverRanIsDestroyedWithIt) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> task = held;
  {
    Loop loop;
    loop.post([held = std::move(held)] {});
    EXPECT_FALSE(task.expired());
  }
  EXPECT_TRUE(task.expired());
}

TEST(Loop, StopBeforeRunIsNotForgotten) {
  Loop loop;
  loop.stop();
  loop.run();
}

TEST(Loop, TellsEachTerminationSignal) {
  Loop loop;
  int signals = 0;
  loop.on_termination_signals([&] {
    if (++signals == 1) {
      ::kill(::getpid(), SIGINT);
    } else {
      loop.stop();
    }
  });
  loop.post([] { ::kill(::getpid(), SIGTERM); });
  loop.run();
  EXPECT_EQ(signals, 2);
}

TEST(Loop, TellsOfAHangupAlsoOfOneBeforeItRan) {
  Loop loop;
  int hangups = 0;
  loop.on_hangup_signal([&] {
    if (++hangups == 2) return loop.stop();
    ::kill(::getpid(), SIGHUP);
  });
  ::kill(::getpid(), SIGHUP);
  loop.run();
  EXPECT_EQ(hangups, 2);
}

TEST(Timer, RunsOnceAfterItsDelay) {
  Loop loop;
  Timer timer(loop);
  const std::uint64_t begin_ms = steady_ms();
  int runs = 0;
  timer.start(milliseconds(20), [&] {
    ++runs;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(runs, 1);
  EXPECT_GE(steady_ms() - begin_ms + 1, 20u);
}

TEST(Timer, MayBeStartedAgainFromItsOwnTask) {
  Loop loop;
  Timer timer(loop);
  int runs = 0;
  std::function<void()> again = [&] {
    if (++runs == 3) return loop.stop();
    timer.start(milliseconds(1), [&] { again(); });
  };
  again();
  loop.run();
  EXPECT_EQ(runs, 3);
}

TEST(Timer, AnotherStartOrCancelOrItsEndReplacesWhatWasPending) {
  Loop loop;
  Timer replaced(loop);
  Timer cancelled(loop);
  auto destroyed = std::make_unique<Timer>(loop);
  std::string said;
  replaced.start(milliseconds(0), [&] { said += "x"; });
  replaced.start(milliseconds(2), [&] { said += "a"; });
  cancelled.start(milliseconds(0), [&] { said += "y"; });
  destroyed->start(milliseconds(0), [&] { said += "z"; });
  // All of them are due when the loop comes to look: whoever is too late must not run either.
  loop.post([&] {
    cancelled.cancel();
    destroyed.reset();
  });
  Timer last(loop);
  last.start(milliseconds(30), [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(said, "a");
}

}  // namespace
}  // namespace fanfare::net
