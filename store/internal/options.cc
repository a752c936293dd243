#include "store/internal/options.h"

#include <algorithm>

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "store/internal/segment_filter.h"

namespace sluice {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
// Of each database beside its tables: LOCK, MANIFEST, the information log, directories, log (WAL) files in use, what a
// flush, a merge and an ingestion write, and the tables past the number (table_cache_numshardbits, and iterators that
// stand on more tables than are kept). RocksDB takes another 10 off the number for these.
constexpr std::size_t kFilesBesideTables = 32;
constexpr std::size_t kMaxOpenFilesLeast = 20;  // RocksDB raises a smaller number to this.

rocksdb::DBOptions common_database_options(const MemoryPlan& plan, rocksdb::Env* env,
                                           std::shared_ptr<rocksdb::EventListener> listener) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  if (listener) options.listeners.push_back(std::move(listener));

  // Safety. Defaults are written out where an upgrade or a habit could change them.
  options.paranoid_checks = true;                     // A WAL error becomes fatal instead of a silent retry.
  options.flush_verify_memtable_count = true;         // A flush that lost entries fails.
  options.verify_sst_unique_id_in_manifest = true;    // A swapped or stale file is found at open.
  options.fail_if_options_file_error = true;          // An options file that cannot be written is a sick disk.
  options.write_dbid_to_manifest = true;              // The identity survives a lost IDENTITY file.
  options.max_bgerror_resume_count = 0;               // No automatic resume: its races (#11890, #12002) are unfixed; we
                                                      // exit and replay instead.
  options.track_and_verify_wals_in_manifest = false;  // False "Missing WAL" (#10892). ACKED does this job.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;  // Damage in the middle must not be
                                                                // rolled back in silence; see open_log_database().
  options.avoid_flush_during_recovery = false;  // Replayed data is written anew with its own sync: what was only in
                                                // falsely clean page cache becomes durable.
  options.allow_2pc = false;                    // With it, NoSpace is never recoverable.
  options.recycle_log_file_num = 0;             // Stale records after recovery (#12403).
  options.wal_compression = rocksdb::kNoCompression;  // Recovery error (#11198).
  options.WAL_ttl_seconds = 0;                        // Archive deleted when the clock goes back (#14016).
  options.allow_data_in_errors = false;               // Clients' data does not belong in the information log.
  options.max_manifest_file_size = 1024 * kMiB;  // A failed rotation deletes the good MANIFEST (#12865): never rotate.

  // One writer, one synced write per group: every feature for many writers only adds cost or an unfixed race.
  options.enable_pipelined_write = false;
  options.unordered_write = false;                     // Error status race (9.6).
  options.two_write_queues = false;                    // Sequence goes backwards in recovery (11.0).
  options.manual_wal_flush = false;                    // Inconsistent families after an error (#12995).
  options.atomic_flush = false;                        // Not needed with a WAL; may lose a family (#11148).
  options.allow_concurrent_memtable_write = false;     // The cheap skip list path.
  options.enable_write_thread_adaptive_yield = false;  // Nobody to yield to.
  options.use_fsync = false;                           // fdatasync keeps the size too.

  // Two cores: more background threads only take the committer's time. (The index has four for merges.)
  options.max_background_flushes = 1;  // Also: a failed flush deletes others' files (#11865).
  options.max_background_compactions = 1;
  options.max_subcompactions = 1;
  // A flush writes 64 MiB, which would stand in the disk's queue before the log's sync. Strict: the next piece waits
  // until the last one is written. Four times as much: acks wait 3 ms longer at p99 in the
  // median of four turns (bench/README.md).
  options.bytes_per_sync = kMiB / 4;
  options.strict_bytes_per_sync = true;
  // Tables past it are closed, the least used first. With -1 all stay open, and when tables outnumber the descriptors a
  // flush fails, and so does every start after it.
  options.max_open_files = plan.max_open_files;
  options.table_cache_numshardbits = 4;  // Each of 16 shards may keep one more than its part; 64 would be too many.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log_level =
      rocksdb::InfoLogLevel::INFO_LEVEL;  // Its default depends on NDEBUG of the reader of the header.
  options.max_log_file_size = 16 * kMiB;
  options.keep_log_file_num = 4;
  return options;
}

/// Index and filters are cut into partitions that are cached like data: memory stays bounded however much is stored.
rocksdb::BlockBasedTableOptions table_options(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;  // This build has no hardware CRC32C.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  // A read of a source asks a partition of each merged run's filter. With 4 KiB, RocksDB's default, that takes a
  // quarter more processor time beside full load: pages of 100 take 11 ms instead of 8 at p50 (bench/README.md). Four
  // times as much was no better, and what a partition costs that is not in the cache is its size.
  table.metadata_block_size = 16 * 1024;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_top_level_index_and_filter = true;
  return table;
}

rocksdb::ColumnFamilyOptions family_options(const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  options.bottommost_compression = rocksdb::kDisableCompressionOption;
  options.ttl = 0;  // Nothing is rewritten only because it is old.
  options.periodic_compaction_seconds = 0;
  options.force_consistency_checks = true;
  // Slowed writes come back as refused ones (no_slowdown): only a real stop may refuse. Admission follows pressure().
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  return options;
}

