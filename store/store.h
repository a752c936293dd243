#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/api_key.h"
#include "engine/base/keyed_hash.h"
#include "engine/ports/record_log.h"
#include "engine/ports/record_reader.h"

/// The data directory and the two RocksDB databases in it. The only public header of store/ besides data_dir.h.
/// Threads: open and close from main; log() as RecordLog says; reader() as RecordReader says; metrics() from any
/// thread.

namespace sluice {

/// Affects resources, never behaviour.
struct StoreOptions {
  /// Everything the store may hold in memory: memtables, hot index, caches. Start: 512 MiB of the process's 1 GiB cap.
  std::size_t memory_bytes = 512u << 20;
  /// Rows whose postings are still in memory only; bounds a restart. 0: derived from memory_bytes, as `serve` does.
  std::size_t hot_rows = 0;
  /// Of these, what is indexed at a time. Halved: smaller segments, more compaction. 0: a quarter of hot_rows.
  std::size_t segment_rows = 0;
  /// Descriptors for both databases; tables past it are closed while others are read. More than are there: a write
  /// that finds none ends the process.
  std::size_t open_files = 256;
  /// Refuse writes (507) below this much free space; 0: derived from the budgets.
  std::uint64_t disk_reserve_bytes = 0;
  /// Size of the file `ballast`, made where there is none and room is plenty. 0: none; nullopt: derived from the
  /// budgets, as `serve` does.
  std::optional<std::uint64_t> ballast_bytes = 0;
};

struct StoreMetrics {
  std::uint64_t hot_rows = 0;
  std::uint64_t segments_ingested = 0;
  std::uint64_t indexed_block = 0;  ///< The watermark.
  std::uint64_t durable_block = 0;
  std::uint64_t pending_compaction_bytes = 0;
  std::uint64_t level0_files = 0;
  std::uint64_t memtable_bytes = 0;
  std::uint64_t live_data_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t ballast_bytes = 0;  ///< What deleting the file `ballast` gives back; 0: there is none.
  bool write_stopped = false;
  bool background_error = false;
  bool log_damaged = false;    ///< Found while serving: some reads fail. The log has to be restored from a backup,
  bool index_damaged = false;  ///< the index is rebuilt by the next start.
};

class DataDir;

class Store {
 public:
  /// Opens or creates. Throws std::runtime_error with the reason and the operator's next step.
  [[nodiscard]] static std::unique_ptr<Store> open(const DataDir& directory, const StoreOptions& options);
  virtual ~Store() = default;
  [[nodiscard]] virtual RecordLog& log() noexcept = 0;
  [[nodiscard]] virtual RecordReader& reader() noexcept = 0;
  [[nodiscard]] virtual StoreMetrics metrics() const = 0;
  /// Called once, from a background thread, when RocksDB reports an error that only a restart can mend.
  virtual void on_fatal(std::function<void(const char*)> handler) = 0;
  /// Waits until everything durable is indexed and no compaction is pending (benches, tests), at most `seconds`.
  virtual bool settle(int seconds) = 0;
  /// Copies the log as it is now to `path`, which must not exist: tables as hard links where the file system allows.
  /// Returns a commit sequence that the copy holds at least. Writes and reads go on meanwhile. Blocking (flushes); any
  /// thread, one at a time, before close(). Throws std::runtime_error with the reason and the next step.
  virtual std::uint64_t checkpoint(const std::string& path) = 0;
  /// Orderly end; without it (kill) the next open replays. Idempotent.
  virtual void close() = 0;
};

}  // namespace sluice
