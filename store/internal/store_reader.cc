#include "store/internal/store_reader.h"

#include <algorithm>
#include <limits>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"
#include "store/internal/segment_filter.h"
#include "store/internal/slot_codec.h"

namespace sluice {
namespace {

bool wanted(const PostingHit& hit, SourceRows rows) noexcept {
  return rows == SourceRows::both || hit.parent == (rows == SourceRows::children);
}

void keep_wanted(std::vector<PostingHit>& hits, SourceRows rows) {
  if (rows != SourceRows::both) std::erase_if(hits, [rows](const PostingHit& hit) { return !wanted(hit, rows); });
}

Error too_many() noexcept { return {Errc::limit_reached, 0, "events of one source"}; }

/// A view's index reads open iterators after the hot list was pinned; see HotIndex for why that misses nothing.
class StoreView final : public ReadView {
 public:
  StoreView(HotView hot, Database& index, BlockSource& blocks, PostingCache& postings, bool memory_only)
      : hot_(std::move(hot)),
        index_(index),
        blocks_(blocks),
        postings_(postings),
        memory_only_(memory_only),
        hits_max_(memory_only ? limits::kEventsReadAtOnce : limits::kEventsPerSource),
        passed_max_(memory_only ? 4 * hits_max_ : std::numeric_limits<std::size_t>::max()) {}

