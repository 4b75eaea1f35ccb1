// Keeps the log within its bounds: a thread that looks once in a while, moves the log's beginning forward and gives
// files back. It never deletes updates one by one: whole files go at once, the rest when compaction meets it.
// What it is not: exact in bytes. Files go whole, so a log may exceed bytes_max by a few of them.
// Its own thread; the destructor waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/rocksdb_log.h"
#include "fanfare/history_rocksdb/trusted_clock.h"

namespace fanfare {

class RetentionKeeper {
 public:
  // All borrowed. appended: the updates appended since the log was opened. last: the newest position; called on the
  // keeper's thread.
  RetentionKeeper(Database& database, const Retention& bounds, const std::atomic<std::uint64_t>& appended,
                  TrustedClock& clock, std::function<Position()> last, Log* log);
  ~RetentionKeeper();

 private:
  void keep_until_stopped();
  Result<void> keep();
  Result<void> age_topics();
  void sweep_if_due();
  // The last position that is older than that; kBeforeAll: none.
  Result<Position> older_than(std::uint64_t age_ms);
  // The last position that the bound gives up; kBeforeAll: none.
  Position too_large() const;
  // The same, given what the others give up; at least that.
  Result<Position> too_many(Position given_up);

  Database& database_;
  const Retention bounds_;
  const std::atomic<std::uint64_t>& appended_;
  TrustedClock& clock_;
  const std::function<Position()> last_;
  Log* const log_;

  std::uint64_t held_ = 0;  // updates in (counted_after_, counted_through_]
  Position counted_after_ = kBeforeAll;
  Position counted_through_ = kBeforeAll;
  std::uint64_t swept_appended_ = 0;  // appended_ at the last sweep
  bool is_sweep_wanted_ = false;
  std::chrono::steady_clock::time_point next_sweep_{};  // not before, unless much is new

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fanfare
