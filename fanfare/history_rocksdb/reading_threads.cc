#include "fanfare/history_rocksdb/reading_threads.h"

#include <sys/resource.h>

#include <utility>

namespace fanfare {
namespace {

// Where there are more threads than cores, replays wait for what is live and not the other way round.
constexpr int kNice = 5;

}  // namespace

ReadingThreads::ReadingThreads(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    threads_.emplace_back([this, i] { work_until_stopped(i); });
  }
}

ReadingThreads::~ReadingThreads() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  threads_.clear();
}

void ReadingThreads::run(Work work) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void ReadingThreads::work_until_stopped(std::size_t number) {
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of this thread, on Linux; it only costs time if it fails
  while (true) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work(number);
  }
}

}  // namespace fanfare
