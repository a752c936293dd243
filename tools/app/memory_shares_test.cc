#include "tools/app/memory_shares.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::size_t sum(const MemoryShares& shares) { return shares.store + shares.bodies + shares.records + shares.replies; }

TEST(MemorySharesTest, TheDefaultAddsUpToTheSetting) {
  const MemoryShares shares(1024 * kMiB, limits::kBodyBytes);
  EXPECT_EQ(shares.store, 512 * kMiB);
  EXPECT_EQ(shares.bodies, 192 * kMiB);
  EXPECT_EQ(shares.replies, 128 * kMiB);
  EXPECT_EQ(shares.decoded_body_max, limits::kDecodedBodyBytes);
  EXPECT_GT(shares.scores_in_flight, 4 * limits::kItems) << "several of the largest requests";
  EXPECT_EQ(sum(shares), 1024 * kMiB);
}

TEST(MemorySharesTest, TheSmallestSettingAddsUpToo) {
  const MemoryShares shares(256 * kMiB, 4 * kMiB);
  EXPECT_EQ(shares.store, 128 * kMiB);
  EXPECT_EQ(shares.decoded_body_max, 16 * kMiB);
  EXPECT_EQ(shares.bodies, 48 * kMiB);
  EXPECT_GT(shares.scores_in_flight, limits::kItems) << "one of the largest requests";
  EXPECT_EQ(sum(shares), 256 * kMiB);
}

TEST(MemorySharesTest, OneBodyOfTheLimitAlwaysFits) {
  for (const std::size_t memory : {256 * kMiB, 1024 * kMiB, 16384 * kMiB}) {
    for (const std::size_t body : {std::size_t{1024}, 4 * kMiB, limits::kBodyBytes, limits::kBodyBytesMax}) {
      const MemoryShares shares(memory, body);
      EXPECT_GE(shares.bodies / 2, body + shares.decoded_body_max + 1) << memory << " " << body;
      EXPECT_GE(shares.decoded_body_max, body);
    }
  }
}

TEST(MemorySharesTest, MoreMemoryGivesAtMostTheLimits) {
  const MemoryShares shares(64 * 1024 * kMiB, limits::kBodyBytes);
  EXPECT_EQ(shares.bodies, limits::kBodyBytesInFlight);
  EXPECT_EQ(shares.replies, limits::kReplyBytesInFlight);
  EXPECT_EQ(shares.scores_in_flight, limits::kScoresInFlight);
  EXPECT_EQ(shares.store, 32 * 1024 * kMiB);
}

}  // namespace
}  // namespace sluice
