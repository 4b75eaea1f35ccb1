// An allocator for a C library that counts what it has given out. malloc's own figures: what the process really pays.
// One thread.
#pragma once

#include <malloc.h>

#include <cstddef>
#include <cstdlib>

#include "fanfare/base/check.h"

namespace fanfare::http {

// The functions take the CountedMemory as their last argument, as C libraries want it.
struct CountedMemory {
  static void* allocate(std::size_t bytes, void* self) { return counted(std::malloc(bytes), self); }
  static void* allocate_zeroed(std::size_t count, std::size_t bytes, void* self) {
    return counted(std::calloc(count, bytes), self);
  }
  static void* reallocate(void* memory, std::size_t bytes, void* self) {
    static_cast<CountedMemory*>(self)->bytes -= malloc_usable_size(memory);
    return counted(std::realloc(memory, bytes), self);
  }
  static void release(void* memory, void* self) {
    static_cast<CountedMemory*>(self)->bytes -= malloc_usable_size(memory);
    std::free(memory);
  }

  std::size_t bytes = 0;

 private:
  // As elsewhere, there is no going on without memory.
  static void* counted(void* memory, void* self) {
    FANFARE_CHECK(memory != nullptr);
    static_cast<CountedMemory*>(self)->bytes += malloc_usable_size(memory);
    return memory;
  }
};

}  // namespace fanfare::http
