#include "fanfare/client/response_head.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace fanfare::client {
namespace {

using Fields = std::vector<HeaderField>;

bool opens(const Fields& fields) {
  return is_event_stream({.status = 200, .fields = fields, .origin = {}, .unix_ms = 0, .body_start = {}});
}

TEST(ResponseHead, FindsAFieldInAnyCaseWithoutTheSpacesAround) {
  const Fields fields = {{"X-A", "1"}, {"rEtry-aFter", " \t7 "}, {"Retry-After", "8"}, {"Empty", "  "}};
  const ResponseHead head{.status = 200, .fields = fields, .origin = {}, .unix_ms = 0, .body_start = {}};
  EXPECT_EQ(head.field("Retry-After"), "7");
  EXPECT_EQ(head.field("empty"), "");
  EXPECT_EQ(head.field("Retry"), std::nullopt);
}

TEST(ResponseHead, TakesTheTypeInAnyCaseWithAnyParameters) {
  for (const auto* type :
       {"text/event-stream", "Text/Event-STREAM", "text/event-stream;", "text/event-stream ; charset=windows-1252",
        " text/event-stream\t", "text/event-stream;charset=utf-8", "text/event-stream; a=\"b, text/html\"",
        "text/event-stream; a=\"\\\", text/html\""}) {
    EXPECT_TRUE(opens({{"content-TYPE", type}})) << type;
  }
}

TEST(ResponseHead, RefusesOtherTypes) {
  for (const auto* type : {"", "text/html", "text/event-streams", "text/event", "text /event-stream", "text/x-bogus",
                           "text/event-stream bogus", "application/event-stream", "text/event-stream/x",
                           "text/event-stream, text/html", "x text/event-stream", "*/*", ";text/event-stream"}) {
    EXPECT_FALSE(opens({{"Content-Type", type}})) << type;
  }
  EXPECT_FALSE(opens({}));
  EXPECT_FALSE(opens({{"Content", "text/event-stream"}}));
}

TEST(ResponseHead, TakesTheLastOfSeveralTypesThatIsOne) {
  EXPECT_TRUE(opens({{"Content-Type", "text/html"}, {"Content-Type", "text/event-stream"}}));
  EXPECT_TRUE(opens({{"Content-Type", "text/html, text/event-stream, bogus, */*"}}));
  EXPECT_FALSE(opens({{"Content-Type", "text/event-stream"}, {"Content-Type", "text/html"}}));
}

std::optional<std::uint64_t> asked(const Fields& fields) {
  return retry_after_ms({.status = 503, .fields = fields, .origin = {}, .unix_ms = 784'111'777'000, .body_start = {}});
}

TEST(ResponseHead, ReadsRetryAfterAsSecondsOrAsADate) {
  EXPECT_EQ(asked({{"Retry-After", "0"}}), 0u);
  EXPECT_EQ(asked({{"Retry-After", " 120 "}}), 120'000u);
  EXPECT_EQ(asked({{"Retry-After", "99999999999999999999999"}}), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(asked({{"Retry-After", "18446744073709551"}}), 18'446'744'073'709'551'000u);
  EXPECT_EQ(asked({{"Retry-After", "18446744073709552"}}), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(asked({{"Retry-After", "Sun, 06 Nov 1994 08:49:39 GMT"}}), 2'000u);
  EXPECT_EQ(asked({{"Retry-After", "Sun, 06 Nov 1994 08:49:36 GMT"}}), 0u);
  EXPECT_EQ(asked({{"Retry-After", "Sun Nov  6 08:50:37 1994"}}), 60'000u);
}

TEST(ResponseHead, CountsADateByTheServersOwnClock) {
  EXPECT_EQ(asked({{"Retry-After", "Tue, 29 Feb 2000 12:00:05 GMT"}, {"Date", "Tue, 29 Feb 2000 12:00:00 GMT"}}),
            5'000u);
  EXPECT_EQ(asked({{"Retry-After", "Sun, 06 Nov 1994 08:49:39 GMT"}, {"Date", "yesterday"}}), 2'000u);
}

TEST(ResponseHead, HasNoRetryAfterThatIsNeither) {
  for (const auto* text : {"", "-1", "1.5", "+1", "soon", "1 2", "0x10"}) {
    EXPECT_EQ(asked({{"Retry-After", text}}), std::nullopt) << text;
  }
  EXPECT_EQ(asked({}), std::nullopt);
}

}  // namespace
}  // namespace fanfare::client
