#include "engine/base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace sluice {
namespace {

TEST(HistogramTest, AnEmptyOneAnswersZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.at(0.99), 0);
  EXPECT_EQ(histogram.max_ns(), 0);
  EXPECT_EQ(histogram.count_up_to(INT64_MAX), 0u);
}

TEST(HistogramTest, QuantilesAreWithinOneStep) {
  Histogram histogram;
  std::mt19937_64 random(9);
  std::vector<std::int64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    values.push_back(static_cast<std::int64_t>(random() >> (24 + random() % 40)));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(values.size())));
    const std::int64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    EXPECT_GE(histogram.at(quantile), exact) << quantile;
    EXPECT_LE(static_cast<double>(histogram.at(quantile)), static_cast<double>(exact) * (1 + 1.0 / 32) + 1) << quantile;
  }
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.max_ns(), values.back());
}

TEST(HistogramTest, ThreadsThatShareOneLoseNothing) {
  Histogram histogram;
  const auto record = [&histogram](std::int64_t base) {
    for (std::int64_t i = 0; i < 20'000; ++i) histogram.record_shared(base + i % 7);
  };
  std::thread other(record, 1'000);
  record(5'000);
  other.join();
  EXPECT_EQ(histogram.count(), 40'000u);
  EXPECT_EQ(histogram.count_up_to(2'000), 20'000u);
  EXPECT_EQ(histogram.max_ns(), 5'006);
  EXPECT_GT(histogram.sum_ns(), 20'000 * 6'000);
}

TEST(HistogramTest, EveryStepBeginsWhereTheOneBeforeEnds) {
  // Walks all steps by their edges: each edge's successor opens the next step.
  std::int64_t value = 0;
  int steps = 0;
  while (value < std::int64_t{1} << 39) {
    Histogram histogram;
    histogram.record(value);
    const std::int64_t edge = histogram.at(0.5);
    ASSERT_GE(edge, value);
    ASSERT_LE(static_cast<double>(edge - value), static_cast<double>(value) / 32);
    ASSERT_EQ(histogram.count_up_to(value), 1u);
    if (value > 0) {
      ASSERT_EQ(histogram.count_up_to(value - 1), 0u);
    }
    value = edge + 1;
    ++steps;
  }
  EXPECT_EQ(steps, 35 * 32);
}

TEST(HistogramTest, ValuesOutsideTheRangeAreKept) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX / 2);
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.at(0.5), 0);
  EXPECT_EQ(histogram.at(1), INT64_MAX / 2);
  EXPECT_EQ(histogram.sum_ns(), INT64_MAX / 2);
  EXPECT_EQ(histogram.count_up_to(-1), 0u);
}

TEST(HistogramTest, MergeAddsAndResetForgets) {
  Histogram a;
  Histogram b;
  a.record(10);
  b.record(20);
  b.record(5000);
  a.merge(b);
  EXPECT_EQ(a.count(), 3u);
  EXPECT_EQ(a.sum_ns(), 5030);
  EXPECT_EQ(a.max_ns(), 5000);
  EXPECT_EQ(a.at(0.5), 20);
  a.reset();
  EXPECT_EQ(a.count(), 0u);
  EXPECT_EQ(a.max_ns(), 0);
  EXPECT_EQ(b.count(), 2u);
}

}  // namespace
}  // namespace sluice
