#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"

namespace sluice {
namespace {

using testing::ElementsAre;

class ShardTest : public testing::Test {
 protected:
  TestCatalogue names;
  MemoryLog log{test_keys()};
  SteppedEngine engine{names.catalogue, log};
};

TEST_F(ShardTest, StoresTheGoodRecordsAndNamesTheBadOnes) {
  UpdateLabel archive;
  archive.workspace = names.first.workspace;
  const Label old = names.make_label(names.first.workspace, "old", LabelType::numeric, [](LabelRules&) {});
  archive.id = old.id;
  archive.archived = true;
  ASSERT_TRUE(names.catalogue.apply(archive, TestCatalogue::kCreated).ok());

  struct Case {
    const char* name;
    Errc code;
    void (*spoil)(ScoreRecord&, const TestCatalogue&, const Label& archived);
  };
  const Case cases[] = {
      {"good", Errc::ok, [](ScoreRecord&, const TestCatalogue&, const Label&) {}},
      {"prechecked", Errc::source_not_found,
       [](ScoreRecord& r, const TestCatalogue&, const Label&) { r.precheck = Errc::source_not_found; }},
      {"out of range", Errc::value_out_of_range,
       [](ScoreRecord& r, const TestCatalogue&, const Label&) { r.value.text = "1.5"; }},
      {"unknown label id", Errc::label_not_found,
       [](ScoreRecord& r, const TestCatalogue&, const Label&) { r.label.id.bytes[0] ^= 1; }},
      {"unknown label name", Errc::label_not_found,
       [](ScoreRecord& r, const TestCatalogue&, const Label&) {
         r.label = {LabelRef::Kind::name, {}, "none", 0};
       }},
      {"another workspace's label by number", Errc::label_not_found,
       [](ScoreRecord& r, const TestCatalogue& n, const Label&) {
         r.label = {LabelRef::Kind::number, {}, {}, n.foreign.number};
       }},
      {"no label", Errc::label_not_found, [](ScoreRecord& r, const TestCatalogue&, const Label&) { r.label = {}; }},
      {"archived label", Errc::label_archived,
       [](ScoreRecord& r, const TestCatalogue&, const Label& archived) { r.label.id = archived.id; }},
      {"by name", Errc::ok,
       [](ScoreRecord& r, const TestCatalogue&, const Label&) {
         r.label = {LabelRef::Kind::name, {}, "quality", 0};
       }},
  };
  TestBatch batch(names.first);
  for (const Case& c : cases) c.spoil(batch.add(names.quality, "t1", "0.5"), names, old);
  engine.run(batch);
  ASSERT_EQ(batch.batch.status, Errc::ok);
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(batch.batch.outcomes[i].code, cases[i].code) << cases[i].name;
    EXPECT_EQ(batch.batch.outcomes[i].block, cases[i].code == Errc::ok ? 1u : 0u) << cases[i].name;
  }
  EXPECT_EQ(log.rows(), 2u);
  EXPECT_EQ(engine.shard.counters().rejected[static_cast<std::size_t>(Errc::label_not_found)].load(), 4u);
}

TEST_F(ShardTest, EvaluatorsLabelIsCreatedOnFirstUseInTheSameGroup) {
  TestBatch batch(names.first);
  batch.add(names.quality, "t1", "0.25").label = {LabelRef::Kind::evaluator, {}, "helpfulness", 0};
  batch.add(names.quality, "t1", "7").label = {LabelRef::Kind::evaluator, {}, "helpfulness", 0};
  engine.run(batch);
  EXPECT_THAT(batch.codes(), ElementsAre(Errc::ok, Errc::value_out_of_range));
  const Label* made = names.catalogue.snapshot()->label(batch.batch.outcomes[0].label);
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->name, "helpfulness");
  EXPECT_EQ(made->origin, LabelOrigin::evaluator);
  ASSERT_EQ(log.groups().size(), 1u);
  EXPECT_GT(log.groups()[0].catalogue, 0u);
}

