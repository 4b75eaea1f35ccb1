#include "fanfare/client/retry_delay.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <vector>

namespace fanfare::client {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::vector<std::uint64_t> longest(const Policy& policy, std::uint64_t reconnection_time_ms, std::uint64_t count) {
  const RetryDelay delay(policy, 1);
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(delay.longest_ms(reconnection_time_ms, i));
  return all;
}

using Delays = std::vector<std::uint64_t>;

TEST(RetryDelay, DoublesFromTheReconnectionTimeUpToTheCap) {
  EXPECT_EQ(longest(Policy::resilient(), 3'000, 7), (Delays{3'000, 6'000, 12'000, 24'000, 48'000, 60'000, 60'000}));
  EXPECT_EQ(longest(Policy::resilient(), 100'000, 2), (Delays{60'000, 60'000}));
}

TEST(RetryDelay, GrowsFromOneMillisecondWhenTheServerSaysZero) {
  EXPECT_EQ(longest(Policy::resilient(), 0, 4), (Delays{1, 2, 4, 8}));
}

TEST(RetryDelay, DoesNotGrowUnlessThePolicySaysSo) {
  EXPECT_EQ(longest(Policy::standard(), 3'000, 3), (Delays{3'000, 3'000, 3'000}));
  EXPECT_EQ(longest(Policy::standard(), 0, 2), (Delays{0, 0}));
}

TEST(RetryDelay, NeverOverflows) {
  Policy policy = Policy::resilient();
  policy.delay_ms_max = 0;
  const RetryDelay delay(policy, 1);
  EXPECT_EQ(delay.longest_ms(3, 61), std::uint64_t{3} << 61);
  EXPECT_EQ(delay.longest_ms(3, 63), kMost);
  EXPECT_EQ(delay.longest_ms(kMost, 1), kMost);
  EXPECT_EQ(delay.longest_ms(1, kMost), kMost);
}

TEST(RetryDelay, WithoutJitterIsTheLongest) {
  Policy policy = Policy::resilient();
  policy.jitter = Jitter::kNone;
  RetryDelay delay(policy, 1);
  EXPECT_EQ(delay.choose_ms(3'000, 2), 12'000u);
}

// 16 classes of 1,000 expected each: the sum of squares is 15 on average, and above 50 once in 80,000 seeds.
TEST(RetryDelay, WithFullJitterIsUniformFromZeroToTheLongest) {
  constexpr std::uint64_t kClasses = 16;
  constexpr std::uint64_t kEach = 1'000;
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    RetryDelay delay(Policy::resilient(), seed);
    std::array<std::uint64_t, kClasses> seen{};
    for (std::uint64_t i = 0; i < kClasses * kEach; ++i) {
      const std::uint64_t chosen = delay.choose_ms(3'999, 1);  // 0..7998
      ASSERT_LE(chosen, 7'998u);
      ++seen[chosen * kClasses / 7'999];
    }
    double sum = 0;
    for (const std::uint64_t count : seen) {
      const double off = static_cast<double>(count) - static_cast<double>(kEach);
      sum += off * off / static_cast<double>(kEach);
    }
    EXPECT_LT(sum, 50) << "seed " << seed;
  }
}

TEST(RetryDelay, SeededNumbersReachBothEndsAndDifferBySeed) {
  SeededRandom random(7);
  std::array<std::uint64_t, 3> seen{};
  for (int i = 0; i < 300; ++i) ++seen[random.up_to(2)];
  for (const std::uint64_t count : seen) EXPECT_GT(count, 60u);
  EXPECT_EQ(random.up_to(0), 0u);
  EXPECT_NE(SeededRandom(1).up_to(kMost), SeededRandom(2).up_to(kMost));
  EXPECT_EQ(SeededRandom(1).up_to(kMost), SeededRandom(1).up_to(kMost));
}

TEST(RetryDelay, SeededNumbersLeanToNoSideOfARangeThatIsNoPowerOfTwo) {
  SeededRandom random(7);
  int low = 0;
  for (int i = 0; i < 3'000; ++i) low += random.up_to(kMost / 3 * 2) < kMost / 3 ? 1 : 0;
  EXPECT_NEAR(low, 1'500, 150);
}

TEST(RetryDelay, CountsFailuresInARow) {
  RetryDelay delay(Policy::resilient(), 1);
  delay.count_failure();
  delay.count_failure();
  EXPECT_EQ(delay.failures(), 2u);
  delay.reset();
  EXPECT_EQ(delay.failures(), 0u);
}

}  // namespace
}  // namespace fanfare::client
