#include "engine/ingest/ingest_engine.h"

#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"

namespace sluice {
namespace {

using Admission = IngestEngine::Admission;

class IngestEngineTest : public testing::Test {
 protected:
  std::unique_ptr<IngestEngine> start(EngineOptions options, std::vector<IdempotencyEntry> entries = {}) {
    auto engine = std::make_unique<IngestEngine>(options, test_keys(), names.catalogue, log, completion);
    engine->start(std::move(entries));
    return engine;
  }
  TestCatalogue names;
  MemoryLog log{test_keys()};
  CollectingCompletion completion;
};

TEST_F(IngestEngineTest, StoresAndAnswersOverItsOwnThreads) {
  const auto engine = start({});
  TestBatch batch(names.first);
  batch.add(names.quality, "t1", "0.5");
  batch.add(names.quality, "t2", "7");
  ASSERT_EQ(engine->submit(batch.batch), Admission::accepted);
  completion.wait_for(batch.batch);
  EXPECT_EQ(batch.batch.status, Errc::ok);
  EXPECT_EQ(batch.batch.outcomes[0].code, Errc::ok);
  EXPECT_EQ(batch.batch.outcomes[0].block, 1u);
  EXPECT_EQ(batch.batch.outcomes[1].code, Errc::value_out_of_range);
  EXPECT_GT(batch.batch.inserted_at, 0);
  engine->stop();
  const EngineMetrics metrics = engine->metrics();
  EXPECT_EQ(metrics.scores_committed, 1u);
  EXPECT_EQ(metrics.groups, 1u);
  EXPECT_EQ(metrics.scores_in_flight, 0u);
  EXPECT_EQ(metrics.rejected_by_code[static_cast<std::size_t>(Errc::value_out_of_range)], 1u);
}

TEST_F(IngestEngineTest, IsStoppingBeforeStartAndAfterStop) {
  IngestEngine engine({}, test_keys(), names.catalogue, log, completion);
  TestBatch batch(names.first);
  batch.add(names.quality, "t1", "0.5");
  EXPECT_EQ(engine.submit(batch.batch), Admission::stopping);
  engine.start({});
  engine.stop();
  engine.stop();
  EXPECT_EQ(engine.submit(batch.batch), Admission::stopping);
}

TEST_F(IngestEngineTest, StopDeliversEverythingTaken) {
  const auto engine = start({.shards = 2});
  log.hold();
  std::vector<std::unique_ptr<TestBatch>> batches;
  for (int i = 0; i < 20; ++i) {
    batches.push_back(std::make_unique<TestBatch>(names.first));
    for (int k = 0; k < 30; ++k) batches.back()->add(names.quality, "t" + std::to_string(k), "0.5");
    ASSERT_EQ(engine->submit(batches.back()->batch), Admission::accepted);
  }
  log.wait_for_held();
  std::thread stopper([&] { engine->stop(); });
  log.release();
  stopper.join();
  EXPECT_EQ(completion.delivered().size(), 20u);
  EXPECT_EQ(log.rows(), 600u);
}

TEST_F(IngestEngineTest, AWakeThatIsOwedComesWithWakeOrStop) {
  const auto engine = start({});
  TestBatch first(names.first);
  first.add(names.quality, "t1", "0.5");
  TestBatch second(names.first);
  second.add(names.quality, "t1", "0.6");
  ASSERT_EQ(engine->submit(first.batch, IngestEngine::Wake::later), Admission::accepted);
  engine->wake();
  completion.wait_for(first.batch);
  EXPECT_EQ(first.batch.status, Errc::ok);
  ASSERT_EQ(engine->submit(second.batch, IngestEngine::Wake::later), Admission::accepted);
  engine->stop();
  EXPECT_EQ(second.batch.status, Errc::ok);
  EXPECT_EQ(second.batch.outcomes[0].block, 2u) << "taken before the stop, so stored";
}

TEST_F(IngestEngineTest, BatchesThatCameWhileAGroupWasWrittenAreTakenBehindIt) {
  const auto engine = start({});
  log.hold();
  std::vector<std::unique_ptr<TestBatch>> batches;
  for (int i = 0; i < 4; ++i) {
    batches.push_back(std::make_unique<TestBatch>(names.first));
    batches.back()->add(names.quality, "t1", "0.5");
    ASSERT_EQ(engine->submit(batches.back()->batch), Admission::accepted);
    if (i == 0) log.wait_for_held();  // From here on nobody wakes the shard.
  }
  log.release();
  for (const auto& batch : batches) completion.wait_for(batch->batch);
  EXPECT_EQ(log.rows(), 4u);
  EXPECT_EQ(log.groups().size(), 2u);
}

TEST_F(IngestEngineTest, StopWritesCatalogueChangesNobodyWaitedFor) {
  start({})->stop();
  Catalogue reopened;
  std::vector<IdempotencyEntry> entries;
  ASSERT_TRUE(log.load(reopened, {}, entries).ok());
  EXPECT_NE(reopened.snapshot()->key("k1"), nullptr);
}

TEST_F(IngestEngineTest, RefusesLoudlyAndLeavesTheBatchUntouched) {
  const auto engine = start({.ring_slots = 2, .scores_in_flight = 100});
  TestBatch batch(names.first);
  batch.add(names.quality, "t1", "0.5");
  log.set_disk_full(true);
  EXPECT_EQ(engine->submit(batch.batch), Admission::disk_full);
  log.set_disk_full(false);
  log.set_pressure(1.0);
  EXPECT_EQ(engine->submit(batch.batch), Admission::full);
  log.set_pressure(0.0);
  batch.batch.reset();  // Aborts if it were lent.

  log.hold();
  std::vector<std::unique_ptr<TestBatch>> taken;
  Admission last = Admission::accepted;
  for (int i = 0; i < 200 && last == Admission::accepted; ++i) {
    taken.push_back(std::make_unique<TestBatch>(names.first));
    taken.back()->add(names.quality, "t1", "0.5");
    do {
      last = engine->submit(taken.back()->batch);
      // The ring of two fills faster than its shard empties it; what is in flight is the limit under test.
    } while (last == Admission::full && engine->metrics().scores_in_flight < 100);
  }
  EXPECT_EQ(last, Admission::full);
  EXPECT_EQ(engine->metrics().scores_in_flight, 100u);
  log.release();
  engine->stop();
  EXPECT_EQ(log.rows(), 100u);
}

TEST_F(IngestEngineTest, ABarrierThatWasPromisedRoomIsTakenWhenScoresAreNot) {
  const auto engine = start({.scores_in_flight = 1});
  EXPECT_EQ(engine->room_for_barrier(0), Admission::accepted);
  log.set_disk_full(true);
  EXPECT_EQ(engine->room_for_barrier(0), Admission::disk_full);
  log.set_disk_full(false);
  log.set_pressure(1.0);
  EXPECT_EQ(engine->room_for_barrier(0), Admission::full);
  log.set_pressure(0.0);

  log.hold();
  TestBatch stored(names.first), refused(names.first), barrier(names.first);
  stored.add(names.quality, "t1", "0.5");
  refused.add(names.quality, "t2", "0.5");
  ASSERT_EQ(engine->submit(stored.batch), Admission::accepted);
  EXPECT_EQ(engine->submit(refused.batch), Admission::full);
  EXPECT_EQ(engine->room_for_barrier(0), Admission::accepted);
  log.set_pressure(1.0);
  EXPECT_EQ(engine->submit(barrier.batch), Admission::accepted) << "the pressure came after the change";
  log.release();
  completion.wait_for(barrier.batch);
  EXPECT_EQ(barrier.batch.status, Errc::ok);
  engine->stop();
  EXPECT_EQ(engine->metrics().scores_in_flight, 0u);
  EXPECT_EQ(engine->room_for_barrier(0), Admission::stopping);
}

TEST_F(IngestEngineTest, ThereIsNoRoomForABarrierBehindAFullRing) {
  const auto engine = start({.ring_slots = 2});
  log.hold();
  std::vector<std::unique_ptr<TestBatch>> taken;
  Admission room = Admission::accepted;
  while ((room = engine->room_for_barrier(0)) == Admission::accepted) {
    taken.push_back(std::make_unique<TestBatch>(names.first));
    EXPECT_EQ(engine->submit(taken.back()->batch, IngestEngine::Wake::later), Admission::accepted);
    ASSERT_LT(taken.size(), 1000u);
  }
  EXPECT_EQ(room, Admission::full);
  log.release();
  engine->stop();
}

TEST_F(IngestEngineTest, BatchOverTheLimitIsTakenWhenNothingElseIsInFlight) {
  const auto engine = start({.scores_in_flight = 10});
  TestBatch batch(names.first);
  for (int i = 0; i < 50; ++i) batch.add(names.quality, "t1", "0.5");
  ASSERT_EQ(engine->submit(batch.batch), Admission::accepted);
  completion.wait_for(batch.batch);
  EXPECT_EQ(batch.batch.status, Errc::ok);
}

TEST_F(IngestEngineTest, AScoreInFlightIsCountedWithItsRecordAndOutcomeAndNotByItsTextsAlone) {
  const auto engine = start({});
  TestBatch batch(names.first);
  for (int i = 0; i < 100; ++i) batch.add(names.quality, "t1", "0.5");
  ASSERT_EQ(engine->submit(batch.batch), Admission::accepted);
  completion.wait_for(batch.batch);
  EXPECT_GE(EngineTestPeer::admitted_bytes(batch.batch), 100 * (sizeof(ScoreRecord) + sizeof(RecordOutcome)));
}

TEST_F(IngestEngineTest, ABatchThatWaitsForRoomIsMeasuredAtItsFirstTryOnly) {
  const auto engine = start({});
  TestBatch batch(names.first);
  ScoreRecord& record = batch.add(names.quality, "t1", "0.5");
  log.set_pressure(1.0);
  ASSERT_EQ(engine->submit(batch.batch), Admission::full);
  // Nobody does so; here it shows whether the next try goes through the records again.
  constexpr std::size_t kNotes = 50'000;
  record.notes = batch.keep(std::string(kNotes, 'n'));
  log.set_pressure(0.0);
  ASSERT_EQ(engine->submit(batch.batch), Admission::accepted);
  completion.wait_for(batch.batch);
  EXPECT_LT(EngineTestPeer::admitted_bytes(batch.batch), kNotes);
  EXPECT_GT(EngineTestPeer::admitted_bytes(batch.batch), 0u);
}

TEST_F(IngestEngineTest, RefusesAfterAnUnknownOutcome) {
  const auto engine = start({});
  log.fail_next(Durability::unknown);
  TestBatch batch(names.first);
  batch.add(names.quality, "t1", "0.5");
  ASSERT_EQ(engine->submit(batch.batch), Admission::accepted);
  completion.wait_for(batch.batch);
  EXPECT_EQ(batch.batch.status, Errc::outcome_unknown);
  EXPECT_EQ(engine->submit(batch.batch), Admission::stopping);
  engine->stop();
}

TEST_F(IngestEngineTest, ThrowsOnAnIdempotencyEntryItCannotRead) {
  IngestEngine engine({}, test_keys(), names.catalogue, log, completion);
  EXPECT_THROW(engine.start({{"i", "nonsense"}}), std::runtime_error);
}

TEST_F(IngestEngineTest, RepeatsAreFoundOnTheShardThatOwnsTheKeyAfterARestart) {
  const auto run = [this](IngestEngine& engine, std::uint64_t key, bool replayed) {
    TestBatch batch(names.first);
    batch.batch.idempotency = IdempotencyRequest{{key << 32, key}, {1, 1}};
    for (int i = 0; i < 5; ++i) batch.add(names.quality, "t" + std::to_string(i), "0.5");
    ASSERT_EQ(engine.submit(batch.batch), Admission::accepted);
    completion.wait_for(batch.batch);
    EXPECT_EQ(batch.batch.status, Errc::ok);
    EXPECT_EQ(batch.batch.replayed, replayed) << key;
  };
  {
    const auto engine = start({.shards = 3});
    for (std::uint64_t key = 0; key < 6; ++key) run(*engine, key, false);
    for (std::uint64_t key = 0; key < 6; ++key) run(*engine, key, true);
    engine->stop();
  }
  std::vector<IdempotencyEntry> entries;
  Catalogue reopened;
  ASSERT_TRUE(log.load(reopened, {}, entries).ok());
  const auto engine = start({.shards = 2}, entries);
  for (std::uint64_t key = 0; key < 6; ++key) run(*engine, key, true);
  engine->stop();
  EXPECT_EQ(log.rows(), 30u);
}

/// Several io threads and shards, random batches, faults in between: every batch comes back once, every stored record
/// is where its outcome says, and events of one source from one io thread stay in order.
class IngestEngineSimulation : public testing::TestWithParam<std::uint32_t> {};

TEST_P(IngestEngineSimulation, KeepsItsPromises) {
  const std::uint32_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  TestCatalogue names;
  MemoryLog log(test_keys());
  CollectingCompletion completion;
  const std::size_t io_threads = 1 + seed % 2;
  const std::size_t shards = 1 + seed % 3;
  IngestEngine engine({.io_threads = io_threads, .shards = shards, .ring_slots = 8}, test_keys(), names.catalogue, log,
                      completion);
  engine.start({});
  std::vector<std::vector<std::unique_ptr<TestBatch>>> sent(io_threads);
  const auto io = [&](std::size_t me) {
    std::mt19937 random(seed * 31 + static_cast<std::uint32_t>(me));
    int serial = 0;
    for (int n = 0; n < 150; ++n) {
      auto batch = std::make_unique<TestBatch>(names.first, me);
      batch->batch.options.atomic = random() % 5 == 0;
      const std::size_t count = random() % 8 == 0 ? 400 : random() % 6;
      for (std::size_t i = 0; i < count; ++i) {
        ScoreRecord& record = batch->add(names.quality, "s" + std::to_string(me) + "-" + std::to_string(random() % 9),
                                         random() % 20 == 0 ? "3" : "0.5");
        record.notes = batch->keep(std::to_string(serial++));
      }
      if (me == 0 && random() % 20 == 0) log.fail_next(Durability::refused);
      Admission admitted = Admission::full;
      while ((admitted = engine.submit(batch->batch)) == Admission::full) std::this_thread::yield();
      ASSERT_EQ(admitted, Admission::accepted);
      sent[me].push_back(std::move(batch));
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < io_threads; ++i) threads.emplace_back(io, i);
  for (std::thread& thread : threads) thread.join();
  engine.stop();

  EXPECT_EQ(completion.delivered().size(), 150 * io_threads);
  const auto view = log.view();
  RowScratch scratch;
  std::size_t stored = 0;
  for (const auto& batches : sent) {
    std::map<std::string, Position> last;  // Of each source.
    for (const auto& batch : batches) {
      if (batch->batch.status != Errc::ok) {
        EXPECT_EQ(batch->batch.status, Errc::overloaded);
        continue;
      }
      ASSERT_EQ(batch->batch.outcomes.size(), batch->batch.records.size());
      for (std::size_t i = 0; i < batch->batch.records.size(); ++i) {
        const RecordOutcome& outcome = batch->batch.outcomes[i];
        const ScoreRecord& record = batch->batch.records[i];
        if (outcome.code != Errc::ok) continue;
        ++stored;
        const BlockRef block = view->block(outcome.block).value();
        Row row;
        ASSERT_TRUE(BlockView::open_trusted(block.bytes)->row(outcome.slot, row, scratch).ok());
        ASSERT_EQ(row.source.id, record.source.id);
        ASSERT_EQ(row.notes, record.notes);
        // An atomic batch goes whole to the shard of its first record, beside its other sources' own shards.
        if (shards > 1 && batch->batch.options.atomic) continue;
        const Position at{outcome.block, outcome.slot};
        Position& before = last[std::string(row.source.id)];
        EXPECT_LT(before, at);
        before = at;
      }
    }
  }
  EXPECT_EQ(stored, log.rows());
  EXPECT_EQ(engine.metrics().scores_committed, stored);
}

INSTANTIATE_TEST_SUITE_P(Seeds, IngestEngineSimulation, testing::Range(1u, 13u));

}  // namespace
}  // namespace sluice
