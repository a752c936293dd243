#include "store/internal/compaction_pacer.h"

#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using rocksdb::Env;

/// Asks after every 2 ms of work, five times.
std::int64_t rests(CompactionPacer& pacer, Env::IOPriority priority) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 5; ++i) {
    pacer.Request(1 << 18, priority, nullptr);
    const auto end = Clock::now() + std::chrono::milliseconds(2);
    while (Clock::now() < end) {
    }
  }
  return pacer.GetTotalRequests(priority);
}

TEST(CompactionPacerTest, RestsBetweenTheWritesOfACompaction) {
  CompactionPacer pacer;
  EXPECT_GE(rests(pacer, Env::IO_LOW), 2);
}

TEST(CompactionPacerTest, FlushesNeverRest) {
  CompactionPacer pacer;
  EXPECT_EQ(rests(pacer, Env::IO_HIGH), 0);
}

TEST(CompactionPacerTest, DoesNotRestWhileRunsPileUp) {
  CompactionPacer pacer;
  pacer.hurry(true);
  EXPECT_EQ(rests(pacer, Env::IO_LOW), 0);
}

TEST(CompactionPacerTest, WaitsWhileItIsHeld) {
  CompactionPacer pacer;
  std::optional<CompactionHold> hold(std::in_place, pacer);
  std::atomic<bool> written{false};
  std::jthread compaction([&] {
    pacer.Request(1 << 18, Env::IO_LOW, nullptr);
    written = true;
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  while (std::chrono::steady_clock::now() < end) EXPECT_FALSE(written.load());
  hold.reset();
  compaction.join();
  EXPECT_TRUE(written);
}

}  // namespace
}  // namespace sluice
