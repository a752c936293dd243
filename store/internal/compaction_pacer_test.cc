#include "store/internal/compaction_pacer.h"

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

}  // namespace
}  // namespace sluice
