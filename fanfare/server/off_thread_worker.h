// One background thread for work that would hold up a shard: building the topic index's automata, and writing long
// lists of subscriptions. A shard has one piece of each kind with it at most.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace fanfare {

class OffThreadWorker {
 public:
  OffThreadWorker();
  // Finishes the work at hand and drops the rest.
  ~OffThreadWorker();
  // Any thread; first in, first out.
  void run(std::move_only_function<void()> work);

 private:
  void work_until_stopped();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fanfare
