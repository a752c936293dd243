#include "store/internal/databases.h"

#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <stdexcept>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "store/internal/file_io.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
constexpr std::uint8_t kCommitRecordVersion = 1;
constexpr std::size_t kReaderCacheBytes = 32u << 20;
constexpr char kDamageMark[] = "/DAMAGED";  // In an index's directory: rebuild it at the next start.

/// Keeps what must not be closed reachable until the process ends.
void abandon(Database& database) {
  struct Abandoned {
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    std::shared_ptr<DatabaseHealth> health;
  };
  static std::mutex mutex;
  static auto* const kept = new std::vector<Abandoned>;  // Never destroyed: that would close.
  const std::lock_guard lock(mutex);
  kept->push_back({std::move(database.db), std::move(database.families), database.health});
}

std::vector<rocksdb::ColumnFamilyDescriptor> log_families(const MemoryPlan& plan,
                                                          const std::shared_ptr<rocksdb::Cache>& cache) {
  return {{rocksdb::kDefaultColumnFamilyName, catalogue_options(cache)},
          {kScoresFamily, scores_options(plan, cache)},
          {kCatalogueFamily, catalogue_options(cache)}};
}

std::vector<rocksdb::ColumnFamilyDescriptor> index_families(const std::shared_ptr<rocksdb::Cache>& cache) {
  return {{rocksdb::kDefaultColumnFamilyName, ordered_family_options(cache)},
          {"by_source", hashed_family_options(cache)},
          {"by_annotator", ordered_family_options(cache)},
          {"by_workspace", ordered_family_options(cache)},
          {"by_client_id", hashed_family_options(cache)}};
}

/// RocksDB's information log lies in the database's own directory, where a reader has to leave no trace.
class NoInformationLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Status open_families(const rocksdb::DBOptions& options, const std::string& path,
                              const std::vector<rocksdb::ColumnFamilyDescriptor>& families, bool read_only,
                              Database& out) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, path, families, &out.families, &db)
                                           : rocksdb::DB::Open(options, path, families, &out.families, &db);
  out.db.reset(db);
  return status;
}

[[noreturn]] void refuse_missing(const std::string& path, std::uint64_t found, std::uint64_t acked) {
  throw std::runtime_error(
      "acknowledged scores are missing from the log " + path + ": it ends at commit " + std::to_string(found) +
      ", but commit " + std::to_string(acked) +
      " was acknowledged. Sluice does not serve, so that nothing is built on the loss. Check the disk (dmesg, SMART); "
      "restore the data directory from a backup or a replica of the disk; to accept the loss and serve what is left, "
      "remove the file ACKED beside the log and start again");
}

/// RocksDB takes a directory without CURRENT for a new database and removes the tables it does not know of.
void refuse_lost_current(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path) || fs::exists(path + "/CURRENT")) return;
  for (const auto& file : fs::directory_iterator(path, error)) {
    const fs::path extension = file.path().extension();
    if (extension == ".sst" || (extension == ".log" && file.file_size(error) > 0)) {
      throw std::runtime_error("the log " + path +
                               " holds data but its file CURRENT is missing. Nothing was changed. Check the disk "
                               "(dmesg, SMART) and restore the data directory from a backup");
    }
  }
}

/// What a point-in-time recovery would keep, found on hard links so that the log itself stays untouched.
std::uint64_t probe_point_in_time(const std::string& path, const MemoryPlan& plan, rocksdb::Env* env) {
  const std::string probe = path + ".probe";
  fs::remove_all(probe);
  fs::copy(path, probe, fs::copy_options::recursive | fs::copy_options::create_hard_links);
  std::uint64_t found = 0;
  {
    rocksdb::DBOptions options = log_database_options(plan, env, nullptr);
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    Database database;
    const auto cache = rocksdb::NewLRUCache(8u << 20);
    const rocksdb::Status status = open_families(options, probe, log_families(plan, cache), true, database);
    if (!status.ok()) {
      fs::remove_all(probe);
      throw std::runtime_error("the log " + path + " is damaged and cannot be read even up to the damage: " +
                               status.ToString() + "; restore the data directory from a backup");
    }
    found = read_commit_record(*database.db, database.families[kCatalogue]).last_commit_sequence;
  }
  fs::remove_all(probe);
  return found;
}

}  // namespace

void DatabaseHealth::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  const char* text = "storage: a write failed";
  switch (reason) {
    case rocksdb::BackgroundErrorReason::kFlush:
      text = "storage: flush failed";
      break;
    case rocksdb::BackgroundErrorReason::kCompaction:
      text = "storage: compaction failed";
      break;
    case rocksdb::BackgroundErrorReason::kWriteCallback:
      text = "storage: write or sync of the log failed";
      break;
    case rocksdb::BackgroundErrorReason::kMemTable:
      text = "storage: memtable insert failed";
      break;
    case rocksdb::BackgroundErrorReason::kManifestWrite:
    case rocksdb::BackgroundErrorReason::kManifestWriteNoWAL:
      text = "storage: manifest write failed";
      break;
    default:
      break;
  }
  if (error != nullptr && error->IsCorruption()) corrupt_.store(true, std::memory_order_release);
  if (error != nullptr && error->IsNoSpace()) text = "storage: no space left on the disk";
  const char* none = nullptr;
  reason_.compare_exchange_strong(none, text, std::memory_order_release, std::memory_order_relaxed);
  background_error_.store(true, std::memory_order_release);
}

