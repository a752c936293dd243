#include "store/internal/write_pacer.h"

#include <optional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "store/internal/databases.h"

namespace sluice {
namespace {

using rocksdb::Env;

/// Asks after every 2 ms of work, five times.
std::int64_t rests(WritePacer& pacer, Env::IOPriority priority) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 5; ++i) {
    pacer.Request(1 << 18, priority, nullptr);
    const auto end = Clock::now() + std::chrono::milliseconds(2);
    while (Clock::now() < end) {
    }
  }
  return pacer.GetTotalRequests(priority);
}

TEST(WritePacerTest, RestsBetweenTheWritesOfMergesAndFlushes) {
  for (const Env::IOPriority priority : {Env::IO_LOW, Env::IO_HIGH}) {
    BackgroundBudget budget(2);
    WritePacer pacer(budget);
    EXPECT_GE(rests(pacer, priority), 2);
  }
}

TEST(WritePacerTest, NobodyElseRests) {
  BackgroundBudget budget(2);
  WritePacer pacer(budget);
  EXPECT_EQ(rests(pacer, Env::IO_USER), 0);
  EXPECT_EQ(rests(pacer, Env::IO_TOTAL), 0);
}

TEST(WritePacerTest, DoesNotRestInAHurry) {
  BackgroundBudget budget(2);
  WritePacer pacer(budget);
  pacer.hurry(true);
  EXPECT_EQ(rests(pacer, Env::IO_LOW), 0);
}

TEST(WritePacerTest, WaitsWhileItIsHeld) {
  WritePacer pacer;
  std::optional<WriteHold> hold(std::in_place, pacer);
  std::atomic<bool> written{false};
  std::jthread merge([&] {
    pacer.Request(1 << 18, Env::IO_LOW, nullptr);
    written = true;
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  while (std::chrono::steady_clock::now() < end) EXPECT_FALSE(written.load());
  hold.reset();
  merge.join();
  EXPECT_TRUE(written);
}

TEST(DatabaseHealthTest, AFlushHurriesOnceTheNextMemtableIsFull) {
  BackgroundBudget budget(2);
  const auto pacer = std::make_shared<WritePacer>(budget);
  DatabaseHealth health(pacer);
  rocksdb::MemTableInfo memtable;
  rocksdb::FlushJobInfo flush;
  memtable.cf_name = flush.cf_name = kScoresFamily;
  auto rested = [&, before = std::int64_t{0}]() mutable {
    const std::int64_t now = rests(*pacer, Env::IO_HIGH);
    return now > std::exchange(before, now);
  };
  health.OnMemTableSealed(memtable);
  health.OnFlushBegin(nullptr, flush);
  EXPECT_TRUE(rested());
  health.OnMemTableSealed(memtable);
  EXPECT_FALSE(rested()) << "the next one waits";
  health.OnFlushCompleted(nullptr, flush);
  health.OnFlushBegin(nullptr, flush);
  EXPECT_TRUE(rested());
  memtable.cf_name = kCatalogueFamily;
  health.OnMemTableSealed(memtable);
  EXPECT_TRUE(rested()) << "a small one of another family";
}

}  // namespace
}  // namespace sluice
