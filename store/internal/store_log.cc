#include "store/internal/store_log.h"

#include <algorithm>
#include <thread>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/base/planted_bug.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// Where pressure() says full, so that append() need not: a thread that asked may stand still while groups go in, and
// then let in what no longer fits. A batch of which a part was stored by then is answered as half refused.
constexpr double kFullAt = 15.0 / 16;
// A stall that ends within this is waited out by the committer, who has nothing else to do; a longer one is refused, so
// that no batch grows older than the queue-age limit.
constexpr auto kStallWait = 1s;
constexpr auto kStallStep = 5ms;
constexpr std::size_t kBatchReserve = limits::kGroupBytes + limits::kGroupBytes / 4;
constexpr std::size_t kProtectionBytes = 8;  // A bit that flips between here and the memtable is found.
constexpr char kIdempotencyKind = 'i';

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

/// The batch is ours and its families exist: adding to it cannot fail.
void must(const rocksdb::Status& status) { SLUICE_CHECK(status.ok()); }

Error read_error(const rocksdb::Status& status) {
  return {status.IsCorruption() ? Errc::corrupt : Errc::io_error, 0, "catalogue"};
}

}  // namespace

StoreLog::StoreLog(Database& log, HotIndex& hot, Indexer& indexer, BlockSource& blocks, std::size_t hot_rows,
                   LogTail tail)
    : log_(log),
      hot_(hot),
      indexer_(indexer),
      blocks_(blocks),
      hot_rows_(hot_rows),
      acked_(tail.last_commit_sequence),
      tail_(tail),
      batch_(kBatchReserve, 0, kProtectionBytes, 0),
      expired_before_(1, kIdempotencyKind) {}

Durability StoreLog::append(Group& group) {
  const std::lock_guard lock(mutex_);
  if (failed()) return Durability::unknown;
  if (disk_full() || !has_room(group)) return Durability::refused;

  LogTail tail{tail_.last_block, group.commit_sequence, group.inserted_at};
  SLUICE_CHECK(group.commit_sequence == tail_.last_commit_sequence + 1);
  for (GroupBlock& block : group.blocks) {
    SLUICE_CHECK(block.sequence == ++tail.last_block);
    hot_.add(block.sequence, block.postings);  // Invisible until publish().
  }
  build(group, tail);
  if (planted("publish_before_durable")) {
    for (const GroupBlock& block : group.blocks) blocks_.add_recent(block.sequence, block.bytes);
    if (!group.blocks.empty()) hot_.publish(tail.last_block);
  }
  const rocksdb::Status status = write();
  if (status.ok() || (planted("swallow_eio") && status.IsIOError())) {
    publish(group, tail);
    return Durability::durable;
  }
  hot_.roll_back();
  if (status.IsIncomplete() && !log_.health->background_error())
    return Durability::refused;  // A stall: nothing written.
  // Anything else may have reached the disk, a full disk included; whether it did is found by a restart.
  // The committer writes nothing to stderr: one that nobody reads would hold up the answers and the process's end.
  failure_ = "the log failed at commit " + std::to_string(group.commit_sequence) + ": " + status.ToString();
  failed_.store(true, std::memory_order_release);  // Pairs with failed(): failure_ is complete.
  return Durability::unknown;
}

bool StoreLog::has_room(const Group& group) {
  std::size_t rows = 0;
  for (const GroupBlock& block : group.blocks) rows += block.postings.by_source.size();
  if (hot_.rows() == 0 || hot_.rows() + rows <= hot_rows_) return true;
  // The open segment may be what fills it: it has to be indexed too, or room would never come.
  if (auto sealed = hot_.seal(true)) indexer_.push(std::move(sealed));
  return false;
}

