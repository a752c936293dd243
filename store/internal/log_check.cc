#include "store/internal/log_check.h"

#include <rocksdb/sst_file_reader.h>

#include "engine/base/bytes.h"

namespace sluice {
namespace {

constexpr std::size_t kReadAhead = std::size_t{2} << 20;

rocksdb::ReadOptions whole_scan() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadAhead;
  return options;
}

/// Walks the blocks of the log in order.
class BlockCheck {
 public:
  BlockCheck(const CatalogueSnapshot& catalogue, Verification& out) : catalogue_(catalogue), out_(out) {}

  void block(std::uint64_t key, std::string_view bytes, const std::function<void(const BlockView&)>& good) {
    if (key != next_) {
      bad(key == next_ + 1 ? "block " + std::to_string(next_) + " is missing"
                           : "the blocks " + std::to_string(next_) + " to " + std::to_string(key - 1) + " are missing");
    }
    next_ = key + 1;
    const std::string name = "block " + std::to_string(key);
    const Result<BlockView> view = BlockView::open(bytes);
    if (!view) {
      if (view.error().code == Errc::format_too_new) {
        out_.add(name + " was written by a newer version of Sluice", "verify with that version");
      } else {
        bad(name + " fails its checksum");
      }
      return;
    }
    ++out_.log.blocks;
    if (view->sequence() != key) bad(name + " carries the number " + std::to_string(view->sequence()));
    if (view->inserted_at() < inserted_at_) bad(name + " is older than the block before it");
    inserted_at_ = view->inserted_at();
    for (std::uint16_t slot = 0; slot < view->rows(); ++slot) row(*view, slot, name);
    good(*view);
  }
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  [[nodiscard]] WallTime newest() const noexcept { return inserted_at_; }

 private:
  void bad(std::string what) { out_.add("log: " + std::move(what), kRestoreStep); }

  void row(const BlockView& view, std::uint16_t slot, const std::string& name) {
    const Result<void> read = view.row(slot, row_, scratch_);
    if (!read) {
      if (read.error().code == Errc::not_found) {
        ++out_.log.emptied;
      } else {
        bad(name + ", row " + std::to_string(slot) + " cannot be read");
      }
      return;
    }
    const bool is_score = row_.kind != EventKind::source;
    if (catalogue_.workspace(row_.workspace) == nullptr ||
        (is_score && (catalogue_.annotator(row_.annotator) == nullptr || catalogue_.label(row_.label) == nullptr))) {
      bad(name + ", row " + std::to_string(slot) + " names a workspace, annotator or label that the catalogue lacks");
    }
    switch (row_.kind) {
      case EventKind::set:
        ++out_.log.sets;
        break;
      case EventKind::patch:
        ++out_.log.patches;
        break;
      case EventKind::erase:
        ++out_.log.erases;
        break;
      case EventKind::source:
        ++out_.log.sources;
        break;
    }
  }

  const CatalogueSnapshot& catalogue_;
  Verification& out_;
  std::uint64_t next_ = 1;
  WallTime inserted_at_ = INT64_MIN;
  Row row_;
  RowScratch scratch_;
};

void count_record(char kind, LogCounts& counts) {
  switch (kind) {
    case 1:
      ++counts.workspaces;
      break;
    case 2:
      ++counts.annotators;
      break;
    case 3:
      ++counts.keys;
      break;
    case 4:
      ++counts.labels;
      break;
    case 'i':
      ++counts.kept_answers;
      break;
    default:
      break;  // The commit record; what is unknown has been refused.
  }
}

void check_catalogue(Database& log, Catalogue& catalogue, Verification& out) {
  const std::unique_ptr<rocksdb::Iterator> at(log.db->NewIterator(whole_scan(), log.families[kCatalogue]));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const std::string_view key(at->key().data(), at->key().size());
    const std::string_view value(at->value().data(), at->value().size());
    const char kind = key.empty() ? '\0' : key.front();
    if (kind != 'i' && key != kCommitKey) {
      const Result<void> loaded = catalogue.load(key, value);
      if (!loaded) {
        const bool newer = loaded.error().code == Errc::format_too_new;
        out.add("log: the catalogue's record of kind " + std::to_string(static_cast<int>(kind)) +
                    (newer ? " was written by a newer version of Sluice" : " cannot be read"),
                newer ? "verify with that version" : kRestoreStep);
        continue;
      }
    }
    count_record(kind, out.log);
  }
  if (!at->status().ok()) out.add("log: the catalogue cannot be read: " + at->status().ToString(), kRestoreStep);
}

}  // namespace

void check_files(Database& database, const std::string& next_step, Verification& out) {
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db->GetLiveFilesMetaData(&files);
  for (const rocksdb::LiveFileMetaData& file : files) {
    for (rocksdb::ColumnFamilyHandle* const family : database.families) {
      if (family->GetName() != file.column_family_name) continue;
      rocksdb::SstFileReader reader(database.db->GetOptions(family));
      rocksdb::Status status = reader.Open(file.db_path + file.name);
      if (status.ok()) status = reader.VerifyChecksum();
      if (!status.ok())
        out.add("the file " + file.db_path + file.name + " is damaged: " + status.ToString(), next_step);
    }
  }
}

void check_log(Database& log, std::uint64_t acked, Catalogue& catalogue,
               const std::function<void(const BlockView&)>& block, Verification& out) {
  LogTail tail;
  try {
    tail = read_commit_record(*log.db, log.families[kCatalogue]);
  } catch (const std::exception& error) {
    out.add(error.what(), kRestoreStep);
    return;
  }
  out.log.commits = tail.last_commit_sequence;
  out.log.acked = acked;
  if (tail.last_commit_sequence < acked) {
    out.add("log: it ends at commit " + std::to_string(tail.last_commit_sequence) + ", but commit " +
                std::to_string(acked) + " was acknowledged: the scores in between are lost here",
            std::string(kRestoreStep) + "; to serve what is left, remove the file ACKED");
  }
  check_catalogue(log, catalogue, out);
  const CataloguePtr snapshot = catalogue.snapshot();
  BlockCheck blocks(*snapshot, out);
  const std::unique_ptr<rocksdb::Iterator> at(log.db->NewIterator(whole_scan(), log.families[kScores]));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (at->key().size() != 8) {
      out.add("log: a block has a key of " + std::to_string(at->key().size()) + " bytes", kRestoreStep);
      continue;
    }
    blocks.block(load_u64_be(at->key().data()), {at->value().data(), at->value().size()}, block);
  }
  if (!at->status().ok()) {
    out.add("log: it cannot be read past block " + std::to_string(blocks.next() - 1) + ": " + at->status().ToString(),
            kRestoreStep);
  } else if (blocks.next() != tail.last_block + 1) {
    out.add("log: its last block is " + std::to_string(blocks.next() - 1) + ", but the last commit names " +
                std::to_string(tail.last_block),
            kRestoreStep);
  } else if (blocks.newest() > tail.last_inserted_at) {
    out.add("log: its last block is newer than the last commit", kRestoreStep);
  }
}

}  // namespace sluice
