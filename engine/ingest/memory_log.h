#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/ports/record_log.h"
#include "engine/ports/record_reader.h"

/// The log and its reader in memory, for tests: keeps what a real one keeps, checks what the committer promises
/// (consecutive sequences, growing times, sealed blocks, postings that follow from the block) and fails on demand.
/// Threads: everything from any thread; a mutex guards the contents.

namespace sluice {

class MemoryLog final : public RecordLog, public RecordReader {
 public:
  explicit MemoryLog(const KeyedHash& keys) : keys_(keys) {}

  [[nodiscard]] Durability append(Group& group) override;
  [[nodiscard]] LogTail tail() const override;
  [[nodiscard]] double pressure() const noexcept override { return pressure_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool disk_full() const noexcept override { return disk_full_.load(std::memory_order_relaxed); }
  Result<void> load(Catalogue& catalogue, const KeptAnswers& kept,
                    std::vector<IdempotencyEntry>& idempotency) override;
  [[nodiscard]] std::unique_ptr<ReadView> view() override;
  [[nodiscard]] std::unique_ptr<ReadView> memory_view() override;

  // Faults.
  void fail_next(Durability durability, int times = 1);
  void set_pressure(double pressure) noexcept { pressure_.store(pressure, std::memory_order_relaxed); }
  void set_disk_full(bool full) noexcept { disk_full_.store(full, std::memory_order_relaxed); }
  /// Memory views find no block.
  void set_blocks_on_disk(bool on_disk) noexcept { blocks_on_disk_.store(on_disk, std::memory_order_relaxed); }
  /// Appends wait from hold() to release(); wait_for_held() returns when one does.
  void hold();
  void wait_for_held();
  void release();

  // What was written.
  struct GroupSummary {
    std::uint64_t commit_sequence = 0;
    WallTime inserted_at = 0;
    std::size_t blocks = 0;
    std::size_t catalogue = 0;
    std::size_t idempotency = 0;
  };
  [[nodiscard]] std::vector<GroupSummary> groups() const;
  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] std::string idempotency_expired_before() const;

 private:
  class View;
  struct Stored {
    std::shared_ptr<const std::string> bytes;
    BlockPostings postings;
    std::uint16_t rows = 0;
  };
  void check_block(const GroupBlock& block, WallTime inserted_at) const;

  const KeyedHash& keys_;
  std::atomic<double> pressure_{0.0};
  std::atomic<bool> disk_full_{false};
  std::atomic<bool> blocks_on_disk_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool hold_ = false;
  bool held_ = false;
  Durability fault_ = Durability::durable;
  int faults_left_ = 0;
  bool unknown_ = false;
  LogTail tail_;
  std::vector<Stored> blocks_;  // Block n at n - 1.
  std::vector<CatalogueEntry> catalogue_;
  std::vector<IdempotencyEntry> idempotency_;  // In key order.
  std::string expired_before_;
  std::vector<GroupSummary> groups_;
};

}  // namespace sluice
