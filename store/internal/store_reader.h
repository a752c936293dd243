#pragma once

#include "engine/ports/record_reader.h"
#include "store/internal/block_source.h"
#include "store/internal/hot_index.h"
#include "store/internal/posting_cache.h"

/// The RecordReader on the hot index and the index database.

namespace sluice {

class StoreReader final : public RecordReader {
 public:
  StoreReader(const HotIndex& hot, Database& index, BlockSource& blocks, const MemoryPlan& plan)
      : hot_(hot), index_(index), blocks_(blocks), postings_(plan.posting_cache_bytes) {}

  [[nodiscard]] std::unique_ptr<ReadView> view() override;
  [[nodiscard]] std::unique_ptr<ReadView> memory_view() override;

 private:
  const HotIndex& hot_;
  Database& index_;
  BlockSource& blocks_;
  PostingCache postings_;
};

}  // namespace sluice
