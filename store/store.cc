#include "store/store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/planted_bug.h"
#include "store/data_dir.h"
#include "store/internal/ballast.h"
#include "store/internal/checkpoint.h"
#include "store/internal/disk_env.h"
#include "store/internal/file_io.h"
#include "store/internal/open_store.h"
#include "store/internal/recovery.h"
#include "store/internal/store_log.h"
#include "store/internal/store_reader.h"
#include "store/internal/watch.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

/// Members stand in the order of their dependence: what is declared later uses what is declared before and dies first.
class StoreImpl final : public Store {
 public:
  StoreImpl(const DataDir& directory, const StoreOptions& options, rocksdb::Env* env);
  ~StoreImpl() override { close(); }

  RecordLog& log() noexcept override { return *log_; }
  RecordReader& reader() noexcept override { return *reader_; }
  StoreMetrics metrics() const override;
  void on_fatal(std::function<void(const char*)> handler) override { watch_->set_handler(std::move(handler)); }
  bool settle(int seconds) override;
  std::uint64_t checkpoint(const std::string& path) override;
  void close() override;

 private:
  [[nodiscard]] std::uint64_t reserve() const;
  [[nodiscard]] const char* broken() const;
  void tell_failures();
  void watch_stall();

  const std::string path_;
  const StoreOptions options_;
  const MemoryPlan plan_;
  std::shared_ptr<rocksdb::Cache> cache_;
  AckedFile acked_;
  Database log_database_;
  Database index_database_;
  BlockSource blocks_;
  std::optional<HotIndex> hot_;
  std::optional<Indexer> indexer_;
  std::optional<StoreLog> log_;
  std::optional<StoreReader> reader_;
  std::optional<Watch> watch_;
  bool closed_ = false;

  // The watch thread's.
  std::optional<Clock::time_point> stopped_since_;
  bool stall_nudged_ = false;
  bool failure_told_ = false;
  std::atomic<bool> stuck_{false};
};

StoreOptions checked(StoreOptions options) {
  // A posting takes 24 bytes and its share of the sort: an eighth of the store's memory holds these. The next start
  // reads them again, at about 0.8 us a row: with 512 MiB 2 million of them at most.
  if (options.hot_rows == 0) options.hot_rows = options.memory_bytes / 256;
  if (options.segment_rows == 0) options.segment_rows = options.hot_rows / 4;
  // The open segment and the one in the indexer's hands must both fit.
  options.hot_rows = std::max<std::size_t>(options.hot_rows, 2);
  options.segment_rows = std::clamp<std::size_t>(options.segment_rows, 1, options.hot_rows / 2);
  return options;
}

/// RocksDB makes a new log where there is none. An index is only ever made beside a log, so here one was lost. Without
/// an index, ACKED tells (open_log_database), or nothing was served yet and a first start was cut off.
std::string log_path(const DataDir& directory) {
  std::string path = directory.path() + "/log";
  std::error_code error;
  if (!std::filesystem::exists(path, error) && std::filesystem::exists(directory.path() + "/index", error)) {
    throw std::runtime_error("the data directory " + directory.path() +
                             " holds an index but no log, which had every score. Nothing was changed. Bring the "
                             "directory log back, or restore the data directory from a backup with `sluice restore`");
  }
  return path;
}

StoreImpl::StoreImpl(const DataDir& directory, const StoreOptions& options, rocksdb::Env* env)
    : path_(directory.path()),
      options_(checked(options)),
      plan_(options_),
      cache_(rocksdb::NewLRUCache(plan_.rocksdb_cache_bytes)),
      acked_(directory.path() + "/ACKED"),
      log_database_(open_log_database(log_path(directory), plan_, cache_, env, acked_.at_open())),
      index_database_(open_index_for(directory.path() + "/index", plan_, cache_, env, log_database_)),
      blocks_(log_database_, plan_) {
  const LogTail tail = read_commit_record(*log_database_.db, log_database_.families[kCatalogue]);
  const std::uint64_t watermark = read_watermark(index_database_);
  hot_.emplace(watermark + 1, options_.segment_rows);
  indexer_.emplace(index_database_, directory.path() + "/index.incoming", *hot_, watermark);
  recover_hot_index(log_database_, tail, KeyedHash(directory.hash_key()), options_.hot_rows, *hot_, *indexer_,
                    *index_database_.pacer);
  log_.emplace(log_database_, *hot_, *indexer_, blocks_, options_.hot_rows, tail);
  reader_.emplace(*hot_, index_database_, blocks_, plan_);
  watch_.emplace(directory.path(), acked_,
                 Watch::Sources{[this] { return log_->acked(); }, [this] { return broken(); },
                                [this] { return reserve(); }, [this] { tell_failures(); watch_stall(); }});
  log_->set_disk_full([this] { return watch_->disk_full(); });
  make_ballast(path_, options_.ballast_bytes.value_or(plan_.unflushed_bytes), {watch_->free_bytes(), reserve()});
  sync_directory(directory.path());  // log/, index/ and ACKED may be new, and from here on scores are acknowledged.
  watch_->start();
}

