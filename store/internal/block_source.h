#pragma once

#include "engine/base/error.h"
#include "store/internal/block_cache.h"
#include "store/internal/databases.h"

/// Where a block's bytes come from: the newest in memory, then the read cache, then the log.
/// Threads: any.

namespace sluice {

class BlockSource {
 public:
  BlockSource(Database& log, const MemoryPlan& plan)
      : log_(log), recent_(plan.recent_block_bytes), cache_(plan.read_block_bytes) {}

  void add_recent(std::uint64_t sequence, BlockBytes bytes) { recent_.add(sequence, std::move(bytes)); }
  /// Errors: not_found (in memory).
  [[nodiscard]] Result<BlockBytes> in_memory(std::uint64_t sequence);
  /// The bytes' checksum and sequence are verified when they come from disk. Errors: corrupt
  /// (missing, or not what was written), io_error.
  [[nodiscard]] Result<BlockBytes> get(std::uint64_t sequence);

 private:
  Database& log_;
  RecentBlocks recent_;
  BlockCache cache_;
};

}  // namespace sluice
