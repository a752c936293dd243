#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ports/record_log.h"

/// The postings of a run of blocks, in memory: written by one thread while any number of others read without a lock.
///
/// Invariants:
///  1. One writer (the committer, under HotIndex's rules). Entries are written whole before the release store of their
///     bucket's head; a reader's acquire load of a head sees every entry that it can reach, and entries never change.
///  2. A reader ignores entries of blocks past the durable block it saw when its view was made. The writer's release
///  store
///     of durable_block comes after all stores of its group, so what a reader may use, it sees whole.
///  3. A group that was refused is unlinked from the heads, newest first; its entries stay where they are, because a
///  reader
///     may still stand on one, and are remembered as dead for the indexer.
///  4. Sealed (no writer any more): the indexer may read everything, handed over by a mutex.

namespace sluice {

/// Open chaining: heads, and an append-only array of entries in chunks that never move.
class HotChain {
 public:
  struct Entry {
    std::uint64_t key;
    std::uint32_t block;   ///< Relative to the segment's first.
    std::uint32_t next;    ///< Entry number + 1; 0: end.
    std::uint32_t detail;  ///< slot × 2 + parent; or where the slots lie in the segment's HotBytes.
  };
  /// `buckets` is rounded up to a power of two. Halved: chains twice as long. Doubled: 4 bytes per bucket, cleared at
  /// once.
  explicit HotChain(std::size_t buckets);

  void add(std::uint64_t key, std::uint32_t block, std::uint32_t detail);
  /// Unlinks all entries from number `size` on.
  void roll_back(std::uint32_t size);
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

  /// Any thread: calls visit(entry) for the entries of `key`, newest first, until it returns false.
  template <class Visit>
  void visit(std::uint64_t key, Visit&& visit) const {
    for (std::uint32_t number = heads_[bucket(key)].load(std::memory_order_acquire); number != 0;) {
      const Entry& entry = at(number - 1);
      if (entry.key == key && !visit(entry)) return;
      number = entry.next;
    }
  }
  /// Sealed only: every entry that was not rolled back.
  template <class Visit>
  void each(Visit&& visit) const {
    std::size_t dead = 0;
    for (std::uint32_t number = 0; number < size_; ++number) {
      if (dead < dead_.size() && number == dead_[dead].first) {
        number = dead_[dead++].second - 1;
        continue;
      }
      visit(at(number));
    }
  }

 private:
  static constexpr std::uint32_t kChunkBits = 16;
  static constexpr std::size_t kChunks = 1024;
  [[nodiscard]] std::size_t bucket(std::uint64_t key) const noexcept { return key & mask_; }
  [[nodiscard]] const Entry& at(std::uint32_t number) const noexcept {
    return chunks_[number >> kChunkBits][number & ((1u << kChunkBits) - 1)];
  }

  std::size_t mask_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> heads_;
  std::unique_ptr<std::unique_ptr<Entry[]>[]> chunks_;  // kChunks places, filled in order.
  std::uint32_t size_ = 0;                              // Writer's.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> dead_;
};

/// Append-only bytes in chunks that never move; a place is 32 bit. Published through HotChain's heads.
class HotBytes {
 public:
  HotBytes();
  [[nodiscard]] std::uint32_t add(std::string_view bytes);
  [[nodiscard]] std::string_view get(std::uint32_t place) const noexcept;

 private:
  static constexpr std::uint32_t kChunkBits = 20;
  static constexpr std::size_t kChunks = 4096;
  std::unique_ptr<std::unique_ptr<char[]>[]> chunks_;
  std::uint64_t used_ = 0;
};

class HotSegment {
 public:
  HotSegment(std::uint64_t first_block, std::size_t rows_expected);

  /// Writer: posts the block's rows. Consecutive from first_block().
  void add(std::uint64_t sequence, BlockPostings& postings);
  /// Writer: everything added so far stays.
  void mark();
  /// Writer: undoes every add since mark().
  void roll_back();

  [[nodiscard]] std::uint64_t first_block() const noexcept { return first_block_; }
  [[nodiscard]] std::uint64_t last_block() const noexcept { return marked_.last_block; }  ///< Writer, or sealed.
  [[nodiscard]] std::size_t blocks() const noexcept { return marked_.last_block + 1 - first_block_; }
  /// Postings by source: what the budgets count as rows. Writer, or sealed.
  [[nodiscard]] std::size_t rows() const noexcept { return marked_.sizes[0]; }

  [[nodiscard]] const HotChain& by_source() const noexcept { return by_source_; }
  [[nodiscard]] const HotChain& by_client_id() const noexcept { return by_client_id_; }
  [[nodiscard]] const HotChain& by_annotator() const noexcept { return by_annotator_; }  ///< One entry per block.
  [[nodiscard]] const HotChain& by_workspace() const noexcept { return by_workspace_; }
  /// What an owner entry's detail names: slots as append_runs() wrote them.
  [[nodiscard]] std::string_view slots(const HotChain::Entry& entry) const noexcept { return bytes_.get(entry.detail); }

 private:
  struct Mark {
    std::uint64_t last_block = 0;
    std::uint32_t sizes[4] = {};
  };
  void add_owners(HotChain& chain, std::uint32_t block, std::vector<BlockPostings::Slot>& slots);

  const std::uint64_t first_block_;
  HotChain by_source_;
  HotChain by_client_id_;
  HotChain by_annotator_;
  HotChain by_workspace_;
  HotBytes bytes_;
  std::uint64_t added_block_;  // Writer's: last block added, durable or not.
  Mark marked_;
  std::vector<std::uint16_t> scratch_;  // Writer's.
  std::string encoded_;
};

}  // namespace sluice
