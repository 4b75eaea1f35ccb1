#include "fanfare/access/token_buckets.h"

#include <gtest/gtest.h>

#include <random>

namespace fanfare {
namespace {

constexpr std::uint64_t kStart_ms = 7'000'000;
constexpr Rate kTwoPerSecond = {.per_s = 2, .burst = 4};

// Takes if it can; else how long to wait.
std::uint64_t try_take(TokenBuckets& buckets, std::uint64_t key, std::uint64_t tokens, Rate rate,
                       std::uint64_t now_ms) {
  const std::uint64_t wait_ms = buckets.wait_ms(key, tokens, rate, now_ms);
  if (wait_ms == 0) buckets.take(key, tokens, rate, now_ms);
  return wait_ms;
}

TEST(TokenBuckets, ABurstPassesAtOnceAndThenWhatTheRateBrings) {
  TokenBuckets buckets(10);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(try_take(buckets, 1, 1, kTwoPerSecond, kStart_ms), 0u);
  EXPECT_EQ(try_take(buckets, 1, 1, kTwoPerSecond, kStart_ms), 500u);
  EXPECT_EQ(try_take(buckets, 1, 1, kTwoPerSecond, kStart_ms + 499), 1u);
  EXPECT_EQ(try_take(buckets, 1, 1, kTwoPerSecond, kStart_ms + 500), 0u);
  EXPECT_EQ(try_take(buckets, 1, 3, kTwoPerSecond, kStart_ms + 500), 1'500u);
  EXPECT_EQ(try_take(buckets, 2, 1, kTwoPerSecond, kStart_ms), 0u) << "a bucket for each key";
}

TEST(TokenBuckets, WhatCostsMoreThanABucketHoldsPassesWhenItIsFullAndLeavesADebt) {
  TokenBuckets buckets(10);
  EXPECT_EQ(try_take(buckets, 1, 100, kTwoPerSecond, kStart_ms), 0u);
  EXPECT_EQ(try_take(buckets, 1, 1, kTwoPerSecond, kStart_ms), 48'500u);
  EXPECT_EQ(try_take(buckets, 1, 100, kTwoPerSecond, kStart_ms + 48'500), 1'500u);
  EXPECT_EQ(try_take(buckets, 1, 100, kTwoPerSecond, kStart_ms + 50'000), 0u);
}

TEST(TokenBuckets, FullOnesAreForgotten) {
  TokenBuckets buckets(1'000);
  for (std::uint64_t key = 0; key < 100; ++key) buckets.take(key, 1, kTwoPerSecond, kStart_ms);
  EXPECT_EQ(buckets.size(), 100u);
  buckets.take(1'000, 1, kTwoPerSecond, kStart_ms + 500);
  EXPECT_EQ(buckets.size(), 1u);
}

TEST(TokenBuckets, AFloodOfKeysCannotGrowThem) {
  TokenBuckets buckets(100);
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    buckets.take(key, 1, kTwoPerSecond, kStart_ms);
    buckets.take(7, 1, kTwoPerSecond, kStart_ms);
    ASSERT_LE(buckets.size(), 100u);
  }
  EXPECT_GT(buckets.wait_ms(7, 1, kTwoPerSecond, kStart_ms), 4'000'000u) << "one in use is kept";
  EXPECT_EQ(buckets.wait_ms(0, 4, kTwoPerSecond, kStart_ms), 0u) << "the one used longest ago is forgotten";
}

// Whatever is asked for and when, no more passes within any time than the burst and what the rate brings.
TEST(TokenBuckets, NoMorePassesThanTheBurstAndTheRate) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    const Rate rate = {.per_s = 1 + random() % 50, .burst = 1 + random() % 100};
    TokenBuckets buckets(10);
    std::uint64_t now_ms = kStart_ms;
    std::uint64_t passed = 0;
    for (int i = 0; i < 200; ++i) {
      now_ms += random() % 100;
      const std::uint64_t tokens = 1 + random() % rate.burst;
      const std::uint64_t wait_ms = try_take(buckets, 1, tokens, rate, now_ms);
      if (wait_ms == 0) passed += tokens;
      // A refusal tells the first moment at which it passes.
      if (wait_ms > 0) {
        ASSERT_EQ(buckets.wait_ms(1, tokens, rate, now_ms + wait_ms), 0u);
        ASSERT_GT(buckets.wait_ms(1, tokens, rate, now_ms + wait_ms - 1), 0u);
      }
      // A nanosecond is lost where the rate does not divide a second.
      ASSERT_LE(passed, rate.burst + (now_ms - kStart_ms) * rate.per_s / 1'000 + 1);
    }
  }
}

}  // namespace
}  // namespace fanfare
