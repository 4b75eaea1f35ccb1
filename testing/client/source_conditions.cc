#include "testing/client/source_conditions.h"

namespace fanfare::simulation {

using namespace client;

namespace {

Policy some_policy(Dice& dice) {
  Policy policy = dice.percent(20) ? Policy::standard() : Policy::resilient();
  if (dice.percent(30)) policy.retry_statuses = dice.pick({RetryStatuses::kNone, RetryStatuses::kTransient});
  if (dice.percent(15)) policy.clean_end = CleanEnd::kClose;
  if (dice.percent(50)) policy.non_idempotent = NonIdempotent::kRepeat;
  if (dice.percent(30)) policy.attempts_max = 1 + dice.below(6);
  if (dice.percent(50)) policy.reconnection_time_ms = dice.pick<std::uint64_t>({1, 100, 3'000});
  if (dice.percent(20)) policy.growth = dice.pick({Growth::kNone, Growth::kDoubling});
  if (dice.percent(20)) policy.jitter = dice.pick({Jitter::kNone, Jitter::kFull});
  if (dice.percent(30)) policy.delay_ms_max = dice.pick<std::uint64_t>({0, 3'000, 10'000});
  if (dice.percent(30)) policy.stable_ms = dice.pick<std::uint64_t>({0, 1, 100'000});
  if (dice.percent(20)) policy.retry_after_ms_max = dice.pick<std::uint64_t>({0, 2'000});
  if (dice.percent(20)) policy.connect_timeout_ms = dice.pick<std::uint64_t>({0, 1'000});
  if (dice.percent(20)) policy.idle_timeout_ms = dice.pick<std::uint64_t>({0, 500});
  if (dice.percent(10)) policy.event_bytes_max = 40;
  return policy;
}

}  // namespace

SourceOptions some_options(Dice& dice) {
  return {.policy = some_policy(dice),
          .method = dice.percent(80) ? "GET" : "POST",
          .last_event_id = {},
          .comments = dice.pick({Comments::kSkip, Comments::kDeliver}),
          .seed = dice.below(1'000'000'000)};
}

}  // namespace fanfare::simulation
