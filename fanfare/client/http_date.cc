#include "fanfare/client/http_date.h"

#include <algorithm>
#include <array>
#include <span>

namespace fanfare::client {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::uint64_t kSecondsPerDay = 86'400;

struct DateTime {
  std::uint64_t year = 0;
  std::uint64_t month = 0;  // 0: January
  std::uint64_t day = 0;
  std::uint64_t seconds = 0;  // of the day
};

// Takes text apart from the left; once something did not fit, it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void expect(std::string_view literal) {
    if (!rest_.starts_with(literal)) failed_ = true;
    if (!failed_) rest_.remove_prefix(literal.size());
  }
  // Which of the words stands here.
  std::uint64_t word(std::span<const std::string_view> words) {
    for (std::size_t i = 0; i < words.size() && !failed_; ++i) {
      if (!rest_.starts_with(words[i])) continue;
      rest_.remove_prefix(words[i].size());
      return i;
    }
    failed_ = true;
    return 0;
  }
  std::uint64_t digits(std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count && !failed_; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
        failed_ = true;
      } else {
        value = value * 10 + static_cast<std::uint64_t>(rest_.front() - '0');
        rest_.remove_prefix(1);
      }
    }
    return value;
  }
  std::uint64_t time_of_day() {
    const std::uint64_t hours = digits(2);
    expect(":");
    const std::uint64_t minutes = digits(2);
    expect(":");
    const std::uint64_t seconds = digits(2);
    if (hours > 23 || minutes > 59 || seconds > 60) failed_ = true;
    return hours * 3'600 + minutes * 60 + std::min<std::uint64_t>(seconds, 59);
  }
  bool next_is(char c) const { return rest_.starts_with(c); }
  bool is_done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

bool is_leap(std::uint64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

std::uint64_t days_in(std::uint64_t year, std::uint64_t month) {
  constexpr std::array<std::uint64_t, 12> kDaysIn = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDaysIn[month] + (month == 1 && is_leap(year) ? 1 : 0);
}

// Leap days of the years from 1 to this one.
std::uint64_t leap_days_through(std::uint64_t year) {
  return year / 4 - year / 100 + year / 400;
}

std::optional<std::uint64_t> to_unix_ms(const DateTime& time) {
  if (time.year < 1970 || time.day < 1 || time.day > days_in(time.year, time.month)) return std::nullopt;
  std::uint64_t days = (time.year - 1970) * 365 + leap_days_through(time.year - 1) - leap_days_through(1969);
  for (std::uint64_t month = 0; month < time.month; ++month) days += days_in(time.year, month);
  return ((days + time.day - 1) * kSecondsPerDay + time.seconds) * 1'000;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<DateTime> parse_fixdate(std::string_view text) {
  Scanner scanner(text);
  DateTime time;
  scanner.word(kDays);
  scanner.expect(", ");
  time.day = scanner.digits(2);
  scanner.expect(" ");
  time.month = scanner.word(kMonths);
  scanner.expect(" ");
  time.year = scanner.digits(4);
  scanner.expect(" ");
  time.seconds = scanner.time_of_day();
  scanner.expect(" GMT");
  return scanner.is_done() ? std::optional(time) : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<DateTime> parse_rfc850(std::string_view text, std::uint64_t now_unix_ms) {
  Scanner scanner(text);
  DateTime time;
  scanner.word(kLongDays);
  scanner.expect(", ");
  time.day = scanner.digits(2);
  scanner.expect("-");
  time.month = scanner.word(kMonths);
  scanner.expect("-");
  const std::uint64_t ending = scanner.digits(2);
  scanner.expect(" ");
  time.seconds = scanner.time_of_day();
  scanner.expect(" GMT");
  if (!scanner.is_done()) return std::nullopt;
  // 365.2425 days a year.
  const std::uint64_t this_year = 1970 + now_unix_ms / 31'556'952'000;
  time.year = this_year + 50 - (this_year + 50 + 100 - ending) % 100;
  return time;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<DateTime> parse_asctime(std::string_view text) {
  Scanner scanner(text);
  DateTime time;
  scanner.word(kDays);
  scanner.expect(" ");
  time.month = scanner.word(kMonths);
  scanner.expect(" ");
  const bool one_digit = scanner.next_is(' ');
  if (one_digit) scanner.expect(" ");
  time.day = scanner.digits(one_digit ? 1 : 2);
  scanner.expect(" ");
  time.seconds = scanner.time_of_day();
  scanner.expect(" ");
  time.year = scanner.digits(4);
  return scanner.is_done() ? std::optional(time) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_http_date_ms(std::string_view text, std::uint64_t now_unix_ms) {
  auto time = parse_fixdate(text);
  if (!time) time = parse_rfc850(text, now_unix_ms);
  if (!time) time = parse_asctime(text);
  return time ? to_unix_ms(*time) : std::nullopt;
}

}  // namespace fanfare::client
