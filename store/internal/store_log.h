#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include <rocksdb/write_batch.h>

#include "engine/ports/record_log.h"
#include "store/internal/block_source.h"
#include "store/internal/hot_index.h"
#include "store/internal/indexer.h"

/// The RecordLog on the log database.
/// Threads: append() from the committer; seal() from any (a mutex, uncontended in service, orders the two); the rest
/// from any.

namespace sluice {

class StoreLog final : public RecordLog {
 public:
  StoreLog(Database& log, HotIndex& hot, Indexer& indexer, BlockSource& blocks, std::size_t hot_rows, LogTail tail);
  /// Set once before the first append: whether the disk is too full to write.
  void set_disk_full(std::function<bool()> disk_full) { disk_full_ = std::move(disk_full); }

  [[nodiscard]] Durability append(Group& group) override;
  [[nodiscard]] LogTail tail() const override;
  [[nodiscard]] double pressure() const noexcept override;
  [[nodiscard]] bool disk_full() const noexcept override { return disk_full_(); }
  Result<void> load(Catalogue& catalogue, const KeptAnswers& kept,
                    std::vector<IdempotencyEntry>& idempotency) override;

  /// Hands the open segment to the indexer even if it is not full.
  void seal();
  [[nodiscard]] std::uint64_t acked() const noexcept { return acked_.load(std::memory_order_acquire); }
  /// Nothing can be appended until a restart.
  [[nodiscard]] bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  /// Why, for the operator. Requires: failed().
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  void build(const Group& group, const LogTail& tail);
  [[nodiscard]] rocksdb::Status write();
  [[nodiscard]] bool has_room(const Group& group);
  void publish(Group& group, const LogTail& tail);

  Database& log_;
  HotIndex& hot_;
  Indexer& indexer_;
  BlockSource& blocks_;
  const std::size_t hot_rows_;
  std::function<bool()> disk_full_ = [] { return false; };
  std::atomic<std::uint64_t> acked_;
  std::atomic<bool> failed_{false};
  std::string failure_;  // Written once, before failed_.

  mutable std::mutex mutex_;  // Guards what follows and the writer's side of hot_.
  LogTail tail_;
  rocksdb::WriteBatch batch_;
  std::string key_;
  std::string expired_before_;  // Idempotency entries below it are deleted already.
};

}  // namespace sluice
