#include <cstring>

#include <gtest/gtest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/base/limits.h"
#include "engine/model/row.h"
#include "engine/model/row_samples.h"

namespace sluice {

bool operator==(const Posting& a, const Posting& b) {
  return a.hash == b.hash && a.slot == b.slot && a.parent == b.parent;
}
bool operator==(const BlockPostings::Slot& a, const BlockPostings::Slot& b) {
  return a.owner == b.owner && a.slot == b.slot;
}

namespace {

using samples::Built;
using samples::finish;
using samples::kKeys;
using samples::Maker;
using samples::plain_sample;
using samples::Sample;

void expect_same_source(const SourceRef& read, const SourceRef& written) {
  EXPECT_EQ(read.spelling, written.spelling);
  EXPECT_EQ(read.type(), written.type());
  EXPECT_EQ(read.id, written.id);
}

void expect_target(const TargetIdentity& read, const TargetIdentity& written) {
  EXPECT_EQ(read.kind, written.kind);
  EXPECT_EQ(read.origin, written.origin);
  EXPECT_EQ(read.generation, written.generation);
  EXPECT_EQ(read.idempotency, written.idempotency);
  EXPECT_EQ(read.item, written.item);
}

void expect_row(const Row& row, const Sample& sample) {
  const ScoreRecord& record = sample.record;
  EXPECT_EQ(row.kind, record.kind);
  EXPECT_EQ(row.identity, sample.context.idempotency ? IdentityKind::idempotency : record.identity);
  EXPECT_EQ(row.patch_fields, record.patch_fields);
  EXPECT_EQ(row.parent_in_identity, record.parent_in_identity);
  EXPECT_EQ(row.has_notes, record.has_notes);
  EXPECT_EQ(row.workspace, sample.context.workspace);
  EXPECT_EQ(row.annotator, record.annotator.value_or(sample.context.annotator));
  EXPECT_EQ(row.dialect, sample.context.dialect);
  EXPECT_EQ(row.label, sample.context.label);
  expect_same_source(row.source, record.source);
  expect_same_source(row.parent, record.parent);
  EXPECT_EQ(row.value, sample.value);
  EXPECT_EQ(row.verdict, record.verdict);
  EXPECT_EQ(row.notes, record.notes);
  EXPECT_EQ(row.score_source, record.score_source);
  EXPECT_EQ(row.client_id, record.client_id);
  EXPECT_EQ(row.queue_item, record.queue_item);
  EXPECT_EQ(row.metadata, record.metadata);
  EXPECT_EQ(row.event_time, record.event_time);
  EXPECT_EQ(row.idempotency, sample.context.idempotency);
  EXPECT_EQ(row.item, sample.context.idempotency ? record.item : 0);
  if (record.kind == EventKind::patch || record.kind == EventKind::erase) expect_target(row.target, record.target);
}

TEST(BlockTest, EveryRowReadsBackAndPostingsAreAFunctionOfTheBytes) {
  BlockBuilder builder(kKeys);
  RowScratch scratch;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Maker maker(seed);
    std::vector<Sample> written;
    const std::size_t wanted = 1 + maker.below(limits::kBlockRows);
    while (written.size() < wanted && !builder.full()) {
      written.push_back(maker.sample());
      EXPECT_EQ(builder.add(written.back().record, written.back().value, written.back().context), written.size() - 1);
    }
    EXPECT_EQ(builder.rows(), written.size());
    const std::size_t announced = builder.bytes();
    const Built built = finish(builder);
    EXPECT_EQ(built.bytes.size(), announced);

    const Result<BlockView> view = BlockView::open(built.bytes);
    ASSERT_TRUE(view.ok()) << seed;
    EXPECT_EQ(view->rows(), written.size());
    EXPECT_EQ(view->sequence(), 42u);
    EXPECT_EQ(view->inserted_at(), 1'700'000'000'000'000'000);
    // Backwards: no row may need the one before it.
    for (std::size_t slot = written.size(); slot-- > 0;) {
      Row row;
      ASSERT_TRUE(view->row(static_cast<std::uint16_t>(slot), row, scratch).ok()) << seed << " " << slot;
      expect_row(row, written[slot]);
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed << " slot " << slot;
    }
    BlockPostings again;
    ASSERT_TRUE(view->postings(kKeys, again).ok());
    EXPECT_EQ(again.by_source, built.postings.by_source);
    EXPECT_EQ(again.by_client_id, built.postings.by_client_id);
    EXPECT_EQ(again.by_annotator, built.postings.by_annotator);
    EXPECT_EQ(again.by_workspace, built.postings.by_workspace);
  }
}

TEST(BlockTest, PostsSourceParentAndClientId) {
  BlockBuilder builder(kKeys);
  const SourceRef span{SourceSpelling::span, {}, "s1"};
  const SourceRef trace{SourceSpelling::trace, {}, "t1"};
  ScoreRecord record;
  record.source = span;
  record.parent = trace;
  record.client_id = "c1";
  record.source_hash = source_hash(kKeys, 3, span);
  const RowContext context{3, 5, DialectCode::twosignal, 7, {}};
  builder.add(record, Value{}, context);
  record.kind = EventKind::source;
  record.client_id = {};
  record.parent = {};
  builder.add(record, Value{}, context);
  const Built built = finish(builder);
  EXPECT_EQ(built.postings.by_source, (std::vector<Posting>{{source_hash(kKeys, 3, span), 0, false},
                                                            {source_hash(kKeys, 3, trace), 0, true},
                                                            {source_hash(kKeys, 3, span), 1, false}}));
  EXPECT_EQ(built.postings.by_client_id, (std::vector<Posting>{{client_id_hash(kKeys, 3, "c1"), 0, false}}));
  EXPECT_EQ(built.postings.by_annotator, (std::vector<BlockPostings::Slot>{{5, 0}}));
  EXPECT_EQ(built.postings.by_workspace, (std::vector<BlockPostings::Slot>{{3, 0}}));
}

TEST(BlockTest, AnAnnotatorOfTheRecordIsTheRowsOwner) {
  BlockBuilder builder(kKeys);
  Maker maker(1);
  Sample sample = plain_sample(maker, "x");
  sample.record.kind = EventKind::erase;
  sample.record.annotator = 77;
  builder.add(sample.record, sample.value, sample.context);
  const Built built = finish(builder);
  EXPECT_EQ(built.postings.by_annotator, (std::vector<BlockPostings::Slot>{{77, 0}}));
}

TEST(BlockTest, AnAtomicBatchOfManyBytesStaysInOneBlock) {
  Maker maker(9);
  BlockBuilder builder(kKeys);
  std::vector<Sample> written;
  for (std::size_t i = 0; i < 200; ++i) {
    written.push_back(plain_sample(maker, maker.uuid(50)));
    std::string notes(1'200, 'n');
    notes[0] = static_cast<char>(i);
    written.back().record.notes = maker.keep(std::move(notes));
    written.back().record.has_notes = true;
    builder.add(written.back().record, written.back().value, written.back().context);
  }
  const Built built = finish(builder);
  EXPECT_GT(built.bytes.size(), 0x10000u);
  const Result<BlockView> view = BlockView::open(built.bytes);
  ASSERT_TRUE(view.ok());
  Row row;
  RowScratch scratch;
  for (std::size_t slot = 0; slot < written.size(); ++slot) {
    ASSERT_TRUE(view->row(static_cast<std::uint16_t>(slot), row, scratch).ok()) << slot;
    expect_row(row, written[slot]);
  }
}

[[nodiscard]] std::string small_block() {
  BlockBuilder builder(kKeys);
  Maker maker(11);
  for (int i = 0; i < 6; ++i) {
    const Sample sample = maker.sample();
    builder.add(sample.record, sample.value, sample.context);
  }
  return finish(builder).bytes;
}

void reseal(std::string& bytes) {
  const std::uint64_t sum = XXH3_64bits(bytes.data(), bytes.size() - 8);
  std::memcpy(bytes.data() + bytes.size() - 8, &sum, sizeof sum);
}

TEST(BlockTest, EveryFlippedBitIsFound) {
  const std::string good = small_block();
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const Result<BlockView> view = BlockView::open(bad);
      ASSERT_FALSE(view.ok()) << at;
      EXPECT_EQ(view.error().code, at == 1 ? (bit == 0 ? Errc::corrupt : Errc::format_too_new) : Errc::corrupt) << at;
    }
  }
}

