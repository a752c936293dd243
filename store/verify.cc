#include "store/verify.h"

#include <filesystem>
#include <stdexcept>

#include "store/internal/file_io.h"
#include "store/internal/index_check.h"
#include "store/internal/index_writer.h"
#include "store/internal/log_check.h"

namespace sluice {
namespace {

constexpr int kRebuildSeconds = 7 * 24 * 3600;

/// Opens the log as a start would, but only to read. False: it cannot be opened; the reason is in `out`.
bool open_log(const std::string& path, std::uint64_t acked, Database& log, Verification& out) {
  rocksdb::Status status = open_log_read_only(path, false, log);
  if (status.IsCorruption()) {
    Database up_to_damage;
    const rocksdb::Status second = open_log_read_only(path, true, up_to_damage);
    const std::uint64_t found =
        second.ok() ? read_commit_record(*up_to_damage.db, up_to_damage.families[kCatalogue]).last_commit_sequence : 0;
    if (second.ok() && found >= acked) {
      out.notes.push_back("the log's tail is damaged (" + status.ToString() + ") behind commit " +
                          std::to_string(found) +
                          ", and nothing there was acknowledged: the next start of the server drops it");
      log.health = up_to_damage.health;
      log.families = std::move(up_to_damage.families);
      log.db = std::move(up_to_damage.db);
      return true;
    }
    std::string what = "the log " + path + " is damaged: " + status.ToString();
    if (second.ok())
      what += "; up to the damage it holds commit " + std::to_string(found) + ", but commit " + std::to_string(acked) +
              " was acknowledged";
    out.add(std::move(what), kRestoreStep);
    return false;
  }
  if (!status.ok()) out.add("the log " + path + " cannot be opened: " + status.ToString(), kRestoreStep);
  return status.ok();
}

std::uint64_t acked_of(const std::string& directory, Verification& out) {
  try {
    return read_acked(directory + "/ACKED");
  } catch (const std::exception& error) {
    out.add(error.what(), "as it says");
    return 0;
  }
}

/// Opens the index and reads how far it goes. False: nothing can be compared; the reason is in `out`.
bool open_index(const std::string& path, Database& index, IndexCounts& counts, Verification& out) {
  std::error_code ignored;
  if (!std::filesystem::exists(path + "/CURRENT", ignored)) {
    out.add("the index " + path + " is missing",
            "start the server, which makes it anew from the log, or do that now with `sluice verify --rebuild-index`");
    return false;
  }
  const rocksdb::Status status = open_index_read_only(path, index);
  if (!status.ok()) {
    out.add("the index " + path + " cannot be opened: " + status.ToString(), kRebuildStep);
    return false;
  }
  try {
    const std::uint64_t watermark = read_watermark(index);
    if (watermark >= kWatermarkOlder) {
      const char* const what = watermark == kWatermarkDamaged ? " has a damaged watermark" : " is in an older format";
      out.add("the index " + path + what, kRebuildStep);
      return false;
    }
    counts.indexed_block = watermark;
  } catch (const std::exception& error) {
    out.add(error.what(), kRebuildStep);
    return false;
  }
  const std::unique_ptr<rocksdb::Iterator> at(
      index.db->NewIterator(rocksdb::ReadOptions(), index.families[kWatermark]));
  for (at->SeekToFirst(); at->Valid(); at->Next()) ++counts.segments;
  return true;
}

void verify_index(const DataDir& directory, Database& log, std::uint64_t acked, Verification& out) {
  Database index;
  IndexCounts& counts = out.index.emplace();
  const bool readable = open_index(directory.path() + "/index", index, counts, out);
  if (readable) check_files(index, kRebuildStep, out);
  const KeyedHash keys(directory.hash_key());
  IndexCheck check(keys, counts.indexed_block);
  const std::uint64_t before = out.problems.size() + out.more_problems;
  Catalogue catalogue;
  check_log(
      log, acked, catalogue, [&](const BlockView& block) { (void)check.expect(block); }, out);
  if (!readable) return;
  if (out.problems.size() + out.more_problems != before) {
    out.notes.push_back("the index was not compared with the log, because the log itself is not whole");
    return;
  }
  if (counts.indexed_block > out.log.blocks) {
    out.add("index: it goes to block " + std::to_string(counts.indexed_block) + ", the log to " +
                std::to_string(out.log.blocks),
            kRebuildStep);
    return;
  }
  check.compare(index, counts, out);
  if (counts.indexed_block < out.log.blocks)
    out.notes.push_back("the blocks past " + std::to_string(counts.indexed_block) +
                        " are not in the index yet: the next start reads them into memory");
}

}  // namespace

void Verification::add(std::string what, std::string next_step) {
  if (problems.size() == kProblems) {
    ++more_problems;
  } else {
    problems.push_back({std::move(what), std::move(next_step)});
  }
}

Verification verify_data(const DataDir& directory) {
  Verification out;
  const std::uint64_t acked = acked_of(directory.path(), out);
  Database log;
  if (!open_log(directory.path() + "/log", acked, log, out)) return out;
  check_files(log, kRestoreStep, out);
  verify_index(directory, log, acked, out);
  return out;
}

Verification verify_log_copy(const std::string& directory) {
  Verification out;
  const std::uint64_t acked = acked_of(directory, out);
  Database log;
  if (!open_log(directory + "/log", acked, log, out)) return out;
  check_files(log, kRestoreStep, out);
  Catalogue catalogue;
  check_log(
      log, acked, catalogue, [](const BlockView&) {}, out);
  return out;
}

void rebuild_index(const DataDir& directory, const StoreOptions& options) {
  remove_index_database(directory.path() + "/index");
  const std::unique_ptr<Store> store = Store::open(directory, options);
  if (!store->settle(kRebuildSeconds))
    throw std::runtime_error("the index in " + directory.path() +
                             " could not be made anew; see the message above, and whether the disk is full");
  store->close();
}

void write_acked(const std::string& directory, std::uint64_t commit_sequence) {
  AckedFile file(directory + "/ACKED");
  if (!file.write(commit_sequence)) throw std::runtime_error("cannot write " + directory + "/ACKED");
  sync_directory(directory);
}

}  // namespace sluice
