#include "fanfare/client/http_date.h"

#include <gtest/gtest.h>

#include <string>

namespace fanfare::client {
namespace {

constexpr std::uint64_t k2026Ms = 1'790'000'000'000;  // in September
constexpr std::uint64_t k1994Ms = 784'111'777'000;    // the date of RFC 9110's examples

TEST(HttpDate, ReadsAllThreeFormsOfRfc9110) {
  EXPECT_EQ(parse_http_date_ms("Sun, 06 Nov 1994 08:49:37 GMT", k2026Ms), k1994Ms);
  EXPECT_EQ(parse_http_date_ms("Sunday, 06-Nov-94 08:49:37 GMT", k2026Ms), k1994Ms);
  EXPECT_EQ(parse_http_date_ms("Sun Nov  6 08:49:37 1994", k2026Ms), k1994Ms);
  EXPECT_EQ(parse_http_date_ms("Sun Nov 16 08:49:37 1994", k2026Ms), k1994Ms + 10 * 86'400'000ull);
}

TEST(HttpDate, KnowsTheCalendar) {
  struct Row {
    const char* text;
    std::uint64_t seconds;
  };
  const Row rows[] = {
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Tue, 29 Feb 2000 12:00:00 GMT", 951'825'600},
      {"Wed, 01 Mar 2000 00:00:00 GMT", 951'868'800},
      {"Thu, 29 Feb 2024 23:59:59 GMT", 1'709'251'199},
      {"Sat, 31 Dec 2016 23:59:60 GMT", 1'483'228'799},
      {"Mon, 01 Mar 2100 00:00:00 GMT", 4'107'542'400},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 253'402'300'799},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_http_date_ms(row.text, k2026Ms), row.seconds * 1'000) << row.text;
}

TEST(HttpDate, TakesTwoDigitsOfAYearForTheNearestThatIsAtMostFiftyYearsAhead) {
  const auto year_2076 = parse_http_date_ms("Wed, 01 Jan 2076 00:00:00 GMT", k2026Ms);
  const auto year_1977 = parse_http_date_ms("Sat, 01 Jan 1977 00:00:00 GMT", k2026Ms);
  ASSERT_TRUE(year_2076 && year_1977);
  EXPECT_EQ(parse_http_date_ms("Wednesday, 01-Jan-76 00:00:00 GMT", k2026Ms), year_2076);
  EXPECT_EQ(parse_http_date_ms("Saturday, 01-Jan-77 00:00:00 GMT", k2026Ms), year_1977);
}

TEST(HttpDate, RefusesAnythingElse) {
  for (const auto* text : {"",
                           "120",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Wed, 29 Feb 2023 00:00:00 GMT",
                           "Mon, 29 Feb 2100 00:00:00 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Wed, 31 Dec 1969 23:59:59 GMT",
                           "Sun, 06 Abc 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 94",
                           "2026-11-21T14:30:00Z"}) {
    EXPECT_EQ(parse_http_date_ms(text, k2026Ms), std::nullopt) << text;
  }
}

TEST(HttpDate, RefusesEveryBeginningOfADate) {
  const std::string forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                               "Sun Nov  6 08:49:37 1994"};
  for (const std::string& form : forms) {
    for (std::size_t size = 0; size < form.size(); ++size) {
      EXPECT_EQ(parse_http_date_ms(form.substr(0, size), k2026Ms), std::nullopt) << form.substr(0, size);
    }
  }
}

}  // namespace
}  // namespace fanfare::client