TEST_F(ShardTest, ADryRunsStandInLabelIsNotTakenForARealOne) {
  TestBatch first(names.first);
  engine.run(first);  // The catalogue's own records: the snapshot stays the same from here on.
  TestBatch dry(names.first);
  dry.batch.options.dry_run = true;
  dry.add(names.quality, "t1", "0.5").label = {LabelRef::Kind::annotation, {}, {}, 0};
  engine.run(dry);
  EXPECT_THAT(dry.codes(), ElementsAre(Errc::ok));
  TestBatch real(names.first);
  real.add(names.quality, "t1", "0.5").label = {LabelRef::Kind::annotation, {}, {}, 0};
  engine.run(real);
  ASSERT_THAT(real.codes(), ElementsAre(Errc::ok));
  const Label* made = names.catalogue.snapshot()->label(real.batch.outcomes[0].label);
  ASSERT_NE(made, nullptr) << "the row carries a label that exists";
  EXPECT_EQ(made->origin, LabelOrigin::annotation);
}

TEST_F(ShardTest, DryRunChecksAndStoresNothing) {
  TestBatch first(names.first);
  engine.run(first);  // The catalogue's own records.
  const std::size_t groups = log.groups().size();
  TestBatch batch(names.first);
  batch.batch.options.dry_run = true;
  batch.add(names.quality, "t1", "0.5");
  batch.add(names.quality, "t1", "5");
  batch.add(names.quality, "t1", "0.5").label = {LabelRef::Kind::evaluator, {}, "new", 0};
  engine.run(batch);
  EXPECT_THAT(batch.codes(), ElementsAre(Errc::ok, Errc::value_out_of_range, Errc::ok));
  EXPECT_EQ(log.groups().size(), groups);
  EXPECT_EQ(log.rows(), 0u);
  EXPECT_EQ(names.catalogue.snapshot()->dialect_label(names.first.workspace, LabelOrigin::evaluator, "new"), nullptr);
}

TEST_F(ShardTest, AtomicBatchIsStoredWholeOrNotAtAll) {
  TestBatch bad(names.first);
  bad.batch.options.atomic = true;
  bad.add(names.quality, "t1", "0.5");
  bad.add(names.quality, "t2", "5");
  engine.run(bad);
  EXPECT_THAT(bad.codes(), ElementsAre(Errc::atomic_sibling, Errc::value_out_of_range));
  EXPECT_EQ(log.rows(), 0u);

  TestBatch filler(names.first);
  for (int i = 0; i < 300; ++i) filler.add(names.quality, "f" + std::to_string(i), "0.5");
  TestBatch good(names.first);
  good.batch.options.atomic = true;
  for (int i = 0; i < 300; ++i) good.add(names.quality, "t" + std::to_string(i), "0.5");
  engine.lend(filler);
  engine.run(good);
  for (const RecordOutcome& outcome : good.batch.outcomes) {
    ASSERT_EQ(outcome.code, Errc::ok);
    ASSERT_EQ(outcome.block, good.batch.outcomes[0].block);
  }
  EXPECT_NE(good.batch.outcomes[0].block, filler.batch.outcomes[0].block);
  EXPECT_EQ(log.rows(), 600u);
}

TEST_F(ShardTest, AtomicBatchOverItsLimitIsRefused) {
  TestBatch batch(names.first);
  batch.batch.options.atomic = true;
  for (std::size_t i = 0; i <= limits::kAtomicRows; ++i) batch.add(names.quality, "t", "0.5");
  engine.run(batch);
  EXPECT_EQ(batch.batch.status, Errc::atomic_too_large);
  EXPECT_EQ(log.rows(), 0u);
}

