#include "net/transport/rate_limiter.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr MonotonicTime kNow = 5'000'000'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

TEST(RateLimiterTest, TakesExactlyTheRateAtOnceAndNotOneMore) {
  for (const std::uint64_t rate : {1u, 2u, 3u, 7u, 100u, 999u, 10'000u}) {
    RateLimiter limiter(1);
    for (std::uint64_t i = 0; i < rate; ++i)
      ASSERT_EQ(limiter.take(1, RateKind::requests, rate, 1, kNow), 0) << rate << ": " << i;
    EXPECT_GT(limiter.take(1, RateKind::requests, rate, 1, kNow), 0) << rate;
  }
}

TEST(RateLimiterTest, ABurstIsSoManySecondsOfTheRate) {
  RateLimiter limiter(5);
  EXPECT_EQ(limiter.take(1, RateKind::scores, 100, 500, kNow), 0);
  EXPECT_EQ(limiter.take(1, RateKind::scores, 100, 1, kNow), kSecond / 100);
}

TEST(RateLimiterTest, TheWaitItNamesIsEnoughAndNotTooLong) {
  RateLimiter limiter(1);
  ASSERT_EQ(limiter.take(1, RateKind::scores, 1000, 1000, kNow), 0);
  const std::int64_t wait = limiter.take(1, RateKind::scores, 1000, 250, kNow);
  EXPECT_EQ(wait, kSecond / 4);
  EXPECT_EQ(limiter.take(1, RateKind::scores, 1000, 250, kNow + wait - 1), 1);
  EXPECT_EQ(limiter.take(1, RateKind::scores, 1000, 250, kNow + wait), 0);
}

TEST(RateLimiterTest, ARefusalCostsNothing) {
  RateLimiter limiter(1);
  ASSERT_EQ(limiter.take(1, RateKind::requests, 1, 1, kNow), 0);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(limiter.take(1, RateKind::requests, 1, 1, kNow), kSecond);
  EXPECT_EQ(limiter.take(1, RateKind::requests, 1, 1, kNow + kSecond), 0);
}

TEST(RateLimiterTest, WhatIsLargerThanABurstIsTakenAndPaidForAfterwards) {
  RateLimiter limiter(1);
  constexpr std::uint64_t kMiB = 1u << 20;
  EXPECT_EQ(limiter.take(1, RateKind::bytes, kMiB, 16 * kMiB, kNow), 0);
  EXPECT_EQ(limiter.take(1, RateKind::bytes, kMiB, 16 * kMiB, kNow), 16 * kSecond);
  EXPECT_EQ(limiter.take(1, RateKind::bytes, kMiB, 16 * kMiB, kNow + 16 * kSecond - 1), 1);
  EXPECT_EQ(limiter.take(1, RateKind::bytes, kMiB, 16 * kMiB, kNow + 16 * kSecond), 0);
}

TEST(RateLimiterTest, WhatHappenedAlreadyIsOwed) {
  RateLimiter limiter(1);
  limiter.charge(1, RateKind::bytes, 100, 300, kNow);
  EXPECT_EQ(limiter.take(1, RateKind::bytes, 100, 1, kNow), 2 * kSecond + kSecond / 100);
}

TEST(RateLimiterTest, KeysAndKindsDoNotShare) {
  RateLimiter limiter(1);
  ASSERT_EQ(limiter.take(1, RateKind::requests, 1, 1, kNow), 0);
  EXPECT_EQ(limiter.take(1, RateKind::scores, 1, 1, kNow), 0);
  EXPECT_EQ(limiter.take(2, RateKind::requests, 1, 1, kNow), 0);
  EXPECT_EQ(limiter.take(limits::kKeys, RateKind::requests, 1, 1, kNow), 0);
  EXPECT_GT(limiter.take(1, RateKind::requests, 1, 1, kNow), 0);
}

TEST(RateLimiterTest, NoLimitAndNoCostNeverWait) {
  RateLimiter limiter(1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.take(1, RateKind::bytes, 0, 1u << 30, kNow), 0);
  ASSERT_EQ(limiter.take(1, RateKind::scores, 1, 1, kNow), 0);
  EXPECT_EQ(limiter.take(1, RateKind::scores, 1, 0, kNow), 0);
}

TEST(RateLimiterTest, ThreadsTogetherTakeNoMoreThanOneWould) {
  RateLimiter limiter(1);
  std::atomic<int> taken{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5000; ++i)
          if (limiter.take(3, RateKind::requests, 10'000, 1, kNow) == 0) taken.fetch_add(1);
      });
    }
  }
  EXPECT_EQ(taken.load(), 10'000);
}

TEST(RateLimiterTest, HugeCostsStayInRange) {
  RateLimiter limiter(3600);
  EXPECT_EQ(limiter.take(1, RateKind::bytes, 1, ~std::uint64_t{0}, kNow), 0);
  const std::int64_t wait = limiter.take(1, RateKind::bytes, 1, 1, kNow);
  EXPECT_GT(wait, 0);
  EXPECT_EQ(RateLimiter::retry_after_seconds(wait), 2'147'483'647);
}

TEST(RateLimiterTest, RetryAfterIsWholeSecondsRoundedUp) {
  EXPECT_EQ(RateLimiter::retry_after_seconds(1), 1);
  EXPECT_EQ(RateLimiter::retry_after_seconds(kSecond), 1);
  EXPECT_EQ(RateLimiter::retry_after_seconds(kSecond + 1), 2);
}

TEST(RateLimiterTest, TheMessageNamesTheLimitItsValueAndWhen) {
  EXPECT_EQ(RateLimiter(1).message(RateKind::scores, 500, 3),
            "This API key may send 500 scores per second and has sent more. Nothing was stored; try again in 3 s.");
  EXPECT_EQ(RateLimiter(4).message(RateKind::bytes, 10, 1),
            "This API key may send 10 bytes of bodies per second (40 at once) and has sent more. Nothing was stored; "
            "try again in 1 s.");
}

TEST(RateLimiterTest, AKeysOwnLimitGoesBeforeTheServers) {
  const Rates server = {10, 20, 30};
  EXPECT_EQ(rates_of({}, server), server);
  EXPECT_EQ(rates_of({.requests = 1, .scores = 0, .bytes = {}}, server), (Rates{1, 0, 30}));
}

}  // namespace
}  // namespace sluice
