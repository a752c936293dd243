#include "store/internal/hot_index.h"

#include "engine/base/check.h"

namespace sluice {

HotIndex::HotIndex(std::uint64_t next_block, std::size_t segment_rows)
    : segment_rows_(segment_rows),
      open_(std::make_shared<HotSegment>(next_block, segment_rows)),
      durable_block_(next_block - 1),
      segments_(std::make_shared<HotView::Segments>(HotView::Segments{open_})) {}

void HotIndex::publish(std::uint64_t last_block) {
  open_->mark();
  SLUICE_CHECK(open_->last_block() == last_block);
  count_rows();
  durable_block_.store(last_block, std::memory_order_release);
}

void HotIndex::roll_back() {
  open_->roll_back();
  // Dead entries take room until their segment is dropped, which gives back all that the segment counts. Without a
  // block it would never be sealed, so an empty one goes at once; a view that still stands on it keeps it.
  if (open_->blocks() > 0) return count_rows();
  open_after(open_->last_block(), false);
}

void HotIndex::count_rows() {
  rows_.fetch_add(open_->rows() - rows_counted_, std::memory_order_relaxed);
  rows_counted_ = open_->rows();
}

void HotIndex::open_after(std::uint64_t last_block, bool keep) {
  open_ = std::make_shared<HotSegment>(last_block + 1, segment_rows_);
  rows_counted_ = 0;
  const std::lock_guard lock(mutex_);
  HotView::Segments segments = *segments_;
  if (!keep) segments.pop_back();
  segments.push_back(open_);
  segments_ = std::make_shared<HotView::Segments>(std::move(segments));
}

std::shared_ptr<const HotSegment> HotIndex::seal(bool force) {
  const bool full = open_->rows() >= segment_rows_ || open_->blocks() >= kSegmentBlocks;
  if (open_->blocks() == 0 || !(full || force)) return nullptr;
  std::shared_ptr<const HotSegment> sealed = open_;
  open_after(sealed->last_block(), true);
  return sealed;
}

void HotIndex::drop(const HotSegment& segment) {
  std::shared_ptr<const HotView::Segments> before;  // Freed outside the lock: megabytes may go with it.
  {
    const std::lock_guard lock(mutex_);
    SLUICE_CHECK(segments_->front().get() == &segment);
    HotView::Segments segments(segments_->begin() + 1, segments_->end());
    SLUICE_CHECK(!segments.empty());  // The open one is never dropped.
    before = std::move(segments_);
    segments_ = std::make_shared<HotView::Segments>(std::move(segments));
  }
  rows_.fetch_sub(segment.rows(), std::memory_order_relaxed);
}

HotView HotIndex::view() const {
  HotView view;
  view.last_block = durable_block();
  const std::lock_guard lock(mutex_);
  view.segments = segments_;
  return view;
}

}  // namespace sluice
