#include "store/internal/posting_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kHash = 0x0123'4567'89AB'CDEF;

std::vector<PostingHit> hits_in(std::uint64_t blocks) {
  std::vector<PostingHit> hits;
  for (std::uint64_t block = 1; block <= blocks; ++block) hits.push_back({{block << 20, 0xFFFF}, block % 2 == 0});
  return hits;
}

TEST(PostingCacheTest, GivesBackWhatItWasGivenUpToTheBlockAskedFor) {
  PostingCache cache(1 << 16);
  std::vector<PostingHit> out;
  EXPECT_FALSE(cache.find(kHash, 1, out));
  cache.put(kHash, 4 << 20, hits_in(3));
  EXPECT_FALSE(cache.find(kHash, (4 << 20) + 1, out)) << "it may have postings in a block the entry knows nothing of";
  EXPECT_FALSE(cache.find(kHash + 1, 1, out));
  ASSERT_TRUE(cache.find(kHash, 4 << 20, out));
  ASSERT_THAT(out, SizeIs(3));
  EXPECT_EQ(out[2].at, (Position{3 << 20, 0xFFFF}));
  EXPECT_TRUE(out[1].parent);
  EXPECT_FALSE(out[2].parent);
  out.clear();
  ASSERT_TRUE(cache.find(kHash, 2 << 20, out));
  EXPECT_THAT(out, SizeIs(1)) << "an older view does not see later blocks";
}

TEST(PostingCacheTest, KeepsTheLongerViewAndNoLongList) {
  PostingCache cache(1 << 16);
  std::vector<PostingHit> out;
  cache.put(kHash, 9 << 20, hits_in(3));
  cache.put(kHash, 2 << 20, hits_in(1));
  ASSERT_TRUE(cache.find(kHash, 9 << 20, out));
  EXPECT_THAT(out, SizeIs(3));
  cache.put(kHash + 1, 99 << 20, hits_in(14));
  cache.put(kHash + 2, 99 << 20, hits_in(15));
  EXPECT_TRUE(cache.find(kHash + 1, 99 << 20, out));
  EXPECT_FALSE(cache.find(kHash + 2, 99 << 20, out));
}

TEST(PostingCacheTest, ANewerSourceTakesThePlaceOfAnOlderOne) {
  PostingCache cache(1 << 16);
  std::vector<PostingHit> out;
  cache.put(kHash, 2 << 20, hits_in(1));
  cache.put(kHash + (std::uint64_t{1} << 40), 2 << 20, {});
  EXPECT_FALSE(cache.find(kHash, 1, out));
  EXPECT_TRUE(cache.find(kHash + (std::uint64_t{1} << 40), 2 << 20, out));
  EXPECT_THAT(out, IsEmpty());
}

}  // namespace
}  // namespace sluice
