#include "fanfare/history_rocksdb/tail.h"

#include <algorithm>
#include <array>

#include "fanfare/history_rocksdb/read_bounds.h"

namespace fanfare {
namespace {

constexpr std::size_t kOverheadBytes = 64;  // of one update: its place in the deque, the shared pointer's block
constexpr std::size_t kCopiedAtOnce = 128;  // updates taken out under the lock, then looked at without it
constexpr std::size_t kNotHeld = SIZE_MAX;

}  // namespace

void Tail::push(std::span<const LoggedUpdatePtr> batch) {
  std::lock_guard lock(mutex_);
  for (const auto& logged : batch) {
    updates_.push_back(logged);
    bytes_ += logged->update.memory_bytes() + kOverheadBytes;
  }
  if (!batch.empty()) last_ = batch.back()->position;
  while (bytes_ > bytes_max_ && !updates_.empty()) {
    after_ = updates_.front()->position;
    bytes_ -= updates_.front()->update.memory_bytes() + kOverheadBytes;
    updates_.pop_front();
  }
}

Position Tail::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

std::size_t Tail::copy_after(Position after, Position through, std::span<LoggedUpdatePtr> out) const {
  std::lock_guard lock(mutex_);
  if (after < after_) return kNotHeld;
  auto next = std::ranges::upper_bound(updates_, after, {}, &LoggedUpdate::position);
  std::size_t count = 0;
  for (; next != updates_.end() && (*next)->position <= through && count < out.size(); ++next) out[count++] = *next;
  return count;
}

std::optional<ReadResult> Tail::read(const ReadRequest& request) const {
  ReadResult result;
  result.read_through = request.after;
  ReadBounds bounds(request);
  std::array<LoggedUpdatePtr, kCopiedAtOnce> copied;
  while (true) {
    const std::size_t count = copy_after(result.read_through, request.through, copied);
    if (count == kNotHeld) {
      // What was looked at before the tail moved on is an answer; the rest is the next read's.
      if (result.read_through == request.after) return std::nullopt;
      return result;
    }
    for (const auto& logged : std::span(copied).first(count)) {
      result.read_through = logged->position;
      const bool wanted = request.filter->wants(logged->update);
      if (wanted) result.updates.push_back(logged);
      if (bounds.is_reached_by(logged->update, wanted)) return result;
    }
    if (count < copied.size()) {
      result.read_through = std::max(request.after, request.through);
      return result;
    }
  }
}

}  // namespace fanfare
