#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include "engine/ports/record_log.h"
#include "store/internal/options.h"
#include "store/internal/write_pacer.h"

/// The two RocksDB databases as handles that die in the right order, and what their listeners have seen.

namespace sluice {

/// Ends a sentence about a damaged log: what the operator can do about it.
inline constexpr char kLogDamagedStep[] =
    "; check the disk (dmesg, SMART) and restore the data directory from a backup";

/// What RocksDB told about itself. Written by its threads, read by any.
class DatabaseHealth final : public rocksdb::EventListener {
 public:
  /// `pacer`: the database's; hurried while memtables of scores fill faster than they are flushed.
  explicit DatabaseHealth(std::shared_ptr<WritePacer> pacer) noexcept : pacer_(std::move(pacer)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error, bool* auto_recovery) override;
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override;
  void OnMemTableSealed(const rocksdb::MemTableInfo& info) override;
  void OnFlushBegin(rocksdb::DB* database, const rocksdb::FlushJobInfo& info) override;
  void OnFlushCompleted(rocksdb::DB* database, const rocksdb::FlushJobInfo& info) override;
  void OnCompactionBegin(rocksdb::DB* database, const rocksdb::CompactionJobInfo& info) override;

  /// RocksDB found wrong bytes by itself, in a compaction for example.
  [[nodiscard]] bool corrupt() const noexcept { return corrupt_.load(std::memory_order_acquire); }
  /// True for the first caller: damage is reported once.
  [[nodiscard]] bool first_damage() noexcept { return !damaged_.exchange(true); }
  [[nodiscard]] bool damaged() const noexcept { return damaged_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool background_error() const noexcept { return background_error_.load(std::memory_order_acquire); }
  [[nodiscard]] bool write_stopped() const noexcept { return stopped_families_.load(std::memory_order_relaxed) > 0; }
  /// The literal for on_fatal().
  [[nodiscard]] const char* reason() const noexcept {
    const char* const reason = reason_.load(std::memory_order_acquire);
    return reason != nullptr ? reason : "storage failed";
  }

 private:
  std::atomic<bool> background_error_{false};
  std::atomic<bool> corrupt_{false};
  std::atomic<bool> damaged_{false};
  std::atomic<const char*> reason_{nullptr};
  std::atomic<int> stopped_families_{0};
  const std::shared_ptr<WritePacer> pacer_;
  std::atomic<bool> flushing_{false};
};

/// A database and its families. Handles go before the database. After a background error nothing is closed: closing
/// races with the error handler (#11440), and the process is about to end.
struct Database {
  std::shared_ptr<DatabaseHealth> health;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  std::shared_ptr<WritePacer> pacer;  ///< Of the log's flushes, or of the index's merges. Null when opened to read.

  Database() = default;
  Database(Database&&) = default;
  Database& operator=(Database&&) = delete;
  ~Database() { close(); }
  void close() noexcept;
  [[nodiscard]] std::uint64_t property(int family, const char* name) const;
  [[nodiscard]] std::uint64_t level0_files(int family) const;
  /// Over all families.
  [[nodiscard]] std::uint64_t property_sum(const char* name) const;
};

enum LogFamily { kLogDefault = 0, kScores = 1, kCatalogue = 2 };
enum IndexFamily {
  kWatermark = 0,
  kBySource = 1,
  kByAnnotator = 2,
  kByWorkspace = 3,
  kByClientId = 4,
  kIndexFamilies = 5
};
/// Whether the family's keys begin with a hash.
constexpr bool is_hashed(int family) noexcept { return family == kBySource || family == kByClientId; }

/// Opens <path>. `acked`: the commit sequence that must at least be there. Throws std::runtime_error with the
/// operator's steps, among them the case that acknowledged data is missing.
[[nodiscard]] Database open_log_database(const std::string& path, const MemoryPlan& plan,
                                         std::shared_ptr<rocksdb::Cache> cache, rocksdb::Env* env, std::uint64_t acked);
/// Opens <path>; one that is damaged is removed and started anew, since it can be rebuilt from the log.
[[nodiscard]] Database open_index_database(const std::string& path, const MemoryPlan& plan,
                                           std::shared_ptr<rocksdb::Cache> cache, rocksdb::Env* env);
/// Damage found in service: says so once, with the operator's next step, and counts in StoreMetrics from then on. A
/// damaged index is marked, so that the next start rebuilds it.
void report_log_damage(const Database& log, const std::string& what) noexcept;
void report_index_damage(const Database& index, const std::string& what) noexcept;
/// Removes every posting; the caller opens again.
void remove_index_database(const std::string& path);

/// Opens <path> for reading; nothing in the directory changes, and nothing else may write there. `point_in_time`: take
/// what stands before damage in the newest log file, instead of refusing.
[[nodiscard]] rocksdb::Status open_log_read_only(const std::string& path, bool point_in_time, Database& out);
[[nodiscard]] rocksdb::Status open_index_read_only(const std::string& path, Database& out);

/// The commit record: a fixed key in the catalogue family, rewritten by every group.
inline constexpr std::string_view kCommitKey{"\0commit", 7};
[[nodiscard]] std::string encode_commit_record(const LogTail& tail);
/// Zeroes when there is none yet. Throws when it cannot be read.
[[nodiscard]] LogTail read_commit_record(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* catalogue);

}  // namespace sluice
