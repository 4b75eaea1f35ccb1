// How much of something a peer may do in a time: a bucket that holds burst_s seconds' worth of a rate, and is full at
// first. It is 16 bytes, for there is one in each connection. Milliseconds of any steady clock. One thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fanfare {

class Allowance {
 public:
  // Whether so many more are allowed now. A rate of 0 allows all.
  bool take(std::size_t count, std::size_t per_s, std::size_t burst_s, std::uint64_t now_ms);

 private:
  std::uint64_t spent_ = 0;  // in thousandths, as times are
  std::uint64_t filled_ms_ = 0;
};

}  // namespace fanfare