void DatabaseHealth::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) {
  *auto_recovery = false;  // The no-space path ignores max_bgerror_resume_count; a restart replays instead.
}

void DatabaseHealth::OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) {
  const int now = info.condition.cur == rocksdb::WriteStallCondition::kStopped ? 1 : 0;
  const int before = info.condition.prev == rocksdb::WriteStallCondition::kStopped ? 1 : 0;
  stopped_families_.fetch_add(now - before, std::memory_order_relaxed);
}

void DatabaseHealth::OnMemTableSealed(const rocksdb::MemTableInfo& info) {
  if (info.cf_name == kScoresFamily && flushing_.load(std::memory_order_relaxed)) pacer_->hurry(true);
}

void DatabaseHealth::OnFlushBegin(rocksdb::DB*, const rocksdb::FlushJobInfo& info) {
  if (info.cf_name != kScoresFamily) return;
  flushing_.store(true, std::memory_order_relaxed);
  pacer_->hurry(false);
}

void DatabaseHealth::OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo& info) {
  if (info.cf_name == kScoresFamily) flushing_.store(false, std::memory_order_relaxed);
}

void DatabaseHealth::OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) {
  pacer_->begin();
}

void Database::close() noexcept {
  if (!db) return;
  if (health && health->background_error()) {
    abandon(*this);
    return;
  }
  for (rocksdb::ColumnFamilyHandle* const family : families)
    db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  families.clear();
  const rocksdb::Status status = db->Close();
  if (!status.ok()) std::fprintf(stderr, "sluice: closing %s: %s\n", db->GetName().c_str(), status.ToString().c_str());
  db.reset();
}

std::uint64_t Database::property(int family, const char* name) const {
  std::uint64_t value = 0;
  // A name that it does not know would read as 0 for ever.
  if (db) SLUICE_CHECK(db->GetIntProperty(families[static_cast<std::size_t>(family)], name, &value));
  return value;
}

std::uint64_t Database::level0_files(int family) const {
  std::uint64_t files = 0;
  std::string text;  // Of this one RocksDB gives a text only.
  if (!db) return 0;
  SLUICE_CHECK(db->GetProperty(families[static_cast<std::size_t>(family)], "rocksdb.num-files-at-level0", &text));
  SLUICE_CHECK(std::from_chars(text.data(), text.data() + text.size(), files).ec == std::errc());
  return files;
}

std::uint64_t Database::property_sum(const char* name) const {
  std::uint64_t sum = 0;
  for (int family = 0; family < static_cast<int>(families.size()); ++family) sum += property(family, name);
  return sum;
}

Database open_log_database(const std::string& path, const MemoryPlan& plan, std::shared_ptr<rocksdb::Cache> cache,
                           rocksdb::Env* env, std::uint64_t acked) {
  Database database;
  // Not nicer: with nicer flushes a closed loop filled the committer's queues now and then, and 359 and 384 of 2.5
  // million requests were refused in 110 s; none without (bench/README.md).
  database.pacer = std::make_shared<WritePacer>(BackgroundBudget::shared(), Pacer::Niceness::own);
  database.pacer->hurry(true);  // What is flushed while it opens is waited for; the first flush in service ends this.
  database.health = std::make_shared<DatabaseHealth>(database.pacer);
  rocksdb::DBOptions options = log_database_options(plan, env, database.health);
  options.rate_limiter = database.pacer;
  refuse_lost_current(path);
  rocksdb::Status status = open_families(options, path, log_families(plan, cache), false, database);
  if (status.IsCorruption()) {
    // A power cut may leave garbage in the tail that was never synced, which strict mode refuses too. Nothing
    // acknowledged lies there if recovery up to the damage still holds the highest acknowledged commit.
    const std::uint64_t found = probe_point_in_time(path, plan, env);
    if (found < acked) refuse_missing(path, found, acked);
    std::fprintf(stderr,
                 "sluice: the log's unacknowledged tail is damaged (%s); it is dropped, commits up to %llu are kept\n",
                 status.ToString().c_str(), static_cast<unsigned long long>(found));
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    database.health = std::make_shared<DatabaseHealth>(database.pacer);
    options.listeners = {database.health};
    status = open_families(options, path, log_families(plan, cache), false, database);
  }
  if (!status.ok()) {
    throw std::runtime_error("cannot open the log " + path + ": " + status.ToString() +
                             "; check the disk (dmesg, SMART), its free space and the permissions, and start again; if "
                             "files are missing or damaged, restore the data directory from a backup");
  }
  const std::uint64_t found = read_commit_record(*database.db, database.families[kCatalogue]).last_commit_sequence;
  if (found < acked) refuse_missing(path, found, acked);
  return database;
}

