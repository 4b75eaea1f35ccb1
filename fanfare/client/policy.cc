#include "fanfare/client/policy.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace fanfare::client {
namespace {

// 34 years, or a tebibyte: sums of a few of them do not overflow.
constexpr std::uint64_t kMost = std::uint64_t{1} << 40;

struct Duration {
  std::string_view name;
  std::uint64_t Policy::* member;
  std::uint64_t least;
};

constexpr std::array kDurations = {
    Duration{"reconnection_time_ms", &Policy::reconnection_time_ms, 1},
    Duration{"delay_ms_max", &Policy::delay_ms_max, 0},
    Duration{"stable_ms", &Policy::stable_ms, 0},
    Duration{"retry_after_ms_max", &Policy::retry_after_ms_max, 0},
    Duration{"connect_timeout_ms", &Policy::connect_timeout_ms, 0},
    Duration{"idle_timeout_ms", &Policy::idle_timeout_ms, 0},
};

std::unexpected<Error> out_of_range(std::string_view name, std::uint64_t least, std::uint64_t most,
                                    std::uint64_t value) {
  return fail("the policy's " + std::string(name) + " takes a number from " + std::to_string(least) + " to " +
              std::to_string(most) + ", not " + std::to_string(value));
}

}  // namespace

Policy Policy::standard() {
  Policy policy;
  policy.retry_statuses = RetryStatuses::kNone;
  policy.growth = Growth::kNone;
  policy.delay_ms_max = 0;
  policy.jitter = Jitter::kNone;
  policy.retry_after_ms_max = 0;
  policy.connect_timeout_ms = 0;
  policy.idle_timeout_ms = 0;
  return policy;
}

Policy Policy::resilient() {
  return {};
}

Result<void> check_policy(const Policy& policy) {
  for (const Duration& duration : kDurations) {
    const std::uint64_t value = policy.*(duration.member);
    if (value < duration.least || value > kMost) return out_of_range(duration.name, duration.least, kMost, value);
  }
  for (const auto& [name, value] :
       {std::pair{"line_bytes_max", policy.line_bytes_max}, std::pair{"event_bytes_max", policy.event_bytes_max}}) {
    if (value < 1 || value > kMost) return out_of_range(name, 1, kMost, value);
  }
  if (policy.delay_ms_max != 0 && policy.delay_ms_max < policy.reconnection_time_ms) {
    return fail("the policy's delay_ms_max (" + std::to_string(policy.delay_ms_max) +
                ") is less than its reconnection_time_ms (" + std::to_string(policy.reconnection_time_ms) +
                "), from which delays grow: it takes at least as much, or 0 for no bound");
  }
  return {};
}

bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kIdempotent = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::ranges::find(kIdempotent, method) != kIdempotent.end();
}

}  // namespace fanfare::client