  Result<void> by_source(std::uint64_t source_hash, SourceRows rows, std::vector<PostingHit>& out) override {
    return hashed(kBySource, &HotSegment::by_source, source_hash, rows, out);
  }
  Result<void> visit_source(std::uint64_t source_hash, const std::function<bool(Position)>& visit) override;
  Result<void> by_client_id(std::uint64_t hash, std::vector<PostingHit>& out) override {
    return hashed(kByClientId, &HotSegment::by_client_id, hash, SourceRows::both, out);
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

  Result<void> hashed(int family, Chain chain, std::uint64_t hash, SourceRows rows, std::vector<PostingHit>& out);
  Result<void> hashed_cold(int family, std::uint64_t hash, SourceRows rows, std::vector<PostingHit>& out);
  /// Calls list(value, first block) for each list of the hash's postings in the index, oldest first; it returns whether
  /// to go on, or an error.
  template <class List>
  Result<void> each_cold_list(int family, std::uint64_t hash, List&& list);
  /// Appends the hash's rows in one segment, oldest first. False: more than `room`, and `out` is of no use.
  bool append_hot(const HotSegment& segment, Chain chain, std::uint64_t hash, SourceRows rows, std::size_t room,
                  std::vector<PostingHit>& out) const;
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
  const std::size_t passed_max_;  // The same of what it passes over to find them.
  bool missed_ = false;
  std::vector<std::uint16_t> slots_;
};

Result<void> StoreView::hashed(int family, Chain chain, std::uint64_t hash, SourceRows rows,
                               std::vector<PostingHit>& out) {
  out.clear();
  if (hot_.first_hot_block() > 1) {
    const Result<void> cold = hashed_cold(family, hash, rows, out);
    if (!cold) return cold;
  }
  for (const auto& segment : *hot_.segments) {
    if (!append_hot(*segment, chain, hash, rows, hits_max_ - out.size(), out)) return too_many();
  }
  const auto same = [](const PostingHit& a, const PostingHit& b) { return a.at == b.at; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return {};
}

bool StoreView::append_hot(const HotSegment& segment, Chain chain, std::uint64_t hash, SourceRows rows,
                           std::size_t room, std::vector<PostingHit>& out) const {
  const std::size_t begin = out.size();
  std::size_t passed = 0;
  (segment.*chain)().visit(hash, [&](const HotChain::Entry& entry) {
    const std::uint64_t block = segment.first_block() + entry.block;
    if (block > hot_.last_block) return true;  // Not durable when this view was made.
    const PostingHit hit{{block, static_cast<std::uint16_t>(entry.detail >> 1)}, (entry.detail & 1) != 0};
    if (wanted(hit, rows)) out.push_back(hit);
    return ++passed <= passed_max_ && out.size() - begin <= room;
  });
  if (passed > passed_max_ || out.size() - begin > room) return false;
  // Oldest first. A chain is newest first; a block's rows may have been posted in any order.
  const auto from = out.begin() + static_cast<std::ptrdiff_t>(begin);
  std::reverse(from, out.end());
  const auto before = [](const PostingHit& a, const PostingHit& b) {
    return a.at != b.at ? a.at < b.at : a.parent < b.parent;
  };
  if (!std::is_sorted(from, out.end(), before)) std::sort(from, out.end(), before);
  return true;
}

/// All rows of the source are read, so that they can be kept for the next reader, whichever of them it wants; of very
/// many, those that nobody asked for are let go on the way.
Result<void> StoreView::hashed_cold(int family, std::uint64_t hash, SourceRows rows, std::vector<PostingHit>& out) {
  const std::uint64_t end = hot_.first_hot_block();
  const bool kept = family == kBySource;
  bool whole = true;
  std::size_t passed = 0;
  const auto add = [&](std::string_view value, std::uint64_t block) -> Result<bool> {
    passed -= out.size();
    if (const Result<void> read = read_postings(value, block, out); !read) return read.error();
    passed += out.size();
    if (passed > passed_max_) return too_many();
    // At twice the limit either half of them goes at least, or the read ends: none is looked at many times.
    if (out.size() <= 2 * hits_max_) return true;
    whole = false;
    keep_wanted(out, rows);
    if (out.size() > hits_max_) return too_many();
    return true;
  };
  if (!kept || !postings_.find(hash, end, out)) {
    const Result<void> lists = each_cold_list(family, hash, add);
    if (!lists) return lists;
    if (kept && whole) postings_.put(hash, end, out);
  }
  keep_wanted(out, rows);
  return out.size() > hits_max_ ? Result<void>(too_many()) : Result<void>();
}

template <class List>
Result<void> StoreView::each_cold_list(int family, std::uint64_t hash, List&& list) {
  std::string prefix;
  put_u64_be(prefix, hash);
  rocksdb::ReadOptions options = index_options();
  options.prefix_same_as_start = true;  // Ends at the hash's last key, and asks the filters first.
  // Asked of each table before an iterator on it is made. A table whose properties cannot be read does not open
  // (verify_sst_unique_id_in_manifest), so there always are some.
  options.table_filter = [hash](const rocksdb::TableProperties& table) { return table_may_hold(table, hash); };
  const std::unique_ptr<rocksdb::Iterator> at(
      index_.db->NewIterator(options, index_.families[static_cast<std::size_t>(family)]));
  for (at->Seek(prefix); at->Valid(); at->Next()) {
    const rocksdb::Slice key = at->key();
    if (key.size() != 16) return Error{Errc::corrupt, 0, "index key"};
    const std::uint64_t block = load_u64_be(key.data() + 8);
    if (block >= hot_.first_hot_block()) break;  // Memory has these. A list never spans two segments.
    const Result<bool> go_on = list({at->value().data(), at->value().size()}, block);
    if (!go_on) return go_on.error();
    if (!*go_on) break;
  }
  if (!at->status().ok()) return index_error(at->status());
  return {};
}

Result<void> StoreView::visit_source(std::uint64_t source_hash, const std::function<bool(Position)>& visit) {
  std::vector<PostingHit> hits;
  bool go_on = true;
  const auto visit_all = [&] {
    for (const PostingHit& hit : hits) {
      if (!hit.parent && !visit(hit.at)) return false;
    }
    return true;
  };
  const auto visit_list = [&](std::string_view value, std::uint64_t block) -> Result<bool> {
    hits.clear();
    if (const Result<void> read = read_postings(value, block, hits); !read) return read.error();
    go_on = visit_all();
    return go_on;
  };
  if (const Result<void> lists = each_cold_list(kBySource, source_hash, visit_list); !lists) return lists;
  for (auto segment = hot_.segments->begin(); go_on && segment != hot_.segments->end(); ++segment) {
    hits.clear();
    constexpr std::size_t kAll = std::numeric_limits<std::ptrdiff_t>::max();
    if (!append_hot(**segment, &HotSegment::by_source, source_hash, SourceRows::own, kAll, hits)) return too_many();
    go_on = visit_all();
  }
  return {};
}

rocksdb::ReadOptions StoreView::index_options() const {
  rocksdb::ReadOptions options;
  options.ignore_range_deletions = true;  // There are none; looking costs a part of every iterator.
  // The last iterator on tables that were merged away deletes them, step by step (disk_env.h): not on an io thread.
  options.background_purge_on_iterator_cleanup = true;
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
