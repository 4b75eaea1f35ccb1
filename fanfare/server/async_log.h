// For tests, not for the program: a log whose completions come later and on another thread, as those of a disk do.
#pragma once

#include <memory>
#include <utility>

#include "fanfare/history/memory_log.h"
#include "fanfare/server/off_thread_worker.h"

namespace fanfare {

class AsyncLog final : public EventLog {
 public:
  explicit AsyncLog(const Limits& limits = {}) : held_(limits) {}

  void append_all(std::vector<Update> updates, AppendAllDone done) override {
    worker_.run([this, updates = std::move(updates), done = std::move(done)]() mutable {
      held_.append_all(std::move(updates), std::move(done));
    });
  }
  Position follow(LogFollower& follower) override { return held_.follow(follower); }
  void unfollow(LogFollower& follower) override { held_.unfollow(follower); }
  void read_after(ReadRequest request, ReadDone done) override {
    worker_.run([this, request = std::move(request), done = std::move(done)]() mutable {
      held_.read_after(std::move(request), std::move(done));
    });
  }
  void find(std::string id, FindDone done) override {
    worker_.run(
        [this, id = std::move(id), done = std::move(done)]() mutable { held_.find(std::move(id), std::move(done)); });
  }
  void find_time(std::uint64_t unix_ms, FindDone done) override {
    worker_.run([this, unix_ms, done = std::move(done)]() mutable { held_.find_time(unix_ms, std::move(done)); });
  }
  Position transient_after() const override { return held_.transient_after(); }
  std::string id_of(Position position) const override { return held_.id_of(position); }

 private:
  MemoryLog held_;
  OffThreadWorker worker_;
};

}  // namespace fanfare
