#include "store/internal/indexer.h"

#include <chrono>
#include <cstdio>

#include "engine/base/thread_name.h"

namespace sluice {
namespace {

// Sorted runs of by_source past which indexing waits for compaction: ingestion knows no stall of its own, and every run
// is one more filter probe per read. Waiting fills the hot index, which slows admission.
// Doubled: reads of a source probe up to twice as many filters; halved: the longest merges hold up scores.
constexpr std::uint64_t kRunsMax = 256;
// From here on merges no longer rest. One begins at 24, and at half of what the machine can take some 16 runs come
// while it lasts. Doubled: more of the next merge is due already when one ends; halved: it rests no more, and acks wait
// behind it (p99 9.4 ms instead of 23 and 31, `bench/e2e ack --seconds 60`).
constexpr std::uint64_t kRunsMany = 64;

}  // namespace

Indexer::Indexer(Database& index, std::string directory, HotIndex& hot, std::uint64_t watermark)
    : index_(index), writer_(index, std::move(directory), pacer_), hot_(hot), watermark_(watermark), thread_([this] {
        run();
      }) {
  name_thread(thread_, "indexer");
  pace_compaction();  // A server that was killed may have left many runs.
}

void Indexer::push(std::shared_ptr<const HotSegment> segment) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(segment));
    pacer_.hurry(queue_.size() > 1);
  }
  changed_.notify_all();
}

bool Indexer::wait_idle(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return queue_.empty() || failed(); }) && !failed();
}

void Indexer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
    pacer_.hurry(true);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Indexer::run() {
  for (;;) {
    std::shared_ptr<const HotSegment> segment;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_.load(std::memory_order_relaxed) || !queue_.empty(); });
      if (stopping_.load(std::memory_order_relaxed)) return;
      segment = queue_.front();
    }
    wait_for_compaction();
    pacer_.begin();
    const rocksdb::Status status = writer_.ingest(*segment);
    if (!status.ok()) {
      failed_.store(true, std::memory_order_release);
      changed_.notify_all();
      // Last: a stderr that nobody reads must not hide the failure.
      std::fprintf(stderr, "sluice: indexing up to block %llu failed: %s\n",
                   static_cast<unsigned long long>(segment->last_block()), status.ToString().c_str());
      return;
    }
    watermark_.store(segment->last_block(), std::memory_order_relaxed);
    ingested_.fetch_add(1, std::memory_order_relaxed);
    hot_.drop(*segment);
    {
      const std::lock_guard lock(mutex_);
      queue_.pop_front();
      pacer_.hurry(queue_.size() > 1);
    }
    changed_.notify_all();
  }
}

void Indexer::pace_compaction() {
  index_.pacer->hurry(index_.level0_files(kBySource) > kRunsMany);
}

void Indexer::wait_for_compaction() {
  using namespace std::chrono_literals;
  pace_compaction();
  std::unique_lock lock(mutex_);
  while (!stopping_.load(std::memory_order_relaxed) &&
         index_.level0_files(kBySource) > kRunsMax &&
         (index_.property(kBySource, "rocksdb.compaction-pending") > 0 ||
          index_.property(kBySource, "rocksdb.num-running-compactions") > 0)) {
    changed_.wait_for(lock, 20ms);
  }
}

}  // namespace sluice
