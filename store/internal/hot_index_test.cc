#include "store/internal/hot_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/internal/slot_codec.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

BlockPostings postings_of(std::uint64_t hash, std::vector<std::uint16_t> slots) {
  BlockPostings postings;
  for (const std::uint16_t slot : slots) {
    postings.by_source.push_back({hash, slot, false});
    postings.by_workspace.push_back({1, slot});
  }
  return postings;
}

std::vector<Position> found(const HotView& view, std::uint64_t hash) {
  std::vector<Position> positions;
  for (const auto& segment : *view.segments) {
    segment->by_source().visit(hash, [&](const HotChain::Entry& entry) {
      const std::uint64_t block = segment->first_block() + entry.block;
      if (block <= view.last_block) positions.push_back({block, static_cast<std::uint16_t>(entry.detail >> 1)});
      return true;
    });
  }
  return positions;
}

void add(HotIndex& hot, std::uint64_t sequence, BlockPostings postings) { hot.add(sequence, postings); }

TEST(HotIndexTest, ShowsAGroupOnlyAfterItIsPublished) {
  HotIndex hot(1, 100);
  add(hot, 1, postings_of(7, {0}));
  EXPECT_THAT(found(hot.view(), 7), IsEmpty());
  const HotView before = hot.view();
  hot.publish(1);
  EXPECT_THAT(found(hot.view(), 7), ElementsAre(Position{1, 0}));
  EXPECT_THAT(found(before, 7), IsEmpty()) << "an older view must not change";
}

TEST(HotIndexTest, ForgetsARefusedGroupWhoseNumbersAreUsedAgain) {
  HotIndex hot(1, 100);
  add(hot, 1, postings_of(7, {0}));
  hot.publish(1);
  add(hot, 2, postings_of(7, {3}));
  add(hot, 3, postings_of(8, {4}));
  hot.roll_back();
  add(hot, 2, postings_of(9, {5}));
  hot.roll_back();
  add(hot, 2, postings_of(7, {1}));
  hot.publish(2);
  EXPECT_THAT(found(hot.view(), 7), ElementsAre(Position{2, 1}, Position{1, 0}));
  EXPECT_THAT(found(hot.view(), 8), IsEmpty());
  EXPECT_THAT(found(hot.view(), 9), IsEmpty());
  const auto sealed = hot.seal(true);
  std::vector<std::uint64_t> keys;
  sealed->by_source().each([&](const HotChain::Entry& entry) { keys.push_back(entry.key * 100 + entry.block); });
  EXPECT_THAT(keys, ElementsAre(700, 701)) << "the indexer must not see rolled back entries";
}

TEST(HotIndexTest, SealsAtItsRowsAndDropsTheOldest) {
  HotIndex hot(5, 3);
  add(hot, 5, postings_of(7, {0, 1}));
  hot.publish(5);
  EXPECT_EQ(hot.seal(false), nullptr);
  add(hot, 6, postings_of(7, {0}));
  hot.publish(6);
  const auto sealed = hot.seal(false);
  ASSERT_NE(sealed, nullptr);
  EXPECT_EQ(sealed->first_block(), 5u);
  EXPECT_EQ(sealed->last_block(), 6u);
  EXPECT_EQ(hot.seal(true), nullptr) << "an empty segment is not sealed";
  add(hot, 7, postings_of(7, {2}));
  hot.publish(7);
  const HotView pinned = hot.view();
  EXPECT_EQ(hot.rows(), 4u);
  hot.drop(*sealed);
  EXPECT_EQ(hot.rows(), 1u);
  EXPECT_EQ(hot.view().first_hot_block(), 7u);
  EXPECT_THAT(found(hot.view(), 7), ElementsAre(Position{7, 2}));
  EXPECT_EQ(found(pinned, 7).size(), 4u) << "a pinned view keeps what was dropped";
}

