// The memory that a compression library takes, counted to the byte: the libraries ask for it through allocation
// callbacks. A budget counts compressors by this. Private to this room.
// One thread.
#pragma once

#include <cstddef>

namespace fanfare {

class CountedMemory {
 public:
  CountedMemory() = default;
  ~CountedMemory();  // all of it must have been released
  CountedMemory(const CountedMemory&) = delete;
  CountedMemory& operator=(const CountedMemory&) = delete;

  // Aligned for every type. nullptr if there is no memory: what that means is the library's to say, and its caller's.
  void* allocate(std::size_t bytes);
  // What allocate gave, or nullptr.
  void release(void* memory);

  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

}  // namespace fanfare
