#include "fanfare/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fanfare {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "fanfare: internal error: %s is not true (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace fanfare
