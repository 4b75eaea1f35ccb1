// When a source tries again (the formula of policy.h): counts failures in a row and chooses within the jitter.
// What it is not: whether it tries again. Pure; one thread.
#pragma once

#include <cstdint>

#include "fanfare/client/policy.h"

namespace fanfare::client {

// Even numbers from a seed (SplitMix64), the same on every machine. Not for secrets.
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  // Any of 0..max, all equally often.
  std::uint64_t up_to(std::uint64_t max);

 private:
  std::uint64_t next();

  std::uint64_t state_;
};

class RetryDelay {
 public:
  RetryDelay(const Policy& policy, std::uint64_t seed) : policy_(policy), random_(seed) {}

  // A connection that had been stable is over: what follows is the first failure.
  void reset() { failures_ = 0; }
  // One more attempt in a row has failed.
  void count_failure() { ++failures_; }
  std::uint64_t failures() const { return failures_; }

  // The longest delay after so many failures in a row before the one that is to be waited for.
  std::uint64_t longest_ms(std::uint64_t reconnection_time_ms, std::uint64_t failures_before) const;
  // The delay: that, or with jitter any time up to it.
  std::uint64_t choose_ms(std::uint64_t reconnection_time_ms, std::uint64_t failures_before);

 private:
  const Policy policy_;
  SeededRandom random_;
  std::uint64_t failures_ = 0;
};

}  // namespace fanfare::client
