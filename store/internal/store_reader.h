#pragma once

#include "engine/ports/record_reader.h"
#include "store/internal/block_source.h"
#include "store/internal/hot_index.h"

/// The RecordReader on the hot index and the index database.

namespace sluice {

class StoreReader final : public RecordReader {
 public:
  StoreReader(const HotIndex& hot, Database& index, BlockSource& blocks) : hot_(hot), index_(index), blocks_(blocks) {}

  [[nodiscard]] std::unique_ptr<ReadView> view() override;
  [[nodiscard]] bool may_have_source(std::uint64_t source_hash) noexcept override;

 private:
  const HotIndex& hot_;
  Database& index_;
  BlockSource& blocks_;
};

}  // namespace sluice
