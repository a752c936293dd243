#pragma once

#include <memory>

#include <rocksdb/cache.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include "store/store.h"

/// Every RocksDB option of both databases, each with its why. Pinned: nothing else sets one, and nothing is changed at
/// run time. Debian's 7.8.3 lacks many later fixes; what is set against a bug names it.

namespace sluice {

inline constexpr int kLogMemtables = 3;

/// How StoreOptions::memory_bytes and open_files are divided.
struct MemoryPlan {
  explicit MemoryPlan(const StoreOptions& options);
  std::size_t write_buffer_bytes;   ///< One memtable of the log.
  std::size_t wal_bytes;            ///< Unflushed log files: what a restart replays.
  std::size_t unflushed_bytes;      ///< Memtables and log files at most: what a start may have to write out.
  std::size_t recent_block_bytes;   ///< Newest blocks, as written.
  std::size_t read_block_bytes;     ///< Blocks read from disk.
  std::size_t posting_cache_bytes;  ///< Postings of sources that were read.
  std::size_t rocksdb_cache_bytes;  ///< Index and filter partitions, index data blocks.
  int max_open_files;               ///< Of each database, for tables.
};

inline constexpr char kScoresFamily[] = "scores";
inline constexpr char kCatalogueFamily[] = "catalogue";

/// `listener` may be null (read-only probes).
[[nodiscard]] rocksdb::DBOptions log_database_options(const MemoryPlan& plan, rocksdb::Env* env,
                                                      std::shared_ptr<rocksdb::EventListener> listener);
[[nodiscard]] rocksdb::ColumnFamilyOptions scores_options(const MemoryPlan& plan,
                                                          std::shared_ptr<rocksdb::Cache> cache);
[[nodiscard]] rocksdb::ColumnFamilyOptions catalogue_options(std::shared_ptr<rocksdb::Cache> cache);

[[nodiscard]] rocksdb::DBOptions index_database_options(const MemoryPlan& plan, rocksdb::Env* env,
                                                        std::shared_ptr<rocksdb::EventListener> listener);
/// by_source, by_client_id: found by an 8-byte hash, most often absent.
[[nodiscard]] rocksdb::ColumnFamilyOptions hashed_family_options(std::shared_ptr<rocksdb::Cache> cache);
/// The same for writing a table of one segment, which has a filter of its own (segment_filter.h) instead of RocksDB's.
[[nodiscard]] rocksdb::Options hashed_segment_options(rocksdb::Options family);
/// by_annotator, by_workspace and the watermark: scanned in order.
[[nodiscard]] rocksdb::ColumnFamilyOptions ordered_family_options(std::shared_ptr<rocksdb::Cache> cache);

}  // namespace sluice
