#include "fanfare/base/limit_ranges.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace fanfare {
namespace {

// A tebibyte, or 34 years in milliseconds.
constexpr std::size_t kMost = std::size_t{1} << 40;
constexpr std::size_t kMostPerSecond = 1'000'000;
constexpr std::size_t kMostSecondsOfBurst = 3'600;
constexpr std::size_t kMostStreams = 100'000;

// Without these nothing is served, or a thread never rests.
constexpr auto kNeverZero = std::to_array<std::string_view>({
    "burst_s",
    "catch_up_reads_max",
    "dead_peer_ms",
    "durable_log_check_ms",
    "heartbeat_ms",
    "http2_streams_max",
    "jwks_age_s_max",
    "jwks_fetch_ms_max",
    "poll_bytes_max",
    "request_head_bytes_max",
    "request_headers_max",
    "selector_bytes_max",
    "selectors_per_subscription_max",
    "topic_bytes_max",
    "topics_per_update_max",
    "turn_bytes_max",
    "undispatched_bytes_max",
});

std::size_t least_of(std::string_view name) {
  return std::ranges::find(kNeverZero, name) == kNeverZero.end() ? 0 : 1;
}

std::size_t most_of(std::string_view name) {
  if (name == "burst_s") return kMostSecondsOfBurst;
  if (name == "http2_streams_max") return kMostStreams;
  return name.ends_with("_per_s") || name.find("_per_s_") != name.npos ? kMostPerSecond : kMost;
}

}  // namespace

Result<void> check_limits(const Limits& limits) {
  for (const LimitField& field : limit_fields()) {
    const std::size_t value = limits.*(field.member);
    const std::size_t least = least_of(field.name);
    const std::size_t most = most_of(field.name);
    if (value >= least && value <= most) continue;
    return fail("the limit " + std::string(field.name) + " takes a number from " + std::to_string(least) + " to " +
                std::to_string(most) + ", not " + std::to_string(value));
  }
  return {};
}

}  // namespace fanfare
