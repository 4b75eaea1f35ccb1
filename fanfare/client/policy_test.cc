#include "fanfare/client/policy.h"

#include <gtest/gtest.h>

#include <limits>

namespace fanfare::client {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

Policy resilient_with(auto member, auto value) {
  Policy policy = Policy::resilient();
  policy.*member = value;
  return policy;
}

TEST(Policy, BothPresetsAreValid) {
  EXPECT_TRUE(check_policy(Policy::standard()));
  EXPECT_TRUE(check_policy(Policy::resilient()));
}

TEST(Policy, StandardDoesWhatTheStandardSaysAndNoMore) {
  const Policy policy = Policy::standard();
  EXPECT_EQ(policy.retry_statuses, RetryStatuses::kNone);
  EXPECT_EQ(policy.clean_end, CleanEnd::kReconnect);
  EXPECT_EQ(policy.reconnection_time_ms, 3'000u);
  EXPECT_EQ(policy.growth, Growth::kNone);
  EXPECT_EQ(policy.jitter, Jitter::kNone);
  for (const std::uint64_t none : {policy.attempts_max, policy.delay_ms_max, policy.retry_after_ms_max,
                                   policy.connect_timeout_ms, policy.idle_timeout_ms}) {
    EXPECT_EQ(none, 0u);
  }
}

TEST(Policy, NamesTheMemberThatCannotBeMeantAndWhatItTakes) {
  struct Row {
    Policy policy;
    std::string_view message;
  };
  const Row rows[] = {
      {resilient_with(&Policy::reconnection_time_ms, 0u), "reconnection_time_ms takes a number from 1 to"},
      {resilient_with(&Policy::reconnection_time_ms, kMost), "reconnection_time_ms takes"},
      {resilient_with(&Policy::delay_ms_max, 2'999u),
       "delay_ms_max (2999) is less than its reconnection_time_ms (3000)"},
      {resilient_with(&Policy::delay_ms_max, kMost), "delay_ms_max takes"},
      {resilient_with(&Policy::stable_ms, kMost), "stable_ms takes"},
      {resilient_with(&Policy::retry_after_ms_max, kMost), "retry_after_ms_max takes"},
      {resilient_with(&Policy::connect_timeout_ms, kMost), "connect_timeout_ms takes a number from 0 to"},
      {resilient_with(&Policy::idle_timeout_ms, kMost), "idle_timeout_ms takes"},
      {resilient_with(&Policy::line_bytes_max, 0u), "line_bytes_max takes a number from 1 to"},
      {resilient_with(&Policy::event_bytes_max, 0u), "event_bytes_max takes"},
  };
  for (const Row& row : rows) {
    const auto checked = check_policy(row.policy);
    ASSERT_FALSE(checked) << row.message;
    EXPECT_NE(checked.error().message.find(row.message), std::string::npos) << checked.error().message;
  }
  EXPECT_TRUE(check_policy(resilient_with(&Policy::delay_ms_max, 0u)));
  EXPECT_TRUE(check_policy(resilient_with(&Policy::delay_ms_max, 3'000u)));
}

TEST(Policy, KnowsTheIdempotentMethodsInTheirCase) {
  for (const auto* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) EXPECT_TRUE(is_idempotent(method));
  for (const auto* method : {"POST", "PATCH", "get", "", "QUERY"}) EXPECT_FALSE(is_idempotent(method));
}

}  // namespace
}  // namespace fanfare::client
