#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <rocksdb/options.h>

#include "store/internal/databases.h"
#include "store/internal/hot_segment.h"
#include "store/internal/pacer.h"

/// Turns a sealed segment into sorted tables and ingests them, all families and the watermark in one step.
/// Threads: the indexer's.

namespace sluice {

class IndexWriter {
 public:
  /// `directory`: for tables not yet ingested, on the file system of the index; emptied first. `pacer`: outlives this.
  IndexWriter(Database& index, std::string directory, Pacer& pacer);

  /// After an OK everything up to the segment's last block is found in the index, also after a power cut.
  [[nodiscard]] rocksdb::Status ingest(const HotSegment& segment);

 private:
  class Table;
  [[nodiscard]] rocksdb::Status write_hashed(int family, const HotChain& chain, std::uint64_t first_block);
  [[nodiscard]] rocksdb::Status write_owned(int family, const HotChain& chain, const HotSegment& segment);
  [[nodiscard]] rocksdb::Status write_watermark(const HotSegment& segment);

  Database& index_;
  const std::string directory_;
  Pacer& pacer_;
  std::vector<rocksdb::IngestExternalFileArg> arguments_;
};

/// Past any log: the index has to be rebuilt.
inline constexpr std::uint64_t kWatermarkDamaged = ~std::uint64_t{0};
inline constexpr std::uint64_t kWatermarkOlder = kWatermarkDamaged - 1;  ///< Its postings are in an older format.
/// Last block whose postings the index holds; 0: none. Throws when the disk cannot be read.
[[nodiscard]] std::uint64_t read_watermark(Database& index);

}  // namespace sluice
