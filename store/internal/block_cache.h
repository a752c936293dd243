#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

/// Bytes of blocks in memory, in two bounded parts, so that a stream of new blocks does not wash out what is being
/// read: the newest blocks as they were written, and blocks that were read from disk (least recently used go first).
/// Threads: any. A lock is held for a lookup and a pointer copy only.

namespace sluice {

using BlockBytes = std::shared_ptr<const std::string>;

class RecentBlocks {
 public:
  explicit RecentBlocks(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  /// Consecutive sequences; another sequence starts anew.
  void add(std::uint64_t sequence, BlockBytes bytes);
  [[nodiscard]] BlockBytes find(std::uint64_t sequence) const;

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::uint64_t first_ = 0;  // Sequence of blocks_.front().
  std::deque<BlockBytes> blocks_;
  std::size_t bytes_ = 0;
};

class BlockCache {
 public:
  explicit BlockCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}
  void add(std::uint64_t sequence, const BlockBytes& bytes);
  [[nodiscard]] BlockBytes find(std::uint64_t sequence);

 private:
  static constexpr std::size_t kShards = 16;
  struct Entry {
    std::uint64_t sequence;
    BlockBytes bytes;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Entry> order;  // Most recently used first.
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> places;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Shard& shard(std::uint64_t sequence) { return shards_[sequence % kShards]; }

  const std::size_t shard_bytes_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace sluice
