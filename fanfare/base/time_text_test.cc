#include "fanfare/base/time_text.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

std::uint64_t time(const char* text) {
  return parse_rfc3339_ms(text).value();
}
std::uint64_t duration(const char* text) {
  return parse_duration_ms(text).value();
}

TEST(Rfc3339, ReadsTimesInAnyZone) {
  EXPECT_EQ(time("1970-01-01T00:00:00Z"), 0u);
  EXPECT_EQ(time("2001-09-09T01:46:40Z"), 1'000'000'000'000u);
  EXPECT_EQ(time("2001-09-09t01:46:40.25z"), 1'000'000'000'250u);
  EXPECT_EQ(time("2001-09-09 03:46:40.1239999+02:00"), 1'000'000'000'123u);
  EXPECT_EQ(time("2001-09-08T20:16:40-05:30"), 1'000'000'000'000u);
  EXPECT_EQ(time("2024-02-29T12:00:00Z"), 1'709'208'000'000u);
  EXPECT_EQ(time("2016-12-31T23:59:60Z"), time("2016-12-31T23:59:59Z"));
}

TEST(Rfc3339, SaysWhatIsNoTime) {
  for (const char* text :
       {"", "yesterday", "2001-09-09", "2001-09-09T01:46Z", "2001-09-09T01:46:40", "2001-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z", "2001-09-09T24:00:00Z", "2001-09-09T00:60:00Z", "2001-09-09T00:00:61Z",
        "2001-09-09T00:00:00.Z", "2001-09-09T00:00:00+0200", "2001-09-09T00:00:00+24:00", "2001-09-09T00:00:00Z ",
        "+001-09-09T00:00:00Z"}) {
    const auto parsed = parse_rfc3339_ms(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("RFC 3339"), std::string::npos);
  }
  EXPECT_EQ(parse_rfc3339_ms("1969-12-31T23:59:59Z").error().message, "'1969-12-31T23:59:59Z' is before 1970");
}

TEST(Rfc3339, WritesWhatItReads) {
  EXPECT_EQ(format_rfc3339_ms(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339_ms(1'000'000'000'250), "2001-09-09T01:46:40.250Z");
  EXPECT_EQ(time(format_rfc3339_ms(1'709'251'199'999).c_str()), 1'709'251'199'999u);
}

TEST(Duration, AddsUpItsUnits) {
  EXPECT_EQ(duration("500ms"), 500u);
  EXPECT_EQ(duration("90s"), 90'000u);
  EXPECT_EQ(duration("10m"), 600'000u);
  EXPECT_EQ(duration("1h30m"), 5'400'000u);
  EXPECT_EQ(duration("2d"), 172'800'000u);
  EXPECT_EQ(duration("1d2h3m4s5ms"), 93'784'005u);
}

TEST(Duration, SaysWhatIsNone) {
  for (const char* text : {"", "10", "m", "-1m", "1.5h", "10 m", "1m1h", "1m1m", "1y", "10M", "99999999999999999999s",
                           "999999999999999999d"}) {
    const auto parsed = parse_duration_ms(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, "'" + std::string(text) + "' is no duration: write 90s, 10m, 1h30m or 2d");
  }
}

}  // namespace
}  // namespace fanfare
