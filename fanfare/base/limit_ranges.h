// What values the limits may have, so that no product of two overflows and no hub is made that serves nobody.
// Pure; any thread.
#pragma once

#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"

namespace fanfare {

// Fails with the first that is out of its range, by name, and with what it takes.
Result<void> check_limits(const Limits& limits);

}  // namespace fanfare
