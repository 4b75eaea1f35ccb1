// What the log has committed on its way to one shard: the log's thread puts it in, the shard's thread takes it out a
// turn's worth at a time. It never loses or reorders; when it grows beyond its bound it says so, and publishers wait.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "fanfare/history/event_log.h"

namespace fanfare {

class Feed final : public LogFollower {
 public:
  // wake: called on the log's thread when updates come to an empty feed; must not block.
  // overfull_feeds: counts the feeds of all shards that are beyond bytes_max.
  Feed(std::size_t bytes_max, std::atomic<int>& overfull_feeds, std::function<void()> wake)
      : bytes_max_(bytes_max), overfull_feeds_(overfull_feeds), wake_(std::move(wake)) {}

  void on_committed(std::span<const LoggedUpdatePtr> batch) override;

  // Moves the oldest updates to `batch`, at least one if there is any, until their bytes reach bytes_max. Returns
  // whether more remain: then no wake follows, and the caller comes again by itself.
  bool take(std::vector<LoggedUpdatePtr>& batch, std::size_t bytes_max);

 private:
  const std::size_t bytes_max_;
  std::atomic<int>& overfull_feeds_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::deque<LoggedUpdatePtr> updates_;
  std::size_t bytes_ = 0;
};

}  // namespace fanfare
