#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/internal/hot_index.h"
#include "store/internal/index_writer.h"

/// The indexer thread: takes sealed segments in order, ingests each, drops it from the hot index.
/// Threads: push() from the store's writer; the rest from any. Segments left over at stop() are rebuilt by recovery.

namespace sluice {

class Indexer {
 public:
  Indexer(Database& index, std::string directory, HotIndex& hot, std::uint64_t watermark);
  ~Indexer() { stop(); }

  void push(std::shared_ptr<const HotSegment> segment);
  /// Waits until everything pushed is ingested; false at the deadline or after a failure.
  [[nodiscard]] bool wait_idle(std::chrono::steady_clock::time_point deadline);
  /// Finishes the segment in work and ends the thread. Idempotent.
  void stop();

  [[nodiscard]] std::uint64_t watermark() const noexcept { return watermark_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t ingested() const noexcept { return ingested_.load(std::memory_order_relaxed); }
  /// An ingestion failed: the hot index can only grow from here, and a restart is needed.
  [[nodiscard]] bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }

 private:
  void run();
  void wait_for_compaction();
  void pace_compaction();

  Database& index_;
  Pacer pacer_;  // In a hurry while segments wait, or the server stops.
  IndexWriter writer_;
  HotIndex& hot_;
  std::atomic<std::uint64_t> watermark_;
  std::atomic<std::uint64_t> ingested_{0};
  std::atomic<bool> failed_{false};
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<const HotSegment>> queue_;  // The front is in work.
  std::thread thread_;
};

}  // namespace sluice
