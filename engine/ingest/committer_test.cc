#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"

namespace sluice {
namespace {

using testing::ElementsAre;

class CommitterTest : public testing::Test {
 protected:
  std::unique_ptr<TestBatch> one(std::string source, std::size_t io_thread = 0) {
    auto batch = std::make_unique<TestBatch>(names.first, io_thread);
    batch->add(names.quality, std::move(source), "0.5");
    return batch;
  }
  TestCatalogue names;
  MemoryLog log{test_keys()};
  SteppedEngine engine{names.catalogue, log, 2};
};

TEST_F(CommitterTest, StampsTimesThatGrowEvenWhenTheClockDoesNot) {
  const auto first = one("a");
  engine.run(*first);
  SteppedEngine::clock -= 5'000'000'000;
  const auto second = one("b");
  engine.run(*second);
  SteppedEngine::clock += 5'000'000'000;
  EXPECT_EQ(second->batch.inserted_at, first->batch.inserted_at + 1000);
  EXPECT_EQ(first->batch.inserted_at % 1000, 0);
}

TEST_F(CommitterTest, TimesNeverGoBackOverJumpsOfTheClockAndARestart) {
  constexpr WallTime kDay = WallTime{86'400} * 1'000'000'000;
  const WallTime start = SteppedEngine::clock;
  const auto before = one("a");
  engine.run(*before);
  SteppedEngine::clock = start + kDay;
  const auto ahead = one("b");
  engine.run(*ahead);
  EXPECT_EQ(ahead->batch.inserted_at, SteppedEngine::clock / 1000 * 1000) << "a jump forward is followed";
  SteppedEngine::clock = start - kDay;
  const auto back = one("c");
  engine.run(*back);
  EXPECT_EQ(back->batch.inserted_at, ahead->batch.inserted_at + 1000);
  SteppedEngine restarted{names.catalogue, log};
  const auto after_restart = one("d");
  restarted.run(*after_restart);
  EXPECT_EQ(after_restart->batch.inserted_at, back->batch.inserted_at + 1000) << "the log remembers the newest time";
  SteppedEngine::clock = start + 2 * kDay;
  const auto caught_up = one("e");
  restarted.run(*caught_up);
  EXPECT_EQ(caught_up->batch.inserted_at, SteppedEngine::clock / 1000 * 1000);
  SteppedEngine::clock = start;
}

TEST_F(CommitterTest, DeliversOncePerIoThreadAndGroup) {
  std::vector<std::unique_ptr<TestBatch>> batches;
  for (std::size_t i = 0; i < 6; ++i) {
    batches.push_back(one("s", i % 2));
    engine.lend(*batches.back());
  }
  engine.settle();
  EXPECT_EQ(log.groups().size(), 1u);
  EXPECT_EQ(engine.completion.deliveries(), 2u);
  EXPECT_EQ(engine.completion.delivered().size(), 6u);
  EXPECT_EQ(engine.ledger.scores(), 0u);
}

TEST_F(CommitterTest, RefusedGroupLeavesNoTraceAndLosesNoCatalogueChange) {
  struct Case {
    const char* name;
    bool disk_full;
    Errc status;
  };
  for (const Case& c : {Case{"stall", false, Errc::overloaded}, Case{"full disk", true, Errc::disk_full}}) {
    const auto refused = one("a");
    refused->batch.records[0].label = {LabelRef::Kind::evaluator, {}, c.name, 0};
    TestBatch barrier(names.first);
    const LogTail before = log.tail();
    log.fail_next(Durability::refused);
    log.set_disk_full(c.disk_full);
    engine.lend(barrier);
    engine.run(*refused);
    log.set_disk_full(false);
    EXPECT_EQ(refused->batch.status, c.status) << c.name;
    EXPECT_EQ(barrier.batch.status, c.status) << c.name;

    const auto stored = one("b");
    engine.run(*stored);
    EXPECT_EQ(stored->batch.status, Errc::ok) << c.name;
    EXPECT_EQ(stored->batch.outcomes[0].block, before.last_block + 1) << c.name;
    EXPECT_EQ(log.tail().last_commit_sequence, before.last_commit_sequence + 1) << c.name;
    // The label made for the refused record is known after a restart.
    Catalogue reopened;
    std::vector<IdempotencyEntry> entries;
    ASSERT_TRUE(log.load(reopened, {}, entries).ok());
    EXPECT_NE(reopened.snapshot()->dialect_label(names.first.workspace, LabelOrigin::evaluator, c.name), nullptr)
        << c.name;
  }
}

TEST_F(CommitterTest, RejectedAndDryBatchesOfARefusedGroupKeepTheirAnswer) {
  engine.run(*one("first"));
  const auto stores = one("a");
  TestBatch rejected(names.first);
  rejected.add(names.quality, "t", "7");
  TestBatch dry(names.first);
  dry.batch.options.dry_run = true;
  dry.add(names.quality, "t", "0.5");
  log.fail_next(Durability::refused);
  engine.lend(rejected);
  engine.lend(dry);
  engine.run(*stores);
  EXPECT_EQ(stores->batch.status, Errc::overloaded);
  EXPECT_EQ(rejected.batch.status, Errc::ok);
  EXPECT_THAT(rejected.codes(), ElementsAre(Errc::value_out_of_range));
  EXPECT_EQ(dry.batch.status, Errc::ok);
}

TEST_F(CommitterTest, BatchRefusedInPartNamesTheRecordsThatWereLost) {
  TestBatch batch(names.first);
  const std::string long_note(60'000, 'n');
  // Every record is a block of its own: more than one group.
  for (int i = 0; i < 100; ++i) {
    ScoreRecord& record = batch.add(names.quality, "t", "0.5");
    record.notes = batch.keep(long_note + std::to_string(i) + std::string(6'000, 'x'));
  }
  log.fail_next(Durability::refused);
  engine.run(batch);
  ASSERT_EQ(batch.batch.status, Errc::ok);
  std::size_t lost = 0;
  for (const RecordOutcome& outcome : batch.batch.outcomes) {
    if (outcome.code == Errc::overloaded) {
      ++lost;
      EXPECT_EQ(outcome.block, 0u);
    } else {
      EXPECT_EQ(outcome.code, Errc::ok);
      EXPECT_NE(outcome.block, 0u);
    }
  }
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(log.rows(), 100 - lost);
}

TEST_F(CommitterTest, UnknownOutcomeStopsEveryLaterAnswer) {
  engine.run(*one("before"));
  const auto hit = one("a");
  log.fail_next(Durability::unknown);
  engine.run(*hit);
  EXPECT_EQ(hit->batch.status, Errc::outcome_unknown);
  EXPECT_TRUE(engine.committer.failed());
  EXPECT_EQ(engine.completion.fatal_calls(), 1u);
  EXPECT_EQ(engine.completion.delivered_before_fatal(), 1u);
  const auto later = one("b");
  engine.run(*later);
  EXPECT_EQ(later->batch.status, Errc::outcome_unknown);
  engine.committer.flush_catalogue();
  EXPECT_EQ(log.groups().size(), 1u);
  EXPECT_EQ(engine.completion.fatal_calls(), 1u);
}

TEST_F(CommitterTest, BarrierMakesCatalogueChangesDurable) {
  TestBatch barrier(names.first);
  engine.run(barrier);
  EXPECT_EQ(barrier.batch.status, Errc::ok);
  ASSERT_EQ(log.groups().size(), 1u);
  EXPECT_EQ(log.groups()[0].blocks, 0u);
  EXPECT_GT(log.groups()[0].catalogue, 0u);
  TestBatch idle(names.first);
  engine.run(idle);
  EXPECT_EQ(idle.batch.status, Errc::ok);
  EXPECT_EQ(log.groups().size(), 1u) << "nothing to write, nothing written";
}

}  // namespace
}  // namespace sluice
