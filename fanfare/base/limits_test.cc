#include "fanfare/base/limits.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace fanfare
