// Where one read of the log stops: the bounds of a ReadRequest, counted the same way wherever the updates come from.
// A value; one thread.
#pragma once

#include <cstddef>

#include "fanfare/history/event_log.h"

namespace fanfare {

// What counts against ReadRequest::bytes_max.
inline std::size_t counted_bytes(const Update& update) {
  return update.data.size() + update.id.size() + update.type.size();
}

class ReadBounds {
 public:
  explicit ReadBounds(const ReadRequest& request)
      : bytes_max_(request.bytes_max), scan_updates_max_(request.scan_updates_max) {}

  // Call with each update looked at, in order; true: stop after this one.
  bool is_reached_by(const Update& update, bool wanted) {
    const std::size_t bytes = counted_bytes(update);
    scanned_bytes_ += bytes;
    if (wanted) {
      any_ = true;
      found_bytes_ += bytes;
    }
    return (any_ && found_bytes_ >= bytes_max_) || ++scanned_ >= scan_updates_max_ || scanned_bytes_ >= kScanBytesMax;
  }

 private:
  // Large updates that nobody wants must not make one read long.
  static constexpr std::size_t kScanBytesMax = 16 * 1024 * 1024;

  const std::size_t bytes_max_;
  const std::size_t scan_updates_max_;
  std::size_t found_bytes_ = 0;
  std::size_t scanned_ = 0;
  std::size_t scanned_bytes_ = 0;
  bool any_ = false;
};

}  // namespace fanfare