Database open_index_database(const std::string& path, const MemoryPlan& plan, std::shared_ptr<rocksdb::Cache> cache,
                             rocksdb::Env* env) {
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = index_families(cache);
  if (fs::exists(path + kDamageMark)) {
    std::fprintf(stderr, "sluice: the index %s was found damaged; it is rebuilt from the log\n", path.c_str());
    remove_index_database(path);
  }
  for (const bool last_try : {false, true}) {
    Database database;
    database.pacer = std::make_shared<WritePacer>();
    database.health = std::make_shared<DatabaseHealth>(database.pacer);
    rocksdb::DBOptions options = index_database_options(plan, env, database.health);
    options.rate_limiter = database.pacer;
    const rocksdb::Status status = open_families(options, path, families, false, database);
    if (status.ok()) return database;
    const bool damaged = status.IsCorruption() || status.IsPathNotFound();  // Wrong bytes, or a file is gone.
    if (!damaged || last_try) {
      throw std::runtime_error("cannot open the index " + path + ": " + status.ToString() +
                               "; check the disk, its free space and the permissions, and start again");
    }
    std::fprintf(stderr, "sluice: the index %s is damaged (%s); it is rebuilt from the log\n", path.c_str(),
                 status.ToString().c_str());
    remove_index_database(path);
  }
  throw std::runtime_error("cannot open the index " + path);
}

void report_log_damage(const Database& log, const std::string& what) noexcept {
  if (!log.health->first_damage()) return;
  std::fprintf(stderr,
               "sluice: the log %s is damaged (%s): reads of what is damaged answer 500. Check the disk (dmesg, SMART) "
               "and restore the data directory from a backup\n",
               log.db->GetName().c_str(), what.c_str());
}

void report_index_damage(const Database& index, const std::string& what) noexcept {
  if (!index.health->first_damage()) return;
  const std::string path = index.db->GetName();
  std::FILE* const mark = std::fopen((path + kDamageMark).c_str(), "w");
  if (mark != nullptr) std::fclose(mark);
  std::fprintf(stderr,
               "sluice: the index %s is damaged (%s): reads that need what is damaged answer 500. %s; check the disk "
               "too (dmesg, SMART)\n",
               path.c_str(), what.c_str(),
               mark != nullptr ? "Restart the server: it rebuilds the index from the log"
                               : "Stop the server, remove that directory, and start again: it is rebuilt from the log");
}

void remove_index_database(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw std::runtime_error("cannot remove the index " + path + " to rebuild it: " + error.message());
}

rocksdb::Status open_log_read_only(const std::string& path, bool point_in_time, Database& out) {
  const MemoryPlan plan{StoreOptions()};
  rocksdb::DBOptions options = log_database_options(plan, rocksdb::Env::Default(), nullptr);
  options.info_log = std::make_shared<NoInformationLog>();
  if (point_in_time) options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return open_families(options, path, log_families(plan, rocksdb::NewLRUCache(kReaderCacheBytes)), true, out);
}

rocksdb::Status open_index_read_only(const std::string& path, Database& out) {
  rocksdb::DBOptions options = index_database_options(MemoryPlan{StoreOptions()}, rocksdb::Env::Default(), nullptr);
  options.info_log = std::make_shared<NoInformationLog>();
  return open_families(options, path, index_families(rocksdb::NewLRUCache(kReaderCacheBytes)), true, out);
}

std::string encode_commit_record(const LogTail& tail) {
  std::string value(1, static_cast<char>(kCommitRecordVersion));
  put_u64_be(value, tail.last_commit_sequence);
  put_u64_be(value, static_cast<std::uint64_t>(tail.last_inserted_at));
  put_u64_be(value, tail.last_block);
  return value;
}

LogTail read_commit_record(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* catalogue) {
  std::string value;
  const rocksdb::Status status =
      db.Get(rocksdb::ReadOptions(), catalogue, rocksdb::Slice(kCommitKey.data(), kCommitKey.size()), &value);
  if (status.IsNotFound()) return {};
  if (!status.ok())
    throw std::runtime_error("cannot read the commit record of " + db.GetName() + ": " + status.ToString() +
                             kLogDamagedStep);
  Reader reader(value);
  const std::uint8_t version = reader.byte();
  if (version > kCommitRecordVersion)
    throw std::runtime_error(db.GetName() + " was written by a newer version of Sluice; start that version again");
  LogTail tail;
  tail.last_commit_sequence = reader.u64_be();
  tail.last_inserted_at = static_cast<WallTime>(reader.u64_be());
  tail.last_block = reader.u64_be();
  if (reader.failed() || !reader.at_end())
    throw std::runtime_error("the commit record of " + db.GetName() + " is damaged" + kLogDamagedStep);
  return tail;
}

}  // namespace sluice
