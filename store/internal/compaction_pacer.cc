#include "store/internal/compaction_pacer.h"

#include <thread>

namespace sluice {

void CompactionPacer::Request(std::int64_t /*bytes*/, rocksdb::Env::IOPriority priority,
                              rocksdb::Statistics* /*statistics*/) {
  if (priority != rocksdb::Env::IO_LOW) return;  // Flushes are waited for.
  while (held_.load(std::memory_order_relaxed)) std::this_thread::sleep_for(kHoldStep);
  thread_local Clock::time_point slice_began;
  const Clock::duration worked = Clock::now() - slice_began;
  if (worked < kLongestSlice && !hurry_.load(std::memory_order_relaxed)) {
    std::this_thread::sleep_for(worked);
    rests_.fetch_add(1, std::memory_order_relaxed);
  }
  slice_began = Clock::now();
}

}  // namespace sluice