/// Written by ingestion only; the memtable stays empty.
rocksdb::ColumnFamilyOptions index_family_options(const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions options = family_options(table);
  options.write_buffer_size = kMiB;
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  // Many levels, so that sorted runs move down one by one and merges that need no rewrite are moves.
  options.num_levels = 20;
  options.compaction_options_universal.allow_trivial_move = true;
  // A posting costs CPU each time it is merged, a run costs a read one filter probe. With a size ratio of 1 % a run is
  // merged with newer ones only once they are as large together. A posting is merged 2.4 times while 1,300 segments
  // come (`bench/e2e ingest`, five minutes). Simulated with equal segments it is 1.0 times while 200 come, 1.9 while
  // 2,000 do, 3.8 while 60,000 do, and 14 to 18 runs stand on average; with a trigger of 16 and 50 %, 2.3, 4.4, 6.8 and
  // 8 to 10. (Runs of one size only, kCompactionStopStyleSimilarSize, merge less at
  // first, but from some thousand segments on the trigger is reached by large ones, which are merged again and again.)
  options.level0_file_num_compaction_trigger = 24;
  options.compaction_options_universal.min_merge_width = 8;
  // Many that have come while merges were behind are merged by several threads, and none of them for long.
  options.compaction_options_universal.max_merge_width = 32;
  options.compaction_options_universal.size_ratio = 1;
  // Keys are never overwritten, so nothing is amplified that a full merge could win back.
  options.compaction_options_universal.max_size_amplification_percent = 1'000'000;
  options.target_file_size_base = 64 * kMiB;
  return options;
}

}  // namespace

MemoryPlan::MemoryPlan(const StoreOptions& options) {
  const std::size_t bytes = std::max<std::size_t>(options.memory_bytes, 64 * kMiB);
  // Halved: more and smaller tables, a faster restart. Doubled: a slower restart (the log is replayed).
  write_buffer_bytes = bytes / 8;
  wal_bytes = 2 * write_buffer_bytes;
  unflushed_bytes = kLogMemtables * write_buffer_bytes + wal_bytes;
  recent_block_bytes = bytes / 12;
  read_block_bytes = bytes / 12;
  posting_cache_bytes = bytes / 32;
  rocksdb_cache_bytes = bytes / 6;
  const std::size_t open_files =
      std::clamp<std::size_t>(options.open_files / 2, kMaxOpenFilesLeast + kFilesBesideTables, std::size_t{1} << 20);
  max_open_files = static_cast<int>(open_files - kFilesBesideTables);
  // The rest, about a quarter, is for hot postings (24 bytes each and their heads), the indexer's sort, and filters of
  // segments (segment_filter.h).
}

rocksdb::DBOptions log_database_options(const MemoryPlan& plan, rocksdb::Env* env,
                                        std::shared_ptr<rocksdb::EventListener> listener) {
  rocksdb::DBOptions options = common_database_options(plan, env, std::move(listener));
  // The catalogue family takes a few bytes from every group, so it would keep every old log file alive without this.
  options.max_total_wal_size = plan.wal_bytes;
  return options;
}

rocksdb::ColumnFamilyOptions scores_options(const MemoryPlan& plan, std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table = table_options(std::move(cache));
  // One block of rows per table block in the busy case; a quiet server's small ones share.
  table.block_size = 16 * 1024;
  rocksdb::ColumnFamilyOptions options = family_options(table);
  options.write_buffer_size = plan.write_buffer_bytes;
  options.max_write_buffer_number = kLogMemtables;  // More than 3 would add the slowed state.
  // Keys only grow: files never overlap, so levels are reached by moving files, never by rewriting them. Compression
  // must be the same on every level for that.
  options.compaction_style = rocksdb::kCompactionStyleLevel;
  options.target_file_size_base = plan.write_buffer_bytes;
  options.level0_file_num_compaction_trigger = 4;
  return options;
}

rocksdb::ColumnFamilyOptions catalogue_options(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions options = family_options(table_options(std::move(cache)));
  options.write_buffer_size = 8 * kMiB;
  options.max_write_buffer_number = kLogMemtables;
  return options;
}

rocksdb::DBOptions index_database_options(const MemoryPlan& plan, rocksdb::Env* env,
                                          std::shared_ptr<rocksdb::EventListener> listener) {
  rocksdb::DBOptions options = common_database_options(plan, env, std::move(listener));
  // Large merges take minutes, and with too few threads no small one begins meanwhile: on one processor three scores a
  // source at full rate stood at kRunsMax (indexer.cc) after four minutes, one merge of 1.7 GB and one of 174 runs
  // under way, and no score was taken until the second ended. With four it stayed below 100. The more of them have
  // work, the larger is their part of a busy machine. All draw on one BackgroundBudget. Doubled: more of them than
  // there are sizes of runs; halved: as above.
  options.max_background_compactions = 4;
  return options;
}

rocksdb::ColumnFamilyOptions hashed_family_options(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table = table_options(std::move(cache));
  // Filter on the hash alone: a source that was never scored costs no read. 10 bits: one probe in a hundred is wasted.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = false;
  table.partition_filters = true;
  rocksdb::ColumnFamilyOptions options = index_family_options(table);
  options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(8));
  return options;
}

rocksdb::Options hashed_segment_options(rocksdb::Options family) {
  rocksdb::BlockBasedTableOptions table = *family.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
  table.filter_policy = nullptr;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.table_properties_collector_factories.push_back(segment_filter_factory());
  return family;
}

rocksdb::ColumnFamilyOptions ordered_family_options(std::shared_ptr<rocksdb::Cache> cache) {
  return index_family_options(table_options(std::move(cache)));
}

}  // namespace sluice
