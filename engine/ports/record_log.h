#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/catalogue.h"
#include "engine/model/row.h"

/// Where groups become durable. Implemented by store/ on RocksDB and by MemoryLog in tests; narrow on purpose, so that
/// it can one day be a topic with one partition per shard.

namespace sluice {

/// What the client may assume. `unknown` exists because a failed sync may still have reached the disk.
enum class Durability : std::uint8_t { durable, refused, unknown };

struct GroupBlock {
  std::uint64_t sequence = 0;                ///< Consecutive over all groups, from 1.
  std::shared_ptr<const std::string> bytes;  ///< Sealed. Shared with the hot index, which serves reads from it.
  BlockPostings postings;
};

/// One request-level Idempotency-Key and what repeats its answer. Opaque to the log but for its time.
struct IdempotencyEntry {
  std::string key;  ///< 'i' ‖ time, big endian ‖ 128-bit hash: sorts by time, so that expiry is a range delete.
  std::string value;
};

struct Group {
  std::uint64_t commit_sequence = 0;  ///< N: one per group, consecutive.
  WallTime inserted_at = 0;           ///< Also each block's; > every earlier group's.
  std::vector<GroupBlock> blocks;
  std::vector<CatalogueEntry> catalogue;
  std::vector<IdempotencyEntry> idempotency;
  std::string idempotency_expired_before;  ///< Delete entries with keys below this; empty: none.
};

/// Where the log stands after opening: the first values the committer continues from.
struct LogTail {
  std::uint64_t last_block = 0;
  std::uint64_t last_commit_sequence = 0;
  WallTime last_inserted_at = 0;
};

class RecordLog {
 public:
  virtual ~RecordLog() = default;
  /// Writes the group with ONE synced write and, when durable, publishes its blocks to readers before it returns.
  /// Called by the committer only. May move from `group`. `refused`: nothing was written, later groups may succeed
  /// (nearly full disk, stall); `unknown`: no further append may succeed until a restart.
  [[nodiscard]] virtual Durability append(Group& group) = 0;
  [[nodiscard]] virtual LogTail tail() const = 0;
  /// 0.0: nothing to worry about; from 0.5 on admission slows down; 1.0: no room (hot index, write stall).
  /// Any thread, cheap.
  [[nodiscard]] virtual double pressure() const noexcept = 0;
  /// True when the disk is too full to write safely (answer 507). Any thread, cheap.
  [[nodiscard]] virtual bool disk_full() const noexcept = 0;
  struct KeptAnswers {
    WallTime since = 0;      ///< Not older.
    std::size_t tables = 1;  ///< The newest that so many tables hold (limits::kIdempotencyEntries, kIdempotencyBytes).
  };
  /// Start-up: every catalogue record, then the idempotency entries that `kept` allows (oldest first).
  virtual Result<void> load(Catalogue& catalogue, const KeptAnswers& kept,
                            std::vector<IdempotencyEntry>& idempotency) = 0;
};

}  // namespace sluice
