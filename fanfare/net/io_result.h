// What became of a read or a write that does not block.
#pragma once

#include <cstddef>

namespace fanfare::net {

enum class IoStatus {
  kDone,        // `bytes` were taken, at least one
  kWouldBlock,  // wait first
  kEnd,         // the peer will send nothing more
  kFailed,      // the connection is broken
};
struct IoResult {
  IoStatus status;
  std::size_t bytes = 0;
};

}  // namespace fanfare::net
