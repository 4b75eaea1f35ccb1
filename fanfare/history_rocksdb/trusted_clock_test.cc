#include "fanfare/history_rocksdb/trusted_clock.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

constexpr std::uint64_t kYearMs = 365ull * 24 * 3'600'000;

class TrustedClockTest : public testing::Test {
 protected:
  void pass(std::uint64_t ms) {
    unix_ms_ += ms;
    steady_ms_ += ms;
  }
  std::uint64_t unix_ms_ = 50 * kYearMs;
  std::uint64_t steady_ms_ = 1'000;
  TrustedClock clock_{[this] { return unix_ms_; }, [this] { return steady_ms_; }};
};

TEST_F(TrustedClockTest, FollowsAClockThatRuns) {
  for (int i = 0; i < 100; ++i) {
    pass(3'600'000);
    EXPECT_EQ(clock_.unix_ms(), unix_ms_);
  }
}

TEST_F(TrustedClockTest, FollowsSmallCorrectionsEitherWay) {
  unix_ms_ += TrustedClock::kJumpMs;
  EXPECT_EQ(clock_.unix_ms(), unix_ms_);
  unix_ms_ -= TrustedClock::kJumpMs;
  EXPECT_EQ(clock_.unix_ms(), unix_ms_);
}

TEST_F(TrustedClockTest, DoesNotBelieveAJumpForwardThatIsTakenBack) {
  const std::uint64_t right = clock_.unix_ms();
  unix_ms_ += kYearMs;
  EXPECT_EQ(clock_.unix_ms(), right);
  pass(5'000);
  EXPECT_EQ(clock_.unix_ms(), right + 5'000);
  unix_ms_ -= kYearMs;
  EXPECT_EQ(clock_.unix_ms(), right + 5'000);
  unix_ms_ += kYearMs;  // another one must stand by itself as long
  pass(TrustedClock::kBelievedAfterMs - 1'000);
  EXPECT_EQ(clock_.unix_ms(), right + 5'000 + TrustedClock::kBelievedAfterMs - 1'000);
}

TEST_F(TrustedClockTest, BelievesAJumpForwardThatLasts) {
  const std::uint64_t right = clock_.unix_ms();
  unix_ms_ += kYearMs;
  EXPECT_EQ(clock_.unix_ms(), right);
  pass(TrustedClock::kBelievedAfterMs);
  EXPECT_EQ(clock_.unix_ms(), right + kYearMs + TrustedClock::kBelievedAfterMs);
}

TEST_F(TrustedClockTest, BelievesAJumpBackAtOnce) {
  unix_ms_ -= kYearMs;
  EXPECT_EQ(clock_.unix_ms(), unix_ms_);
}

}  // namespace
}  // namespace fanfare
