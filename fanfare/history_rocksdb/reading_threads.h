// A few threads that wait for the disk so that others need not. First come, first served; no bound of its own, since
// every reader of the log has one read under way.
// Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fanfare {

class ReadingThreads {
 public:
  // Gets the number of the thread that does it, from 0.
  using Work = std::move_only_function<void(std::size_t)>;

  explicit ReadingThreads(std::size_t count);
  // Does what is still waiting, then ends.
  ~ReadingThreads();

  void run(Work work);

 private:
  void work_until_stopped(std::size_t number);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> waiting_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace fanfare
