#include "fanfare/server/off_thread_worker.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <thread>
#include <vector>

namespace fanfare {
namespace {

TEST(OffThreadWorker, WorksInOrderOnItsOwnThread) {
  std::vector<int> done;
  std::promise<std::thread::id> last;
  OffThreadWorker worker;
  for (int i = 0; i < 100; ++i) worker.run([&done, i] { done.push_back(i); });
  worker.run([&] { last.set_value(std::this_thread::get_id()); });
  EXPECT_NE(last.get_future().get(), std::this_thread::get_id());
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(OffThreadWorker, TakesWorkFromAnyThreadAndFromItself) {
  std::promise<int> answer;
  OffThreadWorker worker;
  std::thread other([&] { worker.run([&] { worker.run([&] { answer.set_value(7); }); }); });
  EXPECT_EQ(answer.get_future().get(), 7);
  other.join();
}

TEST(OffThreadWorker, ItsEndFinishesTheWorkAtHandAndDropsTheRest) {
  std::promise<void> begun;
  bool is_finished = false;
  int runs = 0;
  {
    std::function<void()> endless;  // outlives the worker
    OffThreadWorker worker;
    endless = [&] {
      is_finished = false;
      worker.run(endless);
      if (++runs == 100) begun.set_value();
      is_finished = true;
    };
    worker.run(endless);
    begun.get_future().wait();
  }
  EXPECT_TRUE(is_finished);
}

}  // namespace
}  // namespace fanfare
