#include "fanfare/coding/counted_memory.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

// Before each block stands its size, with the head's own:
//
//   | block size | padding to the alignment | the library's bytes …
constexpr std::size_t kHeadBytes = alignof(std::max_align_t);
static_assert(kHeadBytes >= sizeof(std::size_t));

}  // namespace

CountedMemory::~CountedMemory() {
  FANFARE_CHECK(bytes_ == 0);
}

void* CountedMemory::allocate(std::size_t bytes) {
  if (bytes > SIZE_MAX - kHeadBytes) return nullptr;
  void* const block = std::malloc(kHeadBytes + bytes);
  if (block == nullptr) return nullptr;
  new (block) std::size_t(kHeadBytes + bytes);
  bytes_ += kHeadBytes + bytes;
  return static_cast<char*>(block) + kHeadBytes;
}

void CountedMemory::release(void* memory) {
  if (memory == nullptr) return;
  void* const block = static_cast<char*>(memory) - kHeadBytes;
  bytes_ -= *static_cast<const std::size_t*>(block);
  std::free(block);
}

}  // namespace fanfare