TEST_F(ShardTest, LargeBatchSpansBlocksAndEveryOutcomeNamesItsPlace) {
  TestBatch batch(names.first);
  for (int i = 0; i < 2000; ++i) batch.add(names.quality, "t" + std::to_string(i), i % 3 == 0 ? "9" : "0.5");
  engine.run(batch);
  ASSERT_EQ(batch.batch.status, Errc::ok);
  auto view = log.view();
  RowScratch scratch;
  for (std::size_t i = 0; i < batch.batch.outcomes.size(); ++i) {
    const RecordOutcome& outcome = batch.batch.outcomes[i];
    if (i % 3 == 0) {
      EXPECT_EQ(outcome.code, Errc::value_out_of_range);
      continue;
    }
    ASSERT_EQ(outcome.code, Errc::ok);
    const BlockRef block = view->block(outcome.block).value();
    Row row;
    ASSERT_TRUE(BlockView::open(block.bytes)->row(outcome.slot, row, scratch).ok());
    EXPECT_EQ(row.source.id, "t" + std::to_string(i));
  }
  EXPECT_GT(view->last_block(), 1u);
}

TEST_F(ShardTest, WaitsForTheCommitterWithoutLosingItsPlace) {
  std::vector<std::unique_ptr<TestBatch>> batches;
  // More full blocks than the lane holds.
  const std::size_t records = limits::kBlockRows * (limits::kBlockRingSlots + 40);
  for (std::size_t done = 0; done < records; done += 20'000) {
    batches.push_back(std::make_unique<TestBatch>(names.first));
    for (std::size_t i = 0; i < 20'000; ++i) batches.back()->add(names.quality, "t" + std::to_string(i % 100), "0.5");
    engine.lend(*batches.back());
  }
  while (engine.shard.run_once()) {
  }
  EXPECT_EQ(engine.lane.ring.size_approx(), engine.lane.ring.capacity());
  EXPECT_FALSE(engine.shard.has_work());
  engine.settle();
  EXPECT_EQ(log.rows(), batches.size() * 20'000);
  EXPECT_EQ(engine.completion.delivered().size(), batches.size());
}

TEST_F(ShardTest, KeepsTheOpenBlockUntilTheCommitterAsks) {
  TestBatch one(names.first);
  one.add(names.quality, "t1", "0.5");
  TestBatch two(names.first);
  two.add(names.quality, "t2", "0.5");
  engine.lend(one);
  EXPECT_TRUE(engine.shard.run_once());
  EXPECT_EQ(engine.lane.ring.size_approx(), 0u);
  EXPECT_FALSE(engine.shard.has_work());
  engine.lend(two);
  EXPECT_TRUE(engine.shard.run_once());
  EXPECT_FALSE(engine.committer.run_once());  // Now it is hungry.
  EXPECT_TRUE(engine.shard.has_work());
  EXPECT_TRUE(engine.shard.run_once());
  EXPECT_TRUE(engine.committer.run_once());
  EXPECT_EQ(log.groups().size(), 1u);
  EXPECT_EQ(engine.completion.deliveries(), 1u);
  EXPECT_EQ(two.batch.outcomes[0].block, 1u);
  EXPECT_EQ(two.batch.outcomes[0].slot, 1u);
}

TEST_F(ShardTest, EraseAndSourceEventsNeedNoValue) {
  TestBatch batch(names.first);
  ScoreRecord& erase = batch.add(names.quality, "t1", "0.5");
  erase.kind = EventKind::erase;
  erase.value = {};
  erase.label = {LabelRef::Kind::number, {}, {}, names.quality.number};
  ScoreRecord& source = batch.add(names.quality, "t1", "0.5");
  source.kind = EventKind::source;
  source.value = {};
  source.label = {};
  ScoreRecord& patch = batch.add(names.quality, "t1", "9");
  patch.kind = EventKind::patch;
  patch.patch_fields = kPatchNotes;
  ScoreRecord& bad_patch = batch.add(names.quality, "t1", "9");
  bad_patch.kind = EventKind::patch;
  bad_patch.patch_fields = kPatchValue;
  engine.run(batch);
  EXPECT_THAT(batch.codes(), ElementsAre(Errc::ok, Errc::ok, Errc::ok, Errc::value_out_of_range));
}

}  // namespace
}  // namespace sluice
