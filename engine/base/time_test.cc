#include "engine/base/time.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

std::string printed(WallTime time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

TEST(TimeTest, ReadsRfc3339) {
  const struct {
    const char* text;
    WallTime time;
  } kCases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00", 0},
      {"1970-01-01 00:00:01Z", 1'000'000'000},
      {"1970-01-01T00:00:00.5Z", 500'000'000},
      {"1970-01-01T00:00:00.000000001Z", 1},
      {"1969-12-31T23:59:59.999999999Z", -1},
      {"1970-01-01T02:00:00+02:00", 0},
      {"1969-12-31T18:30:00-05:30", 0},
      {"1970-01-01T00:00:00-00:00", 0},
      {"2024-02-29T12:34:56.789+00:00", 1'709'210'096'789'000'000},
      {"2000-02-29T00:00:00Z", 951'782'400'000'000'000},
      {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
      {"1677-09-21T00:12:43.145224192Z", INT64_MIN},
  };
  for (const auto& c : kCases) EXPECT_EQ(parse_rfc3339(c.text), c.time) << c.text;
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2024", "2024-01-01", "2024-01-01T", "2024-01-01T00:00", "2024-01-01T00:00Z", "2024-00-01T00:00:00Z",
        "2024-13-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-32T00:00:00Z", "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.1234567890Z", "2024-01-01T00:00:00,5Z",
        "2024-01-01T00:00:00z", "2024-01-01t00:00:00Z", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+01:60", "2024-01-01T00:00:00+01", "2024-01-01T00:00:00ZZ", " 2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00Z ", "2024/01/01T00:00:00Z", "24-01-01T00:00:00Z", "-024-01-01T00:00:00Z",
        "2024-1-1T00:00:00Z", "2262-04-11T23:47:16.854775808Z", "1677-09-21T00:12:43.145224191Z",
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(TimeTest, PrintsMicrosecondsAndMoreOnlyWhenThereIsMore) {
  EXPECT_EQ(printed(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(printed(1'709'210'096'789'000'000), "2024-02-29T12:34:56.789000Z");
  EXPECT_EQ(printed(1'709'210'096'789'000'001), "2024-02-29T12:34:56.789000001Z");
  EXPECT_EQ(printed(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(printed(INT64_MAX), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(printed(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
}

TEST(TimeTest, EveryTimeReadsBackAsItself) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 100'000; ++i) {
    const auto time = static_cast<WallTime>(random());
    ASSERT_EQ(parse_rfc3339(printed(time)), time) << printed(time);
  }
}

TEST(TimeTest, EveryDayFollowsTheDayBefore) {
  constexpr WallTime kDay = 86'400'000'000'000;
  std::string before = printed(-100'000 * kDay);
  for (WallTime day = -100'000 + 1; day < 100'000; ++day) {
    const std::string now = printed(day * kDay);
    ASSERT_LT(before, now);
    ASSERT_EQ(parse_rfc3339(now), day * kDay);
    before = now;
  }
}

TEST(TimeTest, TheMonotonicClockDoesNotGoBack) {
  const MonotonicTime first = monotonic_now();
  EXPECT_GE(monotonic_now(), first);
  EXPECT_GT(wall_now(), 1'600'000'000'000'000'000);
}

}  // namespace
}  // namespace sluice
