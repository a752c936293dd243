#pragma once

#include <atomic>
#include <chrono>

#include <rocksdb/rate_limiter.h>

/// Makes compaction rest as long as it works, by the hook that RocksDB calls before each write of a compaction: a merge
/// of gigabytes would otherwise keep one processor from the threads that serve for seconds. No rate is right for every
/// machine; half of the time is.
/// Threads: hurry() from the indexer's, hold() from the one that opens the store; the rest from RocksDB's.

namespace sluice {

class CompactionPacer final : public rocksdb::RateLimiter {
 public:
  /// True while runs pile up: compaction does not rest then.
  void hurry(bool yes) noexcept { hurry_.store(yes, std::memory_order_relaxed); }
  /// True while a start reads the log: compaction waits at its next write, so that it does not slow what is waited for.
  /// Whoever sets it must clear it before the database closes.
  void hold(bool yes) noexcept { held_.store(yes, std::memory_order_relaxed); }

  void Request(std::int64_t bytes, rocksdb::Env::IOPriority priority, rocksdb::Statistics* statistics) override;
  void SetBytesPerSecond(std::int64_t) override {}
  [[nodiscard]] std::int64_t GetBytesPerSecond() const override { return kAnyNumber; }
  [[nodiscard]] std::int64_t GetSingleBurstBytes() const override { return kAnyNumber; }
  [[nodiscard]] std::int64_t GetTotalBytesThrough(rocksdb::Env::IOPriority) const override { return 0; }
  /// Rests so far.
  [[nodiscard]] std::int64_t GetTotalRequests(rocksdb::Env::IOPriority) const override {
    return rests_.load(std::memory_order_relaxed);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::int64_t kAnyNumber = std::int64_t{1} << 40;
  /// A pause between writes that is longer was no work: a new compaction begins.
  static constexpr Clock::duration kLongestSlice = std::chrono::milliseconds(50);
  static constexpr Clock::duration kHoldStep = std::chrono::milliseconds(5);

  std::atomic<bool> hurry_{false};
  std::atomic<bool> held_{false};
  std::atomic<std::int64_t> rests_{0};
};

/// Compaction waits as long as this lives, or until end().
class CompactionHold {
 public:
  explicit CompactionHold(CompactionPacer& pacer) noexcept : pacer_(pacer) { pacer_.hold(true); }
  ~CompactionHold() { end(); }
  void end() noexcept { pacer_.hold(false); }
  CompactionHold(const CompactionHold&) = delete;
  CompactionHold& operator=(const CompactionHold&) = delete;

 private:
  CompactionPacer& pacer_;
};

}  // namespace sluice
