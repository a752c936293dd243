#include "store/internal/store_reader.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"
#include "store/internal/slot_codec.h"

namespace sluice {
namespace {

/// A view's index reads open iterators after the hot list was pinned; see HotIndex for why that misses nothing.
class StoreView final : public ReadView {
 public:
  StoreView(HotView hot, Database& index, BlockSource& blocks, PostingCache& postings, bool memory_only)
      : hot_(std::move(hot)),
        index_(index),
        blocks_(blocks),
        postings_(postings),
        memory_only_(memory_only),
        hits_max_(memory_only ? limits::kEventsReadAtOnce : limits::kEventsPerSource) {}

  Result<void> by_source(std::uint64_t source_hash, std::vector<PostingHit>& out) override {
    return hashed(kBySource, &HotSegment::by_source, source_hash, out);
  }
  Result<void> by_client_id(std::uint64_t hash, std::vector<PostingHit>& out) override {
    return hashed(kByClientId, &HotSegment::by_client_id, hash, out);
  }
  Result<void> by_annotator(AnnotatorNumber annotator, Position before, std::size_t limit,
                            std::vector<Position>& out) override {
    return owned(kByAnnotator, &HotSegment::by_annotator, annotator, before, limit, out);
  }
  Result<void> by_workspace(WorkspaceNumber workspace, Position before, std::size_t limit,
                            std::vector<Position>& out) override {
    return owned(kByWorkspace, &HotSegment::by_workspace, workspace, before, limit, out);
  }
  Result<BlockRef> block(std::uint64_t sequence) override {
    if (sequence == 0 || sequence > hot_.last_block) return Error{Errc::not_found, 0, "block"};
    Result<BlockBytes> bytes = memory_only_ ? blocks_.in_memory(sequence) : blocks_.get(sequence);
    missed_ = missed_ || (memory_only_ && !bytes);
    if (!bytes) return bytes.error();
    const std::string_view text = **bytes;
    return BlockRef{sequence, std::move(*bytes), text};
  }
  std::uint64_t last_block() const noexcept override { return hot_.last_block; }
  bool missed() const noexcept override { return missed_; }

 private:
  using Chain = const HotChain& (HotSegment::*)() const noexcept;

  Result<void> hashed(int family, Chain chain, std::uint64_t hash, std::vector<PostingHit>& out);
  Result<void> hashed_cold(int family, std::uint64_t hash, std::vector<PostingHit>& out);
  Result<void> owned(int family, Chain chain, std::uint32_t owner, Position before, std::size_t limit,
                     std::vector<Position>& out);
  Result<void> owned_cold(int family, std::uint32_t owner, Position before, std::size_t limit,
                          std::vector<Position>& out);
  /// Appends the block's slots below `before`, newest first, until `out` holds `limit`.
  Result<void> append_slots(std::string_view value, std::uint64_t block, Position before, std::size_t limit,
                            std::vector<Position>& out);

  [[nodiscard]] rocksdb::ReadOptions index_options() const;
  Error index_error(const rocksdb::Status& status);

