#include "fanfare/server/feed.h"

namespace fanfare {

void Feed::on_committed(std::span<const LoggedUpdatePtr> batch) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    was_empty = updates_.empty();
    const bool was_overfull = bytes_ > bytes_max_;
    for (const auto& logged : batch) {
      updates_.push_back(logged);
      bytes_ += logged->update.memory_bytes();
    }
    if (!was_overfull && bytes_ > bytes_max_) ++overfull_feeds_;
  }
  if (was_empty && !batch.empty()) wake_();
}

bool Feed::take(std::vector<LoggedUpdatePtr>& batch, std::size_t bytes_max) {
  std::lock_guard lock(mutex_);
  const bool was_overfull = bytes_ > bytes_max_;
  for (std::size_t taken = 0; !updates_.empty() && taken < bytes_max;) {
    const std::size_t bytes = updates_.front()->update.memory_bytes();
    taken += bytes;
    bytes_ -= bytes;
    batch.push_back(std::move(updates_.front()));
    updates_.pop_front();
  }
  if (was_overfull && bytes_ <= bytes_max_) --overfull_feeds_;
  return !updates_.empty();
}

}  // namespace fanfare
