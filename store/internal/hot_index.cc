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
  rows_.fetch_add(open_->rows() - rows_published_, std::memory_order_relaxed);
  rows_published_ = open_->rows();
  durable_block_.store(last_block, std::memory_order_release);
}

std::shared_ptr<const HotSegment> HotIndex::seal(bool force) {
  const bool full = open_->rows() >= segment_rows_ || open_->blocks() >= kSegmentBlocks;
  if (!full && !(force && open_->blocks() > 0)) return nullptr;
  std::shared_ptr<const HotSegment> sealed = open_;
  open_ = std::make_shared<HotSegment>(sealed->last_block() + 1, segment_rows_);
  rows_published_ = 0;
  const std::lock_guard lock(mutex_);
  HotView::Segments segments = *segments_;
  segments.push_back(open_);
  segments_ = std::make_shared<HotView::Segments>(std::move(segments));
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