  const HotView hot_;
  Database& index_;
  BlockSource& blocks_;
  PostingCache& postings_;
  const bool memory_only_;
  const std::size_t hits_max_;  // A memory view is for short work: it ends where its caller would give up.
  bool missed_ = false;
  std::vector<std::uint16_t> slots_;
};

Result<void> StoreView::hashed(int family, Chain chain, std::uint64_t hash, std::vector<PostingHit>& out) {
  out.clear();
  if (const std::uint64_t end = hot_.first_hot_block(); end > 1) {
    const bool kept = family == kBySource;
    if (!kept || !postings_.find(hash, end, out)) {
      const Result<void> cold = hashed_cold(family, hash, out);
      if (!cold) return cold;
      if (kept) postings_.put(hash, end, out);
    }
  }
  bool too_many = false;
  for (const auto& segment : *hot_.segments) {
    const std::size_t begin = out.size();
    ((*segment).*chain)().visit(hash, [&](const HotChain::Entry& entry) {
      const std::uint64_t block = segment->first_block() + entry.block;
      if (block > hot_.last_block) return true;  // Not durable when this view was made.
      out.push_back({{block, static_cast<std::uint16_t>(entry.detail >> 1)}, (entry.detail & 1) != 0});
      too_many = out.size() > hits_max_;
      return !too_many;
    });
    // Oldest first. A chain is newest first; a block's rows may have been posted in any order.
    const auto from = out.begin() + static_cast<std::ptrdiff_t>(begin);
    std::reverse(from, out.end());
    const auto before = [](const PostingHit& a, const PostingHit& b) {
      return a.at != b.at ? a.at < b.at : a.parent < b.parent;
    };
    if (!std::is_sorted(from, out.end(), before)) std::sort(from, out.end(), before);
    if (too_many) return Error{Errc::limit_reached, 0, "events of one source"};
  }
  const auto same = [](const PostingHit& a, const PostingHit& b) { return a.at == b.at; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return {};
}

Result<void> StoreView::hashed_cold(int family, std::uint64_t hash, std::vector<PostingHit>& out) {
  std::string prefix;
  put_u64_be(prefix, hash);
  rocksdb::ReadOptions options = index_options();
  options.prefix_same_as_start = true;  // Ends at the hash's last key, and asks the filters first.
  const std::unique_ptr<rocksdb::Iterator> at(
      index_.db->NewIterator(options, index_.families[static_cast<std::size_t>(family)]));
  for (at->Seek(prefix); at->Valid(); at->Next()) {
    const rocksdb::Slice key = at->key();
    if (key.size() != 16) return Error{Errc::corrupt, 0, "index key"};
    const std::uint64_t block = load_u64_be(key.data() + 8);
    if (block >= hot_.first_hot_block()) break;  // Memory has these. A list never spans two segments.
    const Result<void> read = read_postings({at->value().data(), at->value().size()}, block, out);
    if (!read) return read;
    if (out.size() > hits_max_) return Error{Errc::limit_reached, 0, "events of one source"};
  }
  if (!at->status().ok()) return index_error(at->status());
  return {};
}

rocksdb::ReadOptions StoreView::index_options() const {
  rocksdb::ReadOptions options;
  options.ignore_range_deletions = true;  // There are none; looking costs a part of every iterator.
  // Filters and blocks in the cache answer; one that is not there makes the iterator incomplete.
  if (memory_only_) options.read_tier = rocksdb::kBlockCacheTier;
  return options;
}

Error StoreView::index_error(const rocksdb::Status& status) {
  missed_ = missed_ || status.IsIncomplete();
  if (status.IsCorruption()) report_index_damage(index_, status.ToString());
  return {status.IsCorruption() ? Errc::corrupt : Errc::io_error, 0, "index"};
}

Result<void> StoreView::append_slots(std::string_view value, std::uint64_t block, Position before, std::size_t limit,
                                     std::vector<Position>& out) {
  slots_.clear();
  const Result<void> read = read_runs(value, slots_);
  if (!read) return read;
  for (auto slot = slots_.rbegin(); slot != slots_.rend() && out.size() < limit; ++slot) {
    const Position position{block, *slot};
    if (before.block == 0 || position < before) out.push_back(position);
  }
  return {};
}

Result<void> StoreView::owned(int family, Chain chain, std::uint32_t owner, Position before, std::size_t limit,
                              std::vector<Position>& out) {
  out.clear();
  for (auto segment = hot_.segments->rbegin(); segment != hot_.segments->rend() && out.size() < limit; ++segment) {
    Result<void> read;
    ((**segment).*chain)().visit(owner, [&](const HotChain::Entry& entry) {
      const std::uint64_t block = (*segment)->first_block() + entry.block;
      if (block > hot_.last_block || (before.block != 0 && block > before.block)) return true;
      read = append_slots((*segment)->slots(entry), block, before, limit, out);
      return read.ok() && out.size() < limit;
    });
    if (!read) return read;
  }
  if (out.size() < limit && hot_.first_hot_block() > 1) return owned_cold(family, owner, before, limit, out);
  return {};
}

Result<void> StoreView::owned_cold(int family, std::uint32_t owner, Position before, std::size_t limit,
                                   std::vector<Position>& out) {
  const std::uint64_t newest = hot_.first_hot_block() - 1;
  std::string key;
  put_u32_be(key, owner);
  const std::string prefix = key;
  put_u64_be(key, ~(before.block == 0 ? newest : std::min(newest, before.block)));
  const std::unique_ptr<rocksdb::Iterator> at(
      index_.db->NewIterator(index_options(), index_.families[static_cast<std::size_t>(family)]));
  for (at->Seek(key); at->Valid() && at->key().starts_with(prefix) && out.size() < limit; at->Next()) {
    if (at->key().size() != 12) return Error{Errc::corrupt, 0, "index key"};
    const std::uint64_t block = ~load_u64_be(at->key().data() + 4);
    const Result<void> read = append_slots({at->value().data(), at->value().size()}, block, before, limit, out);
    if (!read) return read;
  }
  if (!at->status().ok()) return index_error(at->status());
  return {};
}

}  // namespace

std::unique_ptr<ReadView> StoreReader::view() {
  return std::make_unique<StoreView>(hot_.view(), index_, blocks_, postings_, false);
}

std::unique_ptr<ReadView> StoreReader::memory_view() {
  return std::make_unique<StoreView>(hot_.view(), index_, blocks_, postings_, true);
}

}  // namespace sluice
