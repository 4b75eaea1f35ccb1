#include "fanfare/access/token_buckets.h"

#include <algorithm>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

}  // namespace

std::uint64_t TokenBuckets::wait_ms(std::uint64_t key, std::uint64_t tokens, Rate rate, std::uint64_t now_ms) const {
  FANFARE_CHECK(rate.per_s > 0 && rate.burst > 0);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return 0;
  const std::uint64_t ns_per_token = kNsPerSecond / rate.per_s;
  // The bucket has enough while it is no further from full than this.
  const std::uint64_t spare_ns = (rate.burst - std::min(tokens, rate.burst)) * ns_per_token;
  const std::uint64_t latest_ns = now_ms * kNsPerMs + spare_ns;
  const std::uint64_t full_at_ns = found->second->full_at_ns;
  return full_at_ns <= latest_ns ? 0 : (full_at_ns - latest_ns + kNsPerMs - 1) / kNsPerMs;
}

void TokenBuckets::take(std::uint64_t key, std::uint64_t tokens, Rate rate, std::uint64_t now_ms) {
  FANFARE_CHECK(rate.per_s > 0 && rate.burst > 0);
  const std::uint64_t now_ns = now_ms * kNsPerMs;
  const auto [entry, is_new] = by_key_.try_emplace(key);
  if (is_new) {
    entry->second = buckets_.insert(buckets_.begin(), {key, now_ns});
  } else {
    buckets_.splice(buckets_.begin(), buckets_, entry->second);
  }
  Bucket& bucket = buckets_.front();
  bucket.full_at_ns = std::max(bucket.full_at_ns, now_ns) + tokens * (kNsPerSecond / rate.per_s);
  while (buckets_.size() > 1 && (buckets_.size() > buckets_max_ || buckets_.back().full_at_ns <= now_ns)) {
    by_key_.erase(buckets_.back().key);
    buckets_.pop_back();
  }
}

}  // namespace fanfare