TEST(HotIndexTest, ARefusedGroupThenASealLeaveNoRowsBehindThemAndTakeNone) {
  HotIndex hot(1, 4);
  add(hot, 1, postings_of(7, {0}));
  hot.publish(1);
  add(hot, 2, postings_of(7, {0, 1}));
  hot.roll_back();
  EXPECT_EQ(hot.rows(), 3u) << "dead entries take room";
  const auto sealed = hot.seal(true);
  ASSERT_NE(sealed, nullptr);
  hot.drop(*sealed);
  EXPECT_EQ(hot.rows(), 0u);
  for (int refused = 0; refused < 3; ++refused) {
    add(hot, 2, postings_of(8, {0, 1, 2, 3}));
    hot.roll_back();
    EXPECT_EQ(hot.rows(), 0u) << "what never had a block is not kept: it could never be sealed";
    EXPECT_EQ(hot.seal(false), nullptr);
  }
  add(hot, 2, postings_of(9, {6}));
  hot.publish(2);
  EXPECT_EQ(hot.rows(), 1u);
  EXPECT_THAT(found(hot.view(), 9), ElementsAre(Position{2, 6}));
  EXPECT_THAT(found(hot.view(), 8), IsEmpty());
}

TEST(SlotCodecTest, ReadsBackWhatItWrote) {
  const std::vector<std::uint16_t> kCases[] = {{0}, {65535}, {0, 1, 2, 3}, {5, 7, 8, 9, 20}, {0, 2, 4, 6}, {0, 65535}};
  for (const auto& slots : kCases) {
    std::string runs;
    append_runs(runs, slots);
    std::vector<std::uint16_t> back;
    ASSERT_TRUE(read_runs(runs, back));
    EXPECT_EQ(back, slots);
  }
  std::vector<std::uint16_t> whole(512);
  for (std::size_t at = 0; at < whole.size(); ++at) whole[at] = static_cast<std::uint16_t>(at);
  std::string runs;
  append_runs(runs, whole);
  EXPECT_LE(runs.size(), 3u) << "a block of one owner must stay small";
}

TEST(SlotCodecTest, ReadsBackAHashsPostings) {
  using Posting = std::pair<std::uint64_t, std::uint32_t>;  // Block, mark.
  const std::vector<Posting> kCases[] = {{{9, 0}},
                                         {{9, 131071}},
                                         {{9, 6}, {9, 7}, {9, 8}, {10, 0}, {10, 5}, {900'000, 131070}},
                                         {{1ull << 40, 3}, {(1ull << 40) + 1, 1}, {1ull << 41, 1}}};
  for (const auto& postings : kCases) {
    std::string value = "what was here before";
    PostingListEncoder list(value, postings[0].first, postings[0].second);
    for (std::size_t at = 1; at < postings.size(); ++at) list.add(postings[at].first, postings[at].second);
    std::vector<PostingHit> hits;
    ASSERT_TRUE(read_postings(value, postings[0].first, hits));
    ASSERT_EQ(hits.size(), postings.size());
    for (std::size_t at = 0; at < hits.size(); ++at) {
      const auto [block, mark] = postings[at];
      EXPECT_EQ(hits[at].at, (Position{block, static_cast<std::uint16_t>(mark >> 1)}));
      EXPECT_EQ(hits[at].parent, (mark & 1) != 0);
    }
  }
}

TEST(SlotCodecTest, RefusesWhatNoEncoderWrites) {
  const std::string kCases[] = {"\xff", std::string("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10),
                                std::string("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),
                                std::string("\xfe\xff\x07\xfe\xff\x07", 6), "\x01"};
  for (std::size_t at = 0; at < std::size(kCases); ++at) {
    std::vector<std::uint16_t> slots;
    EXPECT_FALSE(read_runs(kCases[at], slots)) << at;
  }
  const std::string kLists[] = {"", "\xff", std::string("\x80\x80\x08", 3), std::string("\x02\x00\x00", 3),
                                std::string("\x02\x01", 2), std::string("\x02\x00\xfe\xff\x07", 5),
                                std::string("\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 12)};
  for (std::size_t at = 0; at < std::size(kLists); ++at) {
    std::vector<PostingHit> hits;
    EXPECT_FALSE(read_postings(kLists[at], 9, hits)) << at;
  }
}

}  // namespace
}  // namespace sluice
