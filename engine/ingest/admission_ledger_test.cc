#include "engine/ingest/admission_ledger.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"

namespace sluice {
namespace {

using Verdict = AdmissionLedger::Verdict;

constexpr WorkspaceNumber kFlood = 1;
constexpr WorkspaceNumber kQuiet = 2;
constexpr WorkspaceNumber kOther = 3;

/// Batches of one score that `workspace` gets in until it is told something else.
std::size_t fill(AdmissionLedger& ledger, WorkspaceNumber workspace, Verdict& last) {
  std::size_t taken = 0;
  while ((last = ledger.try_take(workspace, 1, 1, 0.0)) == Verdict::taken) ++taken;
  return taken;
}

TEST(AdmissionLedgerTest, ClosesWithThePressure) {
  constexpr struct {
    double pressure, share;
  } kCases[] = {{0.0, 1.0}, {0.5, 1.0}, {0.75, 0.5}, {0.9, 0.2}, {1.0, 0.0}, {2.0, 0.0}};
  for (const auto& c : kCases) EXPECT_NEAR(AdmissionLedger::open_share(c.pressure), c.share, 1e-9) << c.pressure;
  AdmissionLedger ledger(100, 1000);
  EXPECT_EQ(ledger.try_take(1, 40, 10, 0.75), Verdict::taken);
  EXPECT_EQ(ledger.try_take(1, 20, 10, 0.75), Verdict::full);
  EXPECT_EQ(ledger.try_take(1, 20, 10, 0.5), Verdict::taken);
  EXPECT_EQ(ledger.try_take(1, 1, 2000, 0.0), Verdict::full);
  EXPECT_EQ(ledger.try_take(1, 1, 1, 1.0), Verdict::full);
  ledger.give_back(1, 60, 20);
  EXPECT_EQ(ledger.scores(), 0u);
}

TEST(AdmissionLedgerTest, TakesExactlyTheLimitOfScoresAndOfBytes) {
  AdmissionLedger ledger(100, 1000);
  EXPECT_EQ(ledger.try_take(1, 99, 0, 0.0), Verdict::taken);
  EXPECT_EQ(ledger.try_take(1, 2, 0, 0.0), Verdict::full);
  EXPECT_EQ(ledger.try_take(1, 1, 1000, 0.0), Verdict::taken);
  EXPECT_EQ(ledger.try_take(1, 1, 0, 0.0), Verdict::full);
  ledger.give_back(1, 99, 0);
  EXPECT_EQ(ledger.try_take(1, 1, 1, 0.0), Verdict::full);
  EXPECT_EQ(ledger.try_take(1, 1, 0, 0.0), Verdict::taken);
}

TEST(AdmissionLedgerTest, WhatIsLargerThanALimitIsTakenAlone) {
  AdmissionLedger ledger(100, 1000);
  EXPECT_EQ(ledger.try_take(1, 500, 5000, 0.9), Verdict::taken);
  EXPECT_EQ(ledger.try_take(2, 1, 1, 0.0), Verdict::full);
  ledger.give_back(1, 500, 5000);
  EXPECT_EQ(ledger.scores(), 0u);
}

TEST(AdmissionLedgerTest, OneWorkspaceAloneMayTakeEverything) {
  AdmissionLedger ledger(100, 1000);
  Verdict last = Verdict::taken;
  EXPECT_EQ(fill(ledger, kFlood, last), 100u);
  EXPECT_EQ(last, Verdict::full);
}

TEST(AdmissionLedgerTest, BelowHalfNobodyIsHeldBack) {
  AdmissionLedger ledger(100, 1000);
  for (WorkspaceNumber quiet = 2; quiet < 12; ++quiet) ASSERT_EQ(ledger.try_take(quiet, 1, 1, 0.0), Verdict::taken);
  Verdict last = Verdict::taken;
  EXPECT_EQ(fill(ledger, kFlood, last), 40u) << "ten of 50 are the others'";
  EXPECT_EQ(last, Verdict::over_share);
}

TEST(AdmissionLedgerTest, PastHalfAFloodKeepsToItsShareAndOthersGetTheirs) {
  AdmissionLedger ledger(100, 1000);
  ASSERT_EQ(ledger.try_take(kQuiet, 1, 1, 0.0), Verdict::taken);
  Verdict last = Verdict::taken;
  EXPECT_EQ(fill(ledger, kFlood, last), 50u) << "half of the limit: two workspaces are at work";
  EXPECT_EQ(last, Verdict::over_share);
  EXPECT_EQ(fill(ledger, kQuiet, last), 49u) << "its own half";
  EXPECT_EQ(last, Verdict::full);
}

TEST(AdmissionLedgerTest, ALateComerGetsWhatAFloodLeavesUntilBothHaveTheSame) {
  AdmissionLedger ledger(100, 1000);
  Verdict last = Verdict::taken;
  ASSERT_EQ(fill(ledger, kFlood, last), 100u);
  EXPECT_EQ(ledger.try_take(kQuiet, 1, 1, 0.0), Verdict::full);
  ledger.give_back(kFlood, 10, 10);
  std::size_t flood = 90;
  std::size_t quiet = fill(ledger, kQuiet, last);
  for (int commits = 0; commits < 10; ++commits) {  // Ten scores of the flood at a time are done; it asks first.
    ledger.give_back(kFlood, 10, 10);
    flood -= 10;
    flood += fill(ledger, kFlood, last);
    quiet += fill(ledger, kQuiet, last);
  }
  EXPECT_EQ(quiet, 50u);
  EXPECT_EQ(flood, 50u);
}

TEST(AdmissionLedgerTest, SharesAreOfBytesToo) {
  AdmissionLedger ledger(1000, 1000);
  ASSERT_EQ(ledger.try_take(kQuiet, 1, 10, 0.0), Verdict::taken);
  EXPECT_EQ(ledger.try_take(kFlood, 1, 400, 0.0), Verdict::taken);
  EXPECT_EQ(ledger.try_take(kFlood, 1, 101, 0.0), Verdict::over_share);
  EXPECT_EQ(ledger.try_take(kFlood, 1, 100, 0.0), Verdict::taken);
  EXPECT_EQ(ledger.try_take(kQuiet, 1, 490, 0.0), Verdict::taken);
}

TEST(AdmissionLedgerTest, ANewcomerIsOnlyBoundByTheWhole) {
  AdmissionLedger ledger(100, 1000);
  ASSERT_EQ(ledger.try_take(kFlood, 40, 1, 0.0), Verdict::taken);
  EXPECT_EQ(ledger.try_take(kQuiet, 60, 1, 0.0), Verdict::taken) << "more than half, as its first";
  EXPECT_EQ(ledger.try_take(kOther, 1, 1, 0.0), Verdict::full);
}

TEST(AdmissionLedgerTest, WhoHasNothingLeftInFlightIsNotCounted) {
  AdmissionLedger ledger(100, 1000);
  ASSERT_EQ(ledger.try_take(kQuiet, 5, 5, 0.0), Verdict::taken);
  ledger.give_back(kQuiet, 5, 5);
  Verdict last = Verdict::taken;
  EXPECT_EQ(fill(ledger, kFlood, last), 100u);
}

TEST(AdmissionLedgerTest, AQueueIsKeptToWhatIsCommittedInASecond) {
  constexpr std::size_t kMax = 2'000'000;
  AdmissionLedger ledger(kMax, std::size_t{1} << 30);
  MonotonicTime now = 1'000'000'000;
  // So many scores done in each of ten steps of a window, and as many taken again.
  const auto window = [&](std::size_t done) {
    for (int step = 0; step < 10; ++step) {
      now += AdmissionLedger::kWindowNs / 10;
      ledger.give_back(1, done / 10, 0);
      ledger.observe(done / 10, now);
      (void)ledger.try_take(1, done / 10, 0, 0.0);
    }
  };
  ledger.observe(0, now);
  ASSERT_EQ(ledger.try_take(1, 1'900'000, 0, 0.0), Verdict::taken) << "a burst may fill the whole limit";
  window(100'000);
  EXPECT_EQ(ledger.scores_open(), 400'000u) << "400 000 a second";
  EXPECT_EQ(ledger.try_take(1, 1, 0, 0.0), Verdict::full) << "no more until the queue is that short";
  window(1000);
  EXPECT_EQ(ledger.scores_open(), AdmissionLedger::kQueuedScoresMin) << "never less";
  window(600'000);
  EXPECT_EQ(ledger.scores_open(), kMax) << "never more";
  ledger.give_back(1, ledger.scores(), 0);
  ASSERT_EQ(ledger.try_take(1, 1000, 0, 0.0), Verdict::taken);
  window(100);
  EXPECT_EQ(ledger.scores_open(), kMax) << "no queue: little was asked for, which says nothing";
}

TEST(AdmissionLedgerTest, IsCrowdedForWhoHasNearlyItsShareOfWhatIsNearlyFull) {
  AdmissionLedger ledger(80, 8000);
  EXPECT_FALSE(ledger.crowded(kFlood, 0.0));
  EXPECT_TRUE(ledger.crowded(kFlood, 1.0)) << "the log takes nothing";
  ASSERT_EQ(ledger.try_take(kFlood, 69, 1, 0.0), Verdict::taken);
  EXPECT_FALSE(ledger.crowded(kFlood, 0.0));
  ASSERT_EQ(ledger.try_take(kFlood, 1, 1, 0.0), Verdict::taken);
  EXPECT_TRUE(ledger.crowded(kFlood, 0.0)) << "seven eighths";
  EXPECT_FALSE(ledger.crowded(kQuiet, 0.0)) << "who has nothing in flight may try";
  ASSERT_EQ(ledger.try_take(kQuiet, 5, 1, 0.0), Verdict::taken);
  EXPECT_TRUE(ledger.crowded(kFlood, 0.0));
  EXPECT_FALSE(ledger.crowded(kQuiet, 0.0)) << "far from its half";
  ledger.give_back(kFlood, 70, 2);
  EXPECT_FALSE(ledger.crowded(kFlood, 0.0));
}

TEST(AdmissionLedgerTest, CountsHoldWithManyThreads) {
  AdmissionLedger ledger(1000, 100'000);
  {
    std::vector<std::jthread> threads;
    for (WorkspaceNumber workspace = 1; workspace <= 4; ++workspace) {
      threads.emplace_back([&ledger, workspace] {
        for (int i = 0; i < 20'000; ++i) {
          const std::size_t scores = 1 + static_cast<std::size_t>(i % 400);
          if (ledger.try_take(workspace, scores, scores * 7, 0.0) == Verdict::taken)
            ledger.give_back(workspace, scores, scores * 7);
        }
      });
    }
  }
  EXPECT_EQ(ledger.scores(), 0u);
  Verdict last = Verdict::taken;
  EXPECT_EQ(fill(ledger, 1, last), 1000u) << "nobody else is counted as active";
}

/// Over the whole engine, with the log held: a flood of one workspace cannot shut the other out.
TEST(FairShareTest, AFloodLeavesRoomForTheOtherWorkspace) {
  TestCatalogue names;
  MemoryLog log{test_keys()};
  CollectingCompletion completion;
  IngestEngine engine({.scores_in_flight = 1000}, test_keys(), names.catalogue, log, completion);
  engine.start({});
  log.hold();
  std::vector<std::unique_ptr<TestBatch>> batches;
  const auto submit = [&](const Principal& who, const Label& label) {
    auto batch = std::make_unique<TestBatch>(who);
    for (int i = 0; i < 10; ++i) batch->add(label, "t" + std::to_string(i), "0.5");
    const IngestEngine::Admission admission = engine.submit(batch->batch);
    if (admission == IngestEngine::Admission::accepted) batches.push_back(std::move(batch));
    return admission;
  };
  ASSERT_EQ(submit(names.second, names.foreign), IngestEngine::Admission::accepted);
  IngestEngine::Admission last = IngestEngine::Admission::accepted;
  while ((last = submit(names.first, names.quality)) == IngestEngine::Admission::accepted) {
  }
  EXPECT_EQ(last, IngestEngine::Admission::over_share);
  EXPECT_EQ(batches.size(), 51u);
  for (int i = 0; i < 49; ++i) ASSERT_EQ(submit(names.second, names.foreign), IngestEngine::Admission::accepted) << i;
  EXPECT_EQ(submit(names.second, names.foreign), IngestEngine::Admission::full);
  log.release();
  engine.stop();
  EXPECT_EQ(log.rows(), 1000u);
}

}  // namespace
}  // namespace sluice
