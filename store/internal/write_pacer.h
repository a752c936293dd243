#pragma once

#include <rocksdb/rate_limiter.h>

#include "store/internal/pacer.h"

/// Paces RocksDB's flushes and merges by the hook that it calls before each of their writes (not those of the log).
/// Threads: hold() from the one that opens the store; the rest from any.

namespace sluice {

class WritePacer final : public rocksdb::RateLimiter {
 public:
  explicit WritePacer(BackgroundBudget& budget = BackgroundBudget::shared(),
                      Pacer::Niceness niceness = Pacer::Niceness::higher) noexcept
      : pacer_(budget, niceness) {}

  /// See Pacer.
  void hurry(bool yes) noexcept { pacer_.hurry(yes); }
  void begin() noexcept { pacer_.begin(); }
  /// True while a start reads the log: the work waits at its next write, so that it does not slow what is waited for.
  /// Whoever sets it must clear it before the database closes.
  void hold(bool yes) noexcept { held_.store(yes, std::memory_order_relaxed); }

  void Request(std::int64_t bytes, rocksdb::Env::IOPriority priority, rocksdb::Statistics* statistics) override;
  void SetBytesPerSecond(std::int64_t) override {}
  [[nodiscard]] std::int64_t GetBytesPerSecond() const override { return kAnyNumber; }
  [[nodiscard]] std::int64_t GetSingleBurstBytes() const override { return kAnyNumber; }
  [[nodiscard]] std::int64_t GetTotalBytesThrough(rocksdb::Env::IOPriority) const override { return 0; }
  /// Rests so far.
  [[nodiscard]] std::int64_t GetTotalRequests(rocksdb::Env::IOPriority) const override {
    return static_cast<std::int64_t>(pacer_.rests());
  }

 private:
  static constexpr std::int64_t kAnyNumber = std::int64_t{1} << 40;

  Pacer pacer_;
  std::atomic<bool> held_{false};
};

/// Its work waits as long as this lives, or until end().
class WriteHold {
 public:
  explicit WriteHold(WritePacer& pacer) noexcept : pacer_(pacer) { pacer_.hold(true); }
  ~WriteHold() { end(); }
  void end() noexcept { pacer_.hold(false); }
  WriteHold(const WriteHold&) = delete;
  WriteHold& operator=(const WriteHold&) = delete;

 private:
  WritePacer& pacer_;
};

}  // namespace sluice
