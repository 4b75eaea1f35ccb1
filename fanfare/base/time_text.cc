#include "fanfare/base/time_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>
#include <optional>

namespace fanfare {
namespace {

namespace chr = std::chrono;

constexpr std::uint64_t kMsPerDay = 24ull * 3'600'000;

// Takes text apart from the left; once something did not fit, it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  unsigned digits(std::size_t count) {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }
  void expect(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == any_of.npos) failed_ = true;
    if (!failed_) rest_.remove_prefix(1);
  }
  bool next_is(std::string_view any_of) const { return !rest_.empty() && any_of.find(rest_.front()) != any_of.npos; }
  // ".25" as milliseconds: 250.
  unsigned fraction_ms() {
    expect(".");
    unsigned ms = digit() * 100;
    for (unsigned weight = 10; next_is("0123456789"); weight /= 10) ms += digit() * weight;
    return ms;
  }
  // Minutes that the time is ahead of UTC.
  int offset_minutes() {
    if (next_is("Zz")) {
      expect("Zz");
      return 0;
    }
    const bool behind = next_is("-");
    expect("+-");
    const unsigned hours = digits(2);
    expect(":");
    const unsigned minutes = digits(2);
    if (hours > 23 || minutes > 59) failed_ = true;
    const int all = static_cast<int>(hours * 60 + minutes);
    return behind ? -all : all;
  }
  bool is_done() const { return !failed_ && rest_.empty(); }

 private:
  unsigned digit() {
    if (!next_is("0123456789")) failed_ = true;
    if (failed_) return 0;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<unsigned>(c - '0');
  }

  std::string_view rest_;
  bool failed_ = false;
};

struct Unit {
  std::string_view name;
  std::uint64_t ms;
};
constexpr std::array kUnits{Unit{"d", kMsPerDay}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                            Unit{"ms", 1}};

std::unexpected<Error> no_duration(std::string_view text) {
  return fail("'" + std::string(text) + "' is no duration: write 90s, 10m, 1h30m or 2d");
}

}  // namespace

Result<std::uint64_t> parse_rfc3339_ms(std::string_view text) {
  Scanner scanner(text);
  const unsigned year = scanner.digits(4);
  scanner.expect("-");
  const unsigned month = scanner.digits(2);
  scanner.expect("-");
  const unsigned day = scanner.digits(2);
  scanner.expect("Tt ");
  const unsigned hour = scanner.digits(2);
  scanner.expect(":");
  const unsigned minute = scanner.digits(2);
  scanner.expect(":");
  const unsigned second = scanner.digits(2);
  const unsigned fraction_ms = scanner.next_is(".") ? scanner.fraction_ms() : 0;
  const int offset_minutes = scanner.offset_minutes();
  const chr::year_month_day date{chr::year(static_cast<int>(year)), chr::month(month), chr::day(day)};
  if (!scanner.is_done() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return fail("'" + std::string(text) + "' is no time: write it as 2026-11-21T14:30:00Z (RFC 3339)");
  }
  const auto time = chr::sys_days(date) + chr::hours(hour) + chr::minutes(minute) +
                    chr::seconds(second == 60 ? 59 : second) - chr::minutes(offset_minutes);
  const auto ms = chr::duration_cast<chr::milliseconds>(time.time_since_epoch()).count() + fraction_ms;
  if (ms < 0) return fail("'" + std::string(text) + "' is before 1970");
  return static_cast<std::uint64_t>(ms);
}

std::string format_rfc3339_ms(std::uint64_t unix_ms) {
  const auto days = chr::floor<chr::days>(chr::sys_time<chr::milliseconds>(chr::milliseconds(unix_ms)));
  const chr::year_month_day date(days);
  const std::uint64_t ms = unix_ms % kMsPerDay;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<unsigned>(ms / 3'600'000), static_cast<unsigned>(ms / 60'000 % 60),
                static_cast<unsigned>(ms / 1'000 % 60), static_cast<unsigned>(ms % 1'000));
  return text.data();
}

Result<std::uint64_t> parse_duration_ms(std::string_view text) {
  std::string_view rest = text;
  std::uint64_t all = 0;
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc()) return no_duration(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return no_duration(text);
    const std::uint64_t unit_ms = kUnits[next_unit++].ms;
    if (count > (std::numeric_limits<std::uint64_t>::max() - all) / unit_ms) return no_duration(text);
    all += count * unit_ms;
    rest.remove_prefix(name.size());
  }
  if (text.empty()) return no_duration(text);
  return all;
}

}  // namespace fanfare
