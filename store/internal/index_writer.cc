#include "store/internal/index_writer.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <vector>

#include <rocksdb/sst_file_writer.h>

#include "engine/base/bytes.h"
#include "engine/base/planted_bug.h"
#include "store/internal/slot_codec.h"

namespace sluice {
namespace {

constexpr const char* kFamilyNames[kIndexFamilies] = {"watermark", "by_source", "by_annotator", "by_workspace",
                                                      "by_client_id"};

// The index's format, in the watermark's value. 1 had a key per hash and block.
constexpr char kFormat = 2;

// A key's list of postings. Halved: a source of many scores has more keys. Doubled: a read that stops has read more.
constexpr std::size_t kListBytes = 16 * 1024;

// Unmerged tables beside which another one gets RocksDB's filter, in its cache, instead of one that stays in memory: 32
// of 12 bits for each of a segment's rows are a twentieth of memory_bytes, where every score has a source of its own.
constexpr std::uint64_t kSegmentFilters = 32;

struct HashedPosting {
  std::uint64_t hash;
  std::uint32_t block;
  std::uint32_t mark;
  [[nodiscard]] bool operator<(const HashedPosting& other) const noexcept {
    if (hash != other.hash) return hash < other.hash;
    return block != other.block ? block < other.block : mark < other.mark;
  }
};

constexpr int kBucketBits = 12;
constexpr int kDigitBits = 8;

/// By the next bits, so that what is left to compare is a few postings, most often of one hash and in order already.
void sort_bucket(std::span<HashedPosting> bucket, std::vector<HashedPosting>& scratch) {
  constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
  if (bucket.size() <= kDigits / 8) return std::sort(bucket.begin(), bucket.end());
  const auto digit = [](std::uint64_t hash) { return hash >> (64 - kBucketBits - kDigitBits) & (kDigits - 1); };
  std::array<std::uint32_t, kDigits + 1> starts{};
  for (const HashedPosting& posting : bucket) ++starts[digit(posting.hash) + 1];
  for (std::size_t at = 1; at < starts.size(); ++at) starts[at] += starts[at - 1];
  std::array<std::uint32_t, kDigits> ends;
  std::copy_n(starts.begin(), kDigits, ends.begin());
  scratch.assign(bucket.begin(), bucket.end());
  for (const HashedPosting& posting : scratch) bucket[ends[digit(posting.hash)]++] = posting;
  for (std::size_t at = 0; at < kDigits; ++at) {
    if (starts[at + 1] - starts[at] > 1) std::sort(bucket.begin() + starts[at], bucket.begin() + starts[at + 1]);
  }
}

/// Hashes are uniform, so one pass by their highest bits leaves buckets that sort inside the first-level cache.
std::vector<HashedPosting> sorted_postings(const HotChain& chain, Pacer& pacer) {
  const auto bucket = [](std::uint64_t hash) { return hash >> (64 - kBucketBits); };
  std::vector<std::uint32_t> starts((std::size_t{1} << kBucketBits) + 1);
  chain.each([&](const HotChain::Entry& entry) {
    ++starts[bucket(entry.key) + 1];
    pacer.step();
  });
  for (std::size_t at = 1; at < starts.size(); ++at) starts[at] += starts[at - 1];
  std::vector<HashedPosting> sorted(starts.back());
  std::vector<std::uint32_t> ends(starts.begin(), starts.end() - 1);
  chain.each([&](const HotChain::Entry& entry) {
    sorted[ends[bucket(entry.key)]++] = {entry.key, entry.block, entry.detail};
    pacer.step();
  });
  std::vector<HashedPosting> scratch;
  for (std::size_t at = 0; at < ends.size(); ++at) {
    sort_bucket(std::span(sorted).subspan(starts[at], starts[at + 1] - starts[at]), scratch);
    pacer.step();
  }
  return sorted;
}

rocksdb::Options table_options(const Database& index, int family) {
  rocksdb::Options options = index.db->GetOptions(index.families[static_cast<std::size_t>(family)]);
  if (!is_hashed(family) || index.level0_files(family) >= kSegmentFilters) return options;
  return hashed_segment_options(std::move(options));
}

}  // namespace

/// One SST file being written.
class IndexWriter::Table {
 public:
  Table(Database& index, int family, const std::string& directory)
      : path_(directory + "/" + kFamilyNames[family] + ".sst"),
        options_(table_options(index, family)),
        writer_(rocksdb::EnvOptions(options_), options_, index.families[static_cast<std::size_t>(family)], false) {}

  [[nodiscard]] rocksdb::Status open() { return writer_.Open(path_); }
  [[nodiscard]] rocksdb::Status put(const std::string& key, const std::string& value) {
    return writer_.Put(key, value);
  }
  /// Syncs the file and adds it to what will be ingested.
  [[nodiscard]] rocksdb::Status finish(rocksdb::ColumnFamilyHandle* family,
                                       std::vector<rocksdb::IngestExternalFileArg>& arguments) {
    const rocksdb::Status status = writer_.Finish();
    if (!status.ok()) return status;
    rocksdb::IngestExternalFileArg argument;
    argument.column_family = family;
    argument.external_files = {path_};
    argument.options.move_files = true;
    // The number lives in the MANIFEST alone: no random write into a finished file.
    argument.options.write_global_seqno = false;
    // No memtable of this database ever holds data; if one did, ingesting beside it could misorder (fixed in 7.10).
    argument.options.allow_blocking_flush = false;
    arguments.push_back(std::move(argument));
    return status;
  }