TEST(BlockTest, EveryTruncationIsFound) {
  const std::string good = small_block();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Result<BlockView> view = BlockView::open(std::string_view(good).substr(0, size));
    ASSERT_FALSE(view.ok()) << size;
    EXPECT_EQ(view.error().code, Errc::corrupt) << size;
  }
}

TEST(BlockTest, ANewerVersionIsRefused) {
  std::string bytes = small_block();
  bytes[1] = 2;
  reseal(bytes);
  EXPECT_EQ(BlockView::open(bytes).error().code, Errc::format_too_new);
}

TEST(BlockTest, DamagedBytesWithAGoodChecksumAreReadSafely) {
  std::mt19937_64 random(12);
  for (std::uint64_t round = 0; round < 3000; ++round) {
    Maker maker(round % 20);
    BlockBuilder builder(kKeys);
    for (int i = 0; i < 12; ++i) {
      const Sample sample = maker.sample();
      builder.add(sample.record, sample.value, sample.context);
    }
    const Built built = finish(builder);
    // Exactly as large as the block, so that a sanitizer sees one byte too far.
    std::vector<char> damaged(built.bytes.begin(), built.bytes.end());
    for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const Result<BlockView> view = BlockView::open_trusted({damaged.data(), damaged.size()});
    if (!view) continue;
    Row row;
    RowScratch scratch;
    for (std::uint16_t slot = 0; slot < view->rows(); ++slot) {
      const Result<void> read = view->row(slot, row, scratch);
      if (!read) {
        EXPECT_TRUE(read.error().code == Errc::corrupt || read.error().code == Errc::format_too_new ||
                    read.error().code == Errc::not_found);
      }
    }
    BlockPostings postings;
    (void)view->postings(kKeys, postings);
  }
}

