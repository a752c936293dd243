#include "engine/base/time.h"

#include <algorithm>
#include <cstddef>
#include <ctime>

namespace sluice {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t read_clock(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

/// `count` digits at `at`; -1 when one is missing.
int digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
  if (at > text.size() || count > text.size() - at) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool has(std::string_view text, std::size_t at, char wanted) noexcept { return at < text.size() && text[at] == wanted; }

bool is_leap(int year) noexcept { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int year, int month) noexcept {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

// The two calendar conversions count years from March, so that the leap day is a year's last, in eras of 400 years
// (146,097 days); 719,468 days lie between 0000-03-01 and 1970-01-01.
std::int64_t days_from_date(int year, int month, int day) noexcept {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

struct Date {
  std::int64_t year;
  std::int64_t month;
  std::int64_t day;
};

Date date_from_days(std::int64_t days) noexcept {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

/// Offset in seconds of the zone at `at`, which must end the text.
std::optional<int> parse_zone(std::string_view text, std::size_t at) noexcept {
  const std::string_view zone = text.substr(at);
  if (zone.empty() || zone == "Z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const int hours = digits(zone, 1, 2);
  const int minutes = digits(zone, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int offset = (hours * 60 + minutes) * 60;
  return zone[0] == '+' ? offset : -offset;
}

/// `count` digits of `value` at `at`; returns their end.
char* put_digits(char* at, std::uint64_t value, int count) noexcept {
  for (int i = count - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + count;
}

char* put_two(char* at, std::int64_t value, char behind) noexcept {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
  at[2] = behind;
  return at + 3;
}

}  // namespace

WallTime wall_now() noexcept { return read_clock(CLOCK_REALTIME); }
MonotonicTime monotonic_now() noexcept { return read_clock(CLOCK_MONOTONIC); }

WallTime settled_wall_now() noexcept {
  static const WallTime kBehind = wall_now() - monotonic_now();
  return std::min(wall_now(), kBehind + monotonic_now());
}

std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept {
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
  // No leap second: time since the epoch has no name for it.
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  if (!has(text, 4, '-') || !has(text, 7, '-') || !has(text, 13, ':') || !has(text, 16, ':')) return std::nullopt;
  if (!has(text, 10, 'T') && !has(text, 10, ' ')) return std::nullopt;

  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (has(text, at, '.')) {
    const std::size_t first = ++at;
    std::int64_t unit = kSecond;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      if (at - first == 9) return std::nullopt;  // Finer than we store: refused, never cut.
      unit /= 10;
      fraction += (text[at] - '0') * unit;
    }
    if (at == first) return std::nullopt;
  }
  const std::optional<int> offset = parse_zone(text, at);
  if (!offset) return std::nullopt;

  const std::int64_t seconds =
      days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - *offset;
  const __int128 time = static_cast<__int128>(seconds) * kSecond + fraction;
  if (time < INT64_MIN || time > INT64_MAX) return std::nullopt;
  return static_cast<WallTime>(time);
}

void append_rfc3339(std::string& out, WallTime time) {
  std::int64_t seconds = time / kSecond;
  std::int64_t fraction = time % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --seconds;
  }
  std::int64_t days = seconds / 86400;
  std::int64_t in_day = seconds % 86400;
  if (in_day < 0) {
    in_day += 86400;
    --days;
  }
  const Date date = date_from_days(days);
  char text[32];
  char* at = put_digits(text, static_cast<std::uint64_t>(date.year), 4);  // 1677 to 2262.
  *at++ = '-';
  at = put_two(at, date.month, '-');
  at = put_two(at, date.day, 'T');
  at = put_two(at, in_day / 3600, ':');
  at = put_two(at, in_day / 60 % 60, ':');
  at = put_two(at, in_day % 60, '.');
  const auto nanoseconds = static_cast<std::uint64_t>(fraction);
  at = nanoseconds % 1000 == 0 ? put_digits(at, nanoseconds / 1000, 6) : put_digits(at, nanoseconds, 9);
  *at++ = 'Z';
  out.append(text, static_cast<std::size_t>(at - text));
}

}  // namespace sluice
