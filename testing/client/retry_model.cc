#include "testing/client/retry_model.h"

#include <algorithm>
#include <cmath>

namespace fanfare::simulation {

using client::FailureKind;

bool RetryModel::wants_retry(const Loss& loss) const {
  const bool may_send_again = idempotent_ || !loss.sent || policy_.non_idempotent == client::NonIdempotent::kRepeat;
  switch (loss.kind) {
    case FailureKind::kNetwork:
    case FailureKind::kTimeout:
    case FailureKind::kIdle:
      return may_send_again;
    case FailureKind::kEnded:
      return may_send_again && policy_.clean_end == client::CleanEnd::kReconnect;
    case FailureKind::kStatus:
      return may_send_again && policy_.retry_statuses == client::RetryStatuses::kTransient &&
             (loss.status / 100 == 5 || loss.status == 429 || loss.status == 408);
    default:
      return false;
  }
}

Expected RetryModel::lose(const Loss& loss) {
  const bool stable = loss.open_for_ms &&
                      (*loss.open_for_ms >= policy_.stable_ms || (loss.kind == FailureKind::kEnded && loss.had_event));
  if (stable) failed_in_a_row_ = 0;
  double longest = static_cast<double>(loss.reconnection_time_ms);
  if (policy_.growth == client::Growth::kDoubling) {
    longest = std::max(longest, 1.0) * std::pow(2.0, static_cast<double>(failed_in_a_row_));
  }
  if (policy_.delay_ms_max > 0) longest = std::min(longest, static_cast<double>(policy_.delay_ms_max));
  if (!stable) ++failed_in_a_row_;

  Expected expected{.kind = loss.kind, .retries = wants_retry(loss)};
  expected.ends_quietly = loss.kind == FailureKind::kEnded && !expected.retries;
  if (expected.retries && !stable && policy_.attempts_max > 0 && failed_in_a_row_ >= policy_.attempts_max) {
    expected.retries = false;
    expected.kind = FailureKind::kAttemptsUsedUp;
  }
  const std::uint64_t asked = std::min(loss.asked_ms, policy_.retry_after_ms_max);
  expected.most_ms = asked + static_cast<std::uint64_t>(longest);
  expected.least_ms = policy_.jitter == client::Jitter::kFull ? asked : expected.most_ms;
  return expected;
}

}  // namespace fanfare::simulation