std::uint64_t StoreImpl::reserve() const {
  if (options_.disk_reserve_bytes != 0) return options_.disk_reserve_bytes;
  // Room for what the log may still write and move, three times over, and for a merge of the whole index.
  return 3 * plan_.unflushed_bytes + index_database_.property_sum("rocksdb.total-sst-files-size");
}

const char* StoreImpl::broken() const {
  if (log_database_.health->background_error()) return log_database_.health->reason();
  if (index_database_.health->background_error()) return index_database_.health->reason();
  if (log_->failed()) return "storage: write or sync of the log failed";
  if (indexer_->failed()) return "storage: indexing failed";
  if (stuck_.load(std::memory_order_relaxed)) return "storage: writes stay stopped";
  return nullptr;
}

/// From the watch thread, which may wait for a stderr that nobody reads.
void StoreImpl::tell_failures() {
  if (log_->failed() && !std::exchange(failure_told_, true))
    std::fprintf(stderr, "sluice: %s\n", log_->failure().c_str());
  if (index_database_.health->corrupt()) report_index_damage(index_database_, index_database_.health->reason());
}

/// 7.8.3 may schedule nothing after a stall ends (#10257, fixed in 8.7 by #11764; goes when Debian's version is newer).
void StoreImpl::watch_stall() {
  using namespace std::chrono_literals;
  const bool idle = log_database_.property(kScores, "rocksdb.num-running-flushes") == 0 &&
                    log_database_.property(kScores, "rocksdb.num-running-compactions") == 0;
  if (!log_database_.health->write_stopped() || !idle) {
    stopped_since_.reset();
    stall_nudged_ = false;
    return;
  }
  const Clock::time_point now = Clock::now();
  if (!stopped_since_) stopped_since_ = now;
  if (now - *stopped_since_ > 60s) stuck_.store(true, std::memory_order_relaxed);
  if (now - *stopped_since_ > 30s && !stall_nudged_) {
    stall_nudged_ = true;
    log_database_.db->EnableAutoCompaction(log_database_.families).PermitUncheckedError();
  }
}

StoreMetrics StoreImpl::metrics() const {
  StoreMetrics metrics;
  if (closed_) return metrics;
  metrics.hot_rows = hot_->rows();
  metrics.segments_ingested = indexer_->ingested();
  metrics.indexed_block = indexer_->watermark();
  metrics.durable_block = hot_->durable_block();
  for (const Database* const database : {&log_database_, &index_database_}) {
    metrics.pending_compaction_bytes += database->property_sum("rocksdb.estimate-pending-compaction-bytes");
    metrics.memtable_bytes += database->property_sum("rocksdb.cur-size-all-mem-tables");
    metrics.live_data_bytes += database->property_sum("rocksdb.live-sst-files-size");
    metrics.background_error = metrics.background_error || database->health->background_error();
  }
  metrics.level0_files = index_database_.level0_files(kBySource);
  metrics.disk_free_bytes = watch_->free_bytes();
  metrics.ballast_bytes = ballast_bytes(path_);
  metrics.write_stopped = log_database_.health->write_stopped();
  metrics.log_damaged = log_database_.health->damaged();
  metrics.index_damaged = index_database_.health->damaged();
  return metrics;
}

bool StoreImpl::settle(int seconds) {
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(seconds);
  log_->seal();
  if (!indexer_->wait_idle(deadline)) return false;
  for (;;) {
    std::uint64_t work = 0;
    for (const Database* const database : {&log_database_, &index_database_}) {
      for (const char* const name : {"rocksdb.compaction-pending", "rocksdb.num-running-compactions",
                                     "rocksdb.mem-table-flush-pending", "rocksdb.num-running-flushes"}) {
        work += database->property_sum(name);
      }
    }
    if (work == 0) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::uint64_t StoreImpl::checkpoint(const std::string& path) {
  // Recovery from an error deletes files under a checkpoint (#11955), and what it copies is in doubt anyway.
  if (const char* const reason = broken())
    throw std::runtime_error(std::string(reason) + ": a restart recovers first, then back up again");
  const std::uint64_t acked = log_->acked();
  make_checkpoint(*log_database_.db, path);
  return acked;
}

void StoreImpl::close() {
  if (closed_) return;
  closed_ = true;
  watch_->stop();
  indexer_->stop();
  log_database_.pacer->hurry(true);  // Closing waits for the flush that runs.
  index_database_.close();
  log_database_.close();
}

}  // namespace

std::unique_ptr<Store> open_store(const DataDir& directory, const StoreOptions& options, rocksdb::Env* env) {
  require_room_for_start(directory.path(), MemoryPlan(options).unflushed_bytes, disk_free_bytes(directory.path()));
  return std::make_unique<StoreImpl>(directory, options, env);
}

std::unique_ptr<Store> Store::open(const DataDir& directory, const StoreOptions& options) {
  if (kPlantedBugs) {
    const char* const bug = std::getenv("SLUICE_PLANT");
    std::fprintf(stderr, "sluice: THIS BUILD LOSES DATA ON PURPOSE; planted bug: %s\n", bug != nullptr ? bug : "none");
  }
  auto store = open_store(directory, options, disk_env());
  begin_gradual_deletion();
  return store;
}

}  // namespace sluice
