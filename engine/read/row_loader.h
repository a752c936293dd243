#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "engine/base/arena.h"
#include "engine/model/row.h"
#include "engine/ports/record_reader.h"

/// Decodes rows by position and copies their texts into an arena, where they are valid until clear(): a fold may touch
/// a few bytes in each of very many blocks, so only some blocks are kept at a time. Threads: one; lives inside one
/// query.

namespace sluice {

class RowLoader {
 public:
  /// `stopping`, unless null, is looked at every kLoadsBetweenLooks loads: a short query is answered to its end.
  explicit RowLoader(ReadView& view, const std::atomic<bool>* stopping = nullptr) : view_(view), stopping_(stopping) {}
  static constexpr std::size_t kLoadsBetweenLooks = 1024;  // About a millisecond, or so many reads of the disk.

  struct Loaded {
    Row row;
    WallTime inserted_at = 0;
  };
  /// Errors: not_found (an emptied slot), corrupt, io_error, limit_reached (more than
  /// limits::kFoldedBytes of texts), stopping.
  [[nodiscard]] Result<void> load(Position at, Loaded& out);
  /// Fetches ahead what load() will touch for the first of `hits`: they stand in many blocks, and one cache miss after
  /// another was a tenth of a read's time. Says nothing about them; load() does.
  void prefetch(std::span<const PostingHit> hits);
  [[nodiscard]] Result<WallTime> inserted_at(std::uint64_t block);
  void clear() noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t kBlocks = 64;
  struct Block {
    BlockRef ref;
    BlockView view;
  };
  /// Valid until the next call.
  [[nodiscard]] Result<const Block*> block(std::uint64_t sequence);

  ReadView& view_;
  const std::atomic<bool>* const stopping_;
  std::size_t loads_ = 0;
  std::vector<Block> blocks_;  // At most kBlocks: few enough to look through.
  RowScratch scratch_;
  Arena arena_;
  std::size_t bytes_ = 0;  // Of texts in the arena.
};

/// Copies what `value` or `row` borrows into the arena; returns the texts' bytes.
std::size_t copy_into(Arena& arena, Value& value);
std::size_t copy_into(Arena& arena, Row& row);

}  // namespace sluice
