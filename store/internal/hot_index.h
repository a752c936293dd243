#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "store/internal/hot_segment.h"

/// All segments whose postings are in memory: sealed ones that wait for the indexer, and the open one at the end.
/// Threads: add(), roll_back(), publish(), seal() from one writer at a time (the store's append mutex); drop() from the
/// indexer; view(), rows() from any.
///
/// Why a view misses nothing and sees nothing twice: a view takes durable_block first and the list second, so the list
/// holds every segment of durable blocks but those already dropped; a segment is dropped only after its ingestion, and
/// the reader opens its index iterators third. Segments cover consecutive blocks, so the view uses the index for blocks
/// before the list's first and memory from there on: a double cannot arise.

namespace sluice {

struct HotView {
  using Segments = std::vector<std::shared_ptr<const HotSegment>>;
  std::uint64_t last_block = 0;              ///< Nothing past it is visible.
  std::shared_ptr<const Segments> segments;  ///< Oldest first; never empty.
  [[nodiscard]] std::uint64_t first_hot_block() const noexcept { return segments->front()->first_block(); }
};

class HotIndex {
 public:
  /// `next_block`: the first block that will be added.
  HotIndex(std::uint64_t next_block, std::size_t segment_rows);

  void add(std::uint64_t sequence, BlockPostings& postings) { open_->add(sequence, postings); }
  /// Undoes every add since the last publish().
  void roll_back();
  /// Makes everything added visible.
  void publish(std::uint64_t last_block);
  /// The open segment when it is full, or when it holds anything and `force` is set; a new one takes its place.
  [[nodiscard]] std::shared_ptr<const HotSegment> seal(bool force);
  /// Removes the oldest segment, which must be `segment`.
  void drop(const HotSegment& segment);

  [[nodiscard]] HotView view() const;
  [[nodiscard]] std::uint64_t durable_block() const noexcept { return durable_block_.load(std::memory_order_acquire); }
  /// Postings in memory, those of refused groups included until their segment is dropped.
  [[nodiscard]] std::size_t rows() const noexcept { return rows_.load(std::memory_order_relaxed); }

 private:
  // A segment is also sealed at this many blocks: a quiet server's blocks hold one row each, and a listing by annotator
  // may have to pass them all.
  static constexpr std::size_t kSegmentBlocks = 65'536;

  void count_rows();
  /// Begins a new open segment after `last_block`; `keep`: the one before stays in the list.
  void open_after(std::uint64_t last_block, bool keep);

  const std::size_t segment_rows_;
  std::shared_ptr<HotSegment> open_;          // Writer's.
  std::size_t rows_counted_ = 0;              // Writer's: of open_, in rows_.
  std::atomic<std::uint64_t> durable_block_;  // Release in publish(), acquire in view().
  std::atomic<std::size_t> rows_{0};
  mutable std::mutex mutex_;  // Guards the pointer only; held for a copy.
  std::shared_ptr<const HotView::Segments> segments_;
};

}  // namespace sluice
