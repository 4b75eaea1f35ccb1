// What a policy means for the loss of a connection, written down a second time: the simulation compares the session
// with it. Shares the policy's data with the client and no code. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "fanfare/client/source_session.h"

namespace fanfare::simulation {

// How a connection was lost, as the driver knows it.
struct Loss {
  client::FailureKind kind;
  int status = 0;
  bool sent = false;
  std::optional<std::uint64_t> open_for_ms;  // nothing if it never was
  bool had_event = false;
  std::uint64_t asked_ms = 0;  // Retry-After
  std::uint64_t reconnection_time_ms = 0;
};

struct Expected {
  client::FailureKind kind;
  bool retries = false;
  bool ends_quietly = false;
  std::uint64_t least_ms = 0;  // of the delay
  std::uint64_t most_ms = 0;
};

class RetryModel {
 public:
  RetryModel(const client::Policy& policy, bool idempotent) : policy_(policy), idempotent_(idempotent) {}

  // Counts the failure.
  Expected lose(const Loss& loss);

 private:
  bool wants_retry(const Loss& loss) const;

  const client::Policy policy_;
  const bool idempotent_;
  std::uint64_t failed_in_a_row_ = 0;
};

}  // namespace fanfare::simulation
