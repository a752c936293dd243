#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/model/row.h"
#include "engine/model/row_samples.h"

/// What a block may hold and what it costs; what its rows read back as: block_test.cc.

namespace sluice {
namespace {

using samples::finish;
using samples::kKeys;
using samples::Maker;
using samples::plain_sample;
using samples::Sample;

TEST(BlockBuilderTest, ATypicalRowIsSmall) {
  // Ten scores per source, ten labels, no texts; all mixed, or those of a source next to each other.
  for (const bool neighbours : {false, true}) {
    Maker maker(5);
    BlockBuilder builder(kKeys);
    std::vector<std::string_view> sources;
    for (int i = 0; i < 52; ++i) sources.push_back(maker.uuid(1'000'000'000));
    std::size_t added = 0;
    while (!builder.full()) {
      const Sample sample = plain_sample(maker, sources[neighbours ? added / 10 : maker.below(sources.size())]);
      builder.add(sample.record, sample.value, sample.context);
      ++added;
    }
    const std::size_t bytes = finish(builder).bytes.size();
    EXPECT_LE(bytes, added * (neighbours ? 9 : 10)) << neighbours;
  }
  // Every source new to the block.
  Maker maker(6);
  BlockBuilder builder(kKeys);
  while (!builder.full()) {
    const Sample sample = plain_sample(maker, maker.uuid(UINT64_MAX));
    builder.add(sample.record, sample.value, sample.context);
  }
  const std::size_t rows = builder.rows();
  EXPECT_LE(finish(builder).bytes.size(), rows * 24);
}

TEST(BlockBuilderTest, RepeatedTextsCostAFewBytes) {
  BlockBuilder builder(kKeys);
  Maker maker(7);
  Sample sample = plain_sample(maker, "one-source");
  sample.record.verdict = "a verdict that many scores share";
  sample.record.notes = "and the same note under each of them";
  sample.record.metadata = R"({"model":"m-1","prompt":"p-7"})";
  builder.add(sample.record, sample.value, sample.context);
  const std::size_t first = builder.bytes();
  builder.add(sample.record, sample.value, sample.context);
  EXPECT_LE(builder.bytes() - first, 2u + 1 + 2 + 2 + 3 * 2);
}

TEST(BlockBuilderTest, ClosesAtEitherLimit) {
  Maker maker(8);
  BlockBuilder builder(kKeys);
  EXPECT_TRUE(builder.fits(limits::kBlockRows, limits::kAtomicBytes));
  EXPECT_FALSE(builder.fits(limits::kBlockRows + 1, 1));
  const Sample sample = plain_sample(maker, "x");
  for (std::size_t i = 0; i < limits::kBlockRows; ++i) {
    EXPECT_FALSE(builder.full()) << i;
    EXPECT_TRUE(builder.fits(limits::kBlockRows - i, 100)) << i;
    EXPECT_FALSE(builder.fits(limits::kBlockRows - i + 1, 100)) << i;
    builder.add(sample.record, sample.value, sample.context);
  }
  EXPECT_TRUE(builder.full());
  EXPECT_FALSE(builder.fits(1, 1));
  (void)finish(builder);
  EXPECT_EQ(builder.rows(), 0u);

  Sample large = plain_sample(maker, "x");
  std::string notes(10'000, 'n');
  large.record.notes = notes;
  std::size_t added = 0;
  for (; !builder.full(); ++added) {
    notes[0] = static_cast<char>('a' + added);
    builder.add(large.record, large.value, large.context);
  }
  EXPECT_EQ(added, limits::kBlockBytes / 10'000 + 1);
  EXPECT_FALSE(builder.fits(1, 1));
}

TEST(BlockBuilderTest, ABuilderStartsAnewAfterEachBlock) {
  const auto build = [](BlockBuilder& builder, std::uint64_t seed) {
    Maker maker(seed);
    for (int i = 0; i < 50; ++i) {
      const Sample sample = maker.sample();
      builder.add(sample.record, sample.value, sample.context);
    }
    return finish(builder).bytes;
  };
  BlockBuilder used(kKeys);
  (void)build(used, 1);
  BlockBuilder fresh(kKeys);
  EXPECT_EQ(build(used, 2), build(fresh, 2));
}

TEST(BlockBuilderTest, SealingStampsTimeAndSequence) {
  BlockBuilder builder(kKeys);
  Maker maker(10);
  const Sample sample = plain_sample(maker, "x");
  builder.add(sample.record, sample.value, sample.context);
  std::string bytes;
  BlockPostings postings;
  builder.finish(bytes, postings);
  EXPECT_FALSE(BlockView::open(bytes).ok());  // Not sealed yet.
  seal_block(bytes, -5, UINT64_MAX);
  const Result<BlockView> view = BlockView::open(bytes);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->inserted_at(), -5);
  EXPECT_EQ(view->sequence(), UINT64_MAX);
}

}  // namespace
}  // namespace sluice