TEST(BlockTest, AnEmptiedSlotIsGoneAndTheOthersStay) {
  Maker maker(13);
  BlockBuilder builder(kKeys);
  std::vector<Sample> written;
  for (const char* id : {"s-zero", "s-one", "s-two"}) {
    written.push_back(plain_sample(maker, id));
    builder.add(written.back().record, written.back().value, written.back().context);
  }
  Built built = finish(builder);
  const std::size_t profiles = static_cast<std::uint8_t>(built.bytes[6]);
  const std::size_t offsets = built.bytes.size() - 8 - 2 * (3 + profiles);
  built.bytes[offsets + 2] = 0;
  built.bytes[offsets + 3] = 0;
  reseal(built.bytes);
  const Result<BlockView> view = BlockView::open(built.bytes);
  ASSERT_TRUE(view.ok());
  Row row;
  RowScratch scratch;
  EXPECT_EQ(view->row(1, row, scratch).error().code, Errc::not_found);
  for (const std::uint16_t slot : {std::uint16_t{0}, std::uint16_t{2}}) {
    ASSERT_TRUE(view->row(slot, row, scratch).ok());
    expect_row(row, written[slot]);
  }
  EXPECT_EQ(view->row(3, row, scratch).error().code, Errc::corrupt);
  BlockPostings postings;
  ASSERT_TRUE(view->postings(kKeys, postings).ok());
  EXPECT_EQ(postings.by_workspace, (std::vector<BlockPostings::Slot>{{1, 0}, {1, 2}}));
}

TEST(BlockTest, UnpackedIdsLiveInTheScratch) {
  Maker maker(14);
  BlockBuilder builder(kKeys);
  Sample sample = plain_sample(maker, maker.uuid(UINT64_MAX));
  sample.record.parent = {SourceSpelling::trace, {}, maker.uuid(UINT64_MAX)};
  sample.record.client_id = maker.uuid(UINT64_MAX);
  sample.record.queue_item = maker.uuid(UINT64_MAX);
  builder.add(sample.record, sample.value, sample.context);
  const Built built = finish(builder);
  RowScratch scratch;
  Row row;
  ASSERT_TRUE(BlockView::open(built.bytes)->row(0, row, scratch).ok());
  expect_row(row, sample);
  for (const std::string_view id : {row.source.id, row.parent.id, row.client_id, row.queue_item}) {
    EXPECT_GE(id.data(), scratch.text.data());
    EXPECT_LE(id.data() + id.size(), scratch.text.data() + scratch.text.size());
  }
}

}  // namespace
}  // namespace sluice
