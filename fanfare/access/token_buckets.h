// Rates of many: a bucket for each key, which fills at a rate and holds a burst. What costs more than a bucket holds
// passes when it is full, and leaves it in debt. A bucket that is full again is as good as none and is forgotten; if
// there are too many all the same, the one that was used longest ago is, to the advantage of its owner.
// Pure: times are arguments (ms, never going back). One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace fanfare {

struct Rate {
  std::uint64_t per_s;  // tokens; not 0
  std::uint64_t burst;  // tokens of a full bucket; not 0
};

class TokenBuckets {
 public:
  explicit TokenBuckets(std::size_t buckets_max) : buckets_max_(buckets_max) {}

  // How long it takes until so many tokens can be had; 0: they can now. Rounded up.
  std::uint64_t wait_ms(std::uint64_t key, std::uint64_t tokens, Rate rate, std::uint64_t now_ms) const;
  // Whether they can or not: more is in debt then.
  void take(std::uint64_t key, std::uint64_t tokens, Rate rate, std::uint64_t now_ms);

  std::size_t size() const { return buckets_.size(); }

 private:
  // Tells all that is to know: what is missing is what comes in until then.
  struct Bucket {
    std::uint64_t key;
    std::uint64_t full_at_ns;
  };

  const std::size_t buckets_max_;
  std::list<Bucket> buckets_;  // the one used last at the front
  std::unordered_map<std::uint64_t, std::list<Bucket>::iterator> by_key_;
};

}  // namespace fanfare
