// A follower of the log that keeps what is committed until the test dispatches it. on_committed: any thread; the rest:
// the test's.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "fanfare/history/event_log.h"

namespace fanfare::simulation {

class CommittedQueue final : public LogFollower {
 public:
  void on_committed(std::span<const LoggedUpdatePtr> batch) override {
    std::lock_guard lock(mutex_);
    updates_.insert(updates_.end(), batch.begin(), batch.end());
    committed_ = batch.back()->position;
    arrived_.notify_all();
  }

  // Waits until the log has told of this position.
  void wait_for(Position position) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return committed_ >= position; });
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return updates_.size();
  }

  // The oldest, at most so many.
  std::vector<LoggedUpdatePtr> take(std::size_t count_max) {
    std::lock_guard lock(mutex_);
    std::vector<LoggedUpdatePtr> taken;
    for (; !updates_.empty() && taken.size() < count_max; updates_.pop_front()) taken.push_back(updates_.front());
    return taken;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<LoggedUpdatePtr> updates_;
  Position committed_ = kBeforeAll;
};

}  // namespace fanfare::simulation
