#include "store/internal/recovery.h"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/model/row.h"

namespace sluice {
namespace {

[[noreturn]] void damaged(std::uint64_t sequence, const char* what) {
  throw std::runtime_error("the log is damaged: block " + std::to_string(sequence) + " " + what +
                           kLogDamagedStep);
}

}  // namespace

Database open_index_for(const std::string& path, const MemoryPlan& plan, std::shared_ptr<rocksdb::Cache> cache,
                        rocksdb::Env* env, const Database& log) {
  const std::uint64_t last_block = read_commit_record(*log.db, log.families[kCatalogue]).last_block;
  {
    Database index = open_index_database(path, plan, cache, env);
    const std::uint64_t watermark = read_watermark(index);
    if (watermark <= last_block) return index;
    // Ahead: only after an operator has accepted a loss (ACKED removed) or mixed two backups.
    std::fprintf(stderr, "sluice: the index %s is %s; it is rebuilt from the log\n", path.c_str(),
                 watermark == kWatermarkDamaged ? "damaged"
                 : watermark == kWatermarkOlder ? "in an older format"
                                                : "ahead of the log");
  }
  remove_index_database(path);
  return open_index_database(path, plan, std::move(cache), env);
}

void recover_hot_index(const Database& log, const LogTail& tail, const KeyedHash& keys, std::size_t hot_rows,
                       HotIndex& hot, Indexer& indexer, WritePacer& merges) {
  // A merge that a kill has cut off begins anew with each start, on a processor that the start needs.
  WriteHold hold(merges);
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2u << 20;
  const std::unique_ptr<rocksdb::Iterator> at(log.db->NewIterator(options, log.families[kScores]));
  std::uint64_t next = hot.durable_block() + 1;
  std::string key;
  put_u64_be(key, next);
  BlockPostings postings;
  for (at->Seek(key); at->Valid(); at->Next(), ++next) {
    if (at->key().size() != 8 || load_u64_be(at->key().data()) != next) damaged(next, "is missing");
    const Result<BlockView> view = BlockView::open({at->value().data(), at->value().size()});
    if (!view) {
      damaged(next, view.error().code == Errc::format_too_new ? "was written by a newer version of Sluice"
                                                              : "fails its checksum");
    }
    if (view->sequence() != next) damaged(next, "carries another number");
    postings.clear();
    if (!view->postings(keys, postings)) damaged(next, "has a row that cannot be read");
    hot.add(next, postings);
    hot.publish(next);
    if (auto sealed = hot.seal(false)) indexer.push(std::move(sealed));
    while (hot.rows() >= hot_rows) {
      hold.end();  // The indexer waits for merges when there are many tables.
      // segment_rows is at most half of hot_rows, so something is sealed and the indexer makes room.
      if (indexer.failed()) throw std::runtime_error("the index cannot be written; see the message above");
      (void)indexer.wait_idle(std::chrono::steady_clock::now() + std::chrono::milliseconds(10));
    }
  }
  if (!at->status().ok()) {
    throw std::runtime_error("the log is damaged: it cannot be read past block " + std::to_string(next - 1) + ": " +
                             at->status().ToString() + kLogDamagedStep);
  }
  if (next != tail.last_block + 1) damaged(next, "and later ones are not those that the last commit names");
}

}  // namespace sluice