 private:
  std::string path_;
  rocksdb::Options options_;
  rocksdb::SstFileWriter writer_;
};

IndexWriter::IndexWriter(Database& index, std::string directory, Pacer& pacer)
    : index_(index), directory_(std::move(directory)), pacer_(pacer) {
  // What lies here was not ingested, or is ingested and lies in the index too (a crash between link and unlink).
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  if (!std::filesystem::create_directories(directory_, error) || error) {
    throw std::runtime_error("cannot create " + directory_ + ": " + error.message());
  }
}

rocksdb::Status IndexWriter::ingest(const HotSegment& segment) {
  arguments_.clear();
  rocksdb::Status status = write_hashed(kBySource, segment.by_source(), segment.first_block());
  if (status.ok()) status = write_hashed(kByClientId, segment.by_client_id(), segment.first_block());
  if (status.ok()) status = write_owned(kByAnnotator, segment.by_annotator(), segment);
  if (status.ok()) status = write_owned(kByWorkspace, segment.by_workspace(), segment);
  if (status.ok()) status = write_watermark(segment);
  if (status.ok()) status = index_.db->IngestExternalFiles(arguments_);
  return status;
}

rocksdb::Status IndexWriter::write_hashed(int family, const HotChain& chain, std::uint64_t first_block) {
  const std::vector<HashedPosting> postings = sorted_postings(chain, pacer_);
  if (postings.empty()) return rocksdb::Status::OK();
  Table table(index_, family, directory_);
  rocksdb::Status status = table.open();
  std::string key;
  std::string value;
  for (std::size_t at = 0; status.ok() && at < postings.size();) {
    const HashedPosting& first = postings[at];
    key.clear();
    put_u64_be(key, first.hash);
    put_u64_be(key, first_block + first.block);
    PostingListEncoder list(value, first_block + first.block, first.mark);
    for (++at; at < postings.size() && postings[at].hash == first.hash; ++at) {
      // A long list goes on under the next block's key, so that a reader may stop.
      if (value.size() > kListBytes && postings[at].block != postings[at - 1].block) break;
      list.add(first_block + postings[at].block, postings[at].mark);
    }
    status = table.put(key, value);
    pacer_.step();
  }
  return status.ok() ? table.finish(index_.families[static_cast<std::size_t>(family)], arguments_) : status;
}

rocksdb::Status IndexWriter::write_owned(int family, const HotChain& chain, const HotSegment& segment) {
  std::vector<HotChain::Entry> entries;
  chain.each([&](const HotChain::Entry& entry) { entries.push_back(entry); });
  if (entries.empty()) return rocksdb::Status::OK();
  std::sort(entries.begin(), entries.end(), [](const HotChain::Entry& a, const HotChain::Entry& b) {
    return a.key != b.key ? a.key < b.key : a.block > b.block;
  });
  Table table(index_, family, directory_);
  rocksdb::Status status = table.open();
  std::string key;
  for (const HotChain::Entry& entry : entries) {
    if (!status.ok()) return status;
    key.clear();
    put_u32_be(key, static_cast<std::uint32_t>(entry.key));
    put_u64_be(key, ~(segment.first_block() + entry.block));
    status = table.put(key, std::string(segment.slots(entry)));
  }
  return status.ok() ? table.finish(index_.families[static_cast<std::size_t>(family)], arguments_) : status;
}

rocksdb::Status IndexWriter::write_watermark(const HotSegment& segment) {
  Table table(index_, kWatermark, directory_);
  rocksdb::Status status = table.open();
  // A key of its own per segment, the newest first: no key of the index is ever written twice, so no order between
  // ingested files can matter.
  std::string key;
  put_u64_be(key, ~(segment.last_block() + (planted("watermark_off_by_one") ? 1 : 0)));
  if (status.ok()) status = table.put(key, std::string(1, kFormat));
  return status.ok() ? table.finish(index_.families[kWatermark], arguments_) : status;
}

std::uint64_t read_watermark(Database& index) {
  const std::unique_ptr<rocksdb::Iterator> at(
      index.db->NewIterator(rocksdb::ReadOptions(), index.families[kWatermark]));
  at->SeekToFirst();
  if (!at->Valid()) {
    if (at->status().ok()) return 0;
    if (at->status().IsCorruption()) return kWatermarkDamaged;
    throw std::runtime_error("cannot read the index's watermark: " + at->status().ToString() +
                             "; check the disk (dmesg, SMART) and start again");
  }
  if (at->key().size() != 8 || at->value().size() != 1 || at->value()[0] > kFormat) {
    throw std::runtime_error(
        "the index's watermark was written by a newer version of Sluice; start that version again");
  }
  if (at->value()[0] != kFormat) return kWatermarkOlder;
  return ~load_u64_be(at->key().data());
}

}  // namespace sluice
