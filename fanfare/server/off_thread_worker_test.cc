#include "fanfare/server/off_thread_worker.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
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

TEST(OffThreadWorker, ItsEndWaitsForTheWorkAtHandAndLeavesNothingOfTheRest) {
  std::promise<void> begun;
  std::promise<void> may_end;
  bool is_finished = false;
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> later = held;
  std::thread ender;
  {
    OffThreadWorker worker;
    worker.run([&] {
      begun.set_value();
      may_end.get_future().wait();
      is_finished = true;
    });
    worker.run([held = std::move(held)] {});
    begun.get_future().wait();
    ender = std::thread([&] { may_end.set_value(); });
  }
  ender.join();
  EXPECT_TRUE(is_finished);
  EXPECT_TRUE(later.expired());
}

}  // namespace
}  // namespace fanfare
