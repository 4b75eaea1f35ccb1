// How long tests wait for what must happen.
#pragma once

#include <chrono>

namespace fanfare::live {

using std::chrono::milliseconds;

// On a busy machine.
inline constexpr milliseconds kPatience{15'000};

}  // namespace fanfare::live