void StoreLog::build(const Group& group, const LogTail& tail) {
  batch_.Clear();
  rocksdb::ColumnFamilyHandle* const scores = log_.families[kScores];
  rocksdb::ColumnFamilyHandle* const catalogue = log_.families[kCatalogue];
  for (const GroupBlock& block : group.blocks) {
    key_.clear();
    put_u64_be(key_, block.sequence);
    must(batch_.Put(scores, key_, *block.bytes));
  }
  for (const CatalogueEntry& entry : group.catalogue) must(batch_.Put(catalogue, entry.key, entry.value));
  // Deleted first, so that an entry of this very group cannot fall into the range.
  if (group.idempotency_expired_before > expired_before_) {
    must(batch_.DeleteRange(catalogue, expired_before_, group.idempotency_expired_before));
  }
  for (const IdempotencyEntry& entry : group.idempotency) {
    SLUICE_CHECK(!entry.key.empty() && entry.key.front() == kIdempotencyKind);
    must(batch_.Put(catalogue, entry.key, entry.value));
  }
  must(batch_.Put(catalogue, slice(kCommitKey), encode_commit_record(tail)));
}

rocksdb::Status StoreLog::write() {
  rocksdb::WriteOptions options;
  options.sync = !planted("sync_off") && !planted("ack_before_sync");
  if (planted("ack_before_sync")) log_.db->SyncWAL().PermitUncheckedError();  // The group before, acked already.
  options.no_slowdown = true;  // A stall comes back as Incomplete instead of holding the committer for ever.
  const auto deadline = std::chrono::steady_clock::now() + kStallWait;
  for (;;) {
    rocksdb::Status status = log_.db->Write(options, &batch_);
    // With a background error 7.8.3 returns Incomplete too, and it is no stall.
    if (!status.IsIncomplete() || log_.health->background_error()) return status;
    if (std::chrono::steady_clock::now() >= deadline) return status;
    std::this_thread::sleep_for(kStallStep);
  }
}

void StoreLog::publish(Group& group, const LogTail& tail) {
  for (GroupBlock& block : group.blocks) blocks_.add_recent(block.sequence, std::move(block.bytes));
  if (!group.blocks.empty()) hot_.publish(tail.last_block);
  tail_ = tail;
  acked_.store(tail.last_commit_sequence, std::memory_order_release);
  if (group.idempotency_expired_before > expired_before_) expired_before_ = group.idempotency_expired_before;
  if (auto sealed = hot_.seal(false)) indexer_.push(std::move(sealed));
}

LogTail StoreLog::tail() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

double StoreLog::pressure() const noexcept {
  if (failed() || log_.health->write_stopped()) return 1.0;
  return std::min(1.0, static_cast<double>(hot_.rows()) / (kFullAt * static_cast<double>(hot_rows_)));
}

void StoreLog::seal() {
  const std::lock_guard lock(mutex_);
  if (auto sealed = hot_.seal(true)) indexer_.push(std::move(sealed));
}

Result<void> StoreLog::load(Catalogue& catalogue, const KeptAnswers& kept, std::vector<IdempotencyEntry>& idempotency) {
  const std::string first(1, kIdempotencyKind);
  const std::string behind(1, kIdempotencyKind + 1);
  const std::unique_ptr<rocksdb::Iterator> at(log_.db->NewIterator(rocksdb::ReadOptions(), log_.families[kCatalogue]));
  for (at->SeekToFirst(); at->Valid();) {
    const rocksdb::Slice key = at->key();
    if (key.starts_with(first)) {
      at->Seek(behind);
      continue;
    }
    if (key != slice(kCommitKey)) {
      const Result<void> loaded = catalogue.load({key.data(), key.size()}, {at->value().data(), at->value().size()});
      if (!loaded) return loaded;
    }
    at->Next();
  }
  if (!at->status().ok()) return read_error(at->status());

  // Newest first, because a day may hold far more of them than the tables, and the oldest would go anyway.
  std::string oldest = first;
  put_u64_be(oldest, static_cast<std::uint64_t>(std::max<WallTime>(kept.since, 0)));
  std::size_t bytes = 0;
  for (at->SeekForPrev(behind); at->Valid() && at->key().starts_with(first) && at->key().compare(oldest) >= 0;
       at->Prev()) {
    bytes += at->value().size();
    if (idempotency.size() >= kept.tables * limits::kIdempotencyEntries) break;
    if (bytes > kept.tables * limits::kIdempotencyBytes) break;
    idempotency.push_back({at->key().ToString(), at->value().ToString()});
  }
  if (!at->status().ok()) return read_error(at->status());
  std::ranges::reverse(idempotency);
  return {};
}

}  // namespace sluice
