#include "store/internal/index_check.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "store/internal/log_check.h"
#include "store/internal/slot_codec.h"

namespace sluice {
namespace {

// Runs of blocks that are told apart. Doubled: 8 MiB more, and a difference is placed twice as exactly.
constexpr std::uint64_t kBuckets = 65'536;
constexpr const char* kNames[kIndexFamilies] = {"watermark", "by_source", "by_annotator", "by_workspace",
                                                "by_client_id"};
constexpr int kPostingFamilies[] = {kBySource, kByAnnotator, kByWorkspace, kByClientId};

void add_unknown(int family, std::uint64_t block, Verification& out) {
  out.add(std::string("index: ") + kNames[family] + " has an entry for block " + std::to_string(block) +
              ", which it should not know",
          kRebuildStep);
}

}  // namespace

IndexCheck::IndexCheck(const KeyedHash& keys, std::uint64_t watermark)
    : keys_(keys), watermark_(watermark), buckets_(static_cast<std::size_t>(std::min(watermark, kBuckets))) {
  for (const int family : kPostingFamilies) {
    expected_[static_cast<std::size_t>(family)].resize(buckets_);
    found_[static_cast<std::size_t>(family)].resize(buckets_);
  }
}

std::size_t IndexCheck::bucket(std::uint64_t block) const noexcept {
  const std::uint64_t per_bucket = (watermark_ + buckets_ - 1) / buckets_;
  return static_cast<std::size_t>((block - 1) / per_bucket);
}

void IndexCheck::add(Sums& sums, int family, std::uint64_t block, std::string_view key, std::string_view value) {
  entry_.assign(key).append(value);  // A family's keys have one length, so the joint is never in doubt.
  Sum& sum = sums[static_cast<std::size_t>(family)][bucket(block)];
  ++sum.entries;
  sum.hashes += keys_.hash(static_cast<std::uint64_t>(family), entry_);
}

bool IndexCheck::expect(const BlockView& block) {
  if (block.sequence() > watermark_) return true;
  postings_.clear();
  if (!block.postings(keys_, postings_)) return false;
  const auto expect_hashed = [&](int family, const std::vector<Posting>& postings) {
    for (const Posting& posting : postings) {
      add_posting(expected_, family, posting.hash, block.sequence(), posting.slot * 2u + (posting.parent ? 1u : 0u));
    }
  };
  expect_hashed(kBySource, postings_.by_source);
  expect_hashed(kByClientId, postings_.by_client_id);
  expect_owned(kByAnnotator, block.sequence(), postings_.by_annotator);
  expect_owned(kByWorkspace, block.sequence(), postings_.by_workspace);
  return true;
}

void IndexCheck::add_posting(Sums& sums, int family, std::uint64_t hash, std::uint64_t block, std::uint32_t mark) {
  key_.clear();
  put_u64_be(key_, hash);
  put_u64_be(key_, block);
  value_.clear();
  put_u32_be(value_, mark);
  add(sums, family, block, key_, value_);
}

void IndexCheck::expect_owned(int family, std::uint64_t block, std::vector<BlockPostings::Slot>& slots) {
  std::sort(slots.begin(), slots.end(), [](const BlockPostings::Slot& a, const BlockPostings::Slot& b) {
    return a.owner != b.owner ? a.owner < b.owner : a.slot < b.slot;
  });
  for (std::size_t at = 0; at < slots.size();) {
    const std::uint32_t owner = slots[at].owner;
    slots_.clear();
    for (; at < slots.size() && slots[at].owner == owner; ++at) slots_.push_back(slots[at].slot);
    key_.clear();
    put_u32_be(key_, owner);
    put_u64_be(key_, ~block);
    value_.clear();
    append_runs(value_, slots_);
    add(expected_, family, block, key_, value_);
  }
}

void IndexCheck::compare(Database& index, IndexCounts& counts, Verification& out) {
  counts.by_source = read_family(index, kBySource, out);
  counts.by_annotator = read_family(index, kByAnnotator, out);
  counts.by_workspace = read_family(index, kByWorkspace, out);
  counts.by_client_id = read_family(index, kByClientId, out);
  for (const int family : kPostingFamilies) compare_family(family, out);
}

std::uint64_t IndexCheck::read_family(Database& index, int family, Verification& out) {
  const std::size_t head = is_hashed(family) ? 8 : 4;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.total_order_seek = true;
  options.readahead_size = std::size_t{2} << 20;
  const std::unique_ptr<rocksdb::Iterator> at(
      index.db->NewIterator(options, index.families[static_cast<std::size_t>(family)]));
  std::uint64_t entries = 0;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const std::string_view key(at->key().data(), at->key().size());
    const std::string_view value(at->value().data(), at->value().size());
    std::uint64_t block = 0;
    if (key.size() == head + 8) block = load_u64_be(key.data() + head);
    if (key.size() == head + 8 && !is_hashed(family)) block = ~block;
    if (block == 0 || block > watermark_) {
      add_unknown(family, block, out);
    } else if (is_hashed(family)) {
      entries += read_hashed(family, block, key, value, out);
      continue;
    } else {
      add(found_, family, block, key, value);
    }
    ++entries;
  }
  if (!at->status().ok()) {
    out.add(std::string("index: ") + kNames[family] + " cannot be read: " + at->status().ToString(), kRebuildStep);
  }
  return entries;
}

std::uint64_t IndexCheck::read_hashed(int family, std::uint64_t block, std::string_view key, std::string_view value,
                                      Verification& out) {
  hits_.clear();
  if (!read_postings(value, block, hits_)) {
    out.add(std::string("index: ") + kNames[family] + " has a list from block " + std::to_string(block) +
                " on that cannot be read",
            kRebuildStep);
    return 1;
  }
  const std::uint64_t hash = load_u64_be(key.data());
  for (const PostingHit& hit : hits_) {
    if (hit.at.block > watermark_) {
      add_unknown(family, hit.at.block, out);
    } else {
      add_posting(found_, family, hash, hit.at.block, hit.at.slot * 2u + (hit.parent ? 1u : 0u));
    }
  }
  return hits_.size();
}

void IndexCheck::compare_family(int family, Verification& out) const {
  const std::vector<Sum>& expected = expected_[static_cast<std::size_t>(family)];
  const std::vector<Sum>& found = found_[static_cast<std::size_t>(family)];
  for (std::size_t at = 0; at < buckets_; ++at) {
    if (expected[at] == found[at]) continue;
    const std::uint64_t per_bucket = (watermark_ + buckets_ - 1) / buckets_;
    const std::uint64_t first = at * per_bucket + 1;
    const std::uint64_t last = std::min(first + per_bucket - 1, watermark_);
    out.add(std::string("index: ") + kNames[family] + " differs from the log for the blocks " + std::to_string(first) +
                " to " + std::to_string(last) + ": the log gives " + std::to_string(expected[at].entries) +
                " entries, the index has " + std::to_string(found[at].entries),
            kRebuildStep);
  }
}

}  // namespace sluice
