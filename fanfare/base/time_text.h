// Times and durations as people write them: RFC 3339 timestamps and "1h30m".
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare {

// "2026-11-21T14:30:00Z", "2026-11-21T14:30:00.250+01:00" (RFC 3339 section 5.6; from 1970 on) to Unix milliseconds,
// finer fractions cut off. A leap second counts as the second before it.
Result<std::uint64_t> parse_rfc3339_ms(std::string_view text);

// In UTC, with milliseconds: "2026-11-21T14:30:00.250Z".
std::string format_rfc3339_ms(std::uint64_t unix_ms);

// "10m", "1h30m", "500ms", "2d": whole numbers with their units (ms, s, m, h, d), the largest first, to milliseconds.
Result<std::uint64_t> parse_duration_ms(std::string_view text);

}  // namespace fanfare
