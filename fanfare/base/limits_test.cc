#include "fanfare/base/limits.h"

#include <gtest/gtest.h>

#include "fanfare/base/limit_ranges.h"

namespace fanfare {
namespace {

TEST(Limits, AnAssignmentSetsTheNamedLimit) {
  Limits limits;
  ASSERT_TRUE(set_limit(limits, "heartbeat_ms=250"));
  EXPECT_EQ(limits.heartbeat_ms, 250u);
}

TEST(Limits, EveryFieldOfTheTableSetsAMemberOfItsOwn) {
  Limits limits;
  std::size_t value = 1000;
  for (const auto& field : limit_fields())
    ASSERT_TRUE(set_limit(limits, std::string(field.name) + "=" + std::to_string(value++)));
  value = 1000;
  for (const auto& field : limit_fields()) EXPECT_EQ(limits.*(field.member), value++) << field.name;
}

TEST(Limits, AnUnknownNameOrABadNumberIsRefusedWithWhatWouldBeRight) {
  Limits limits;
  const auto unknown = set_limit(limits, "hartbeat_ms=1");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("heartbeat_ms"), std::string::npos);
  for (const char* bad : {"heartbeat_ms", "heartbeat_ms=", "heartbeat_ms=1s", "heartbeat_ms=-1", "heartbeat_ms= 1"}) {
    EXPECT_FALSE(set_limit(limits, bad)) << bad;
  }
  EXPECT_EQ(limits.heartbeat_ms, Limits{}.heartbeat_ms);
}

TEST(Limits, HaveRangesInWhichAHubServesAndNothingOverflows) {
  EXPECT_TRUE(check_limits(Limits{}));
  const auto fault_of = [](std::string_view assignment) {
    Limits limits;
    EXPECT_TRUE(set_limit(limits, assignment));
    const auto checked = check_limits(limits);
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(fault_of("turn_bytes_max=0"), "the limit turn_bytes_max takes a number from 1 to 1099511627776, not 0");
  EXPECT_EQ(fault_of("updates_per_s_per_topic_max=4611686018427387904"),
            "the limit updates_per_s_per_topic_max takes a number from 0 to 1000000, not 4611686018427387904");
  EXPECT_NE(fault_of("update_bytes_max=4611686018427387904"), "");
  EXPECT_NE(fault_of("burst_s=3601"), "");
  for (const char* zero : {"connections_max=0", "history_age_ms_max=0", "updates_per_s_per_topic_max=0"}) {
    EXPECT_EQ(fault_of(zero), "") << "0 means something else";
  }
}

}  // namespace
}  // namespace fanfare
