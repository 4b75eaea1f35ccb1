#include "fanfare/server/off_thread_worker.h"

#include <utility>

namespace fanfare {

OffThreadWorker::OffThreadWorker() : thread_([this] { work_until_stopped(); }) {}

OffThreadWorker::~OffThreadWorker() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void OffThreadWorker::run(std::move_only_function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void OffThreadWorker::work_until_stopped() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace fanfare
