#include "engine/ingest/memory_log.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "engine/base/bytes.h"

namespace sluice {
namespace {

bool same(const BlockPostings& a, const BlockPostings& b) {
  const auto posting = [](const Posting& x, const Posting& y) {
    return x.hash == y.hash && x.slot == y.slot && x.parent == y.parent;
  };
  const auto slot = [](const BlockPostings::Slot& x, const BlockPostings::Slot& y) {
    return x.owner == y.owner && x.slot == y.slot;
  };
  return std::ranges::equal(a.by_source, b.by_source, posting) &&
         std::ranges::equal(a.by_client_id, b.by_client_id, posting) &&
         std::ranges::equal(a.by_annotator, b.by_annotator, slot) &&
         std::ranges::equal(a.by_workspace, b.by_workspace, slot);
}

}  // namespace

class MemoryLog::View final : public ReadView {
 public:
  View(MemoryLog& log, std::uint64_t last_block, bool lost) : log_(log), last_block_(last_block), lost_(lost) {}

  Result<void> by_source(std::uint64_t hash, SourceRows rows, std::vector<PostingHit>& out) override {
    collect(hash, out, [](const Stored& s) -> const std::vector<Posting>& { return s.postings.by_source; });
    if (rows != SourceRows::both)
      std::erase_if(out, [rows](const PostingHit& hit) { return hit.parent != (rows == SourceRows::children); });
    return {};
  }
  Result<void> visit_source(std::uint64_t hash, const std::function<bool(Position)>& visit) override {
    std::vector<PostingHit> hits;
    if (const auto read = by_source(hash, SourceRows::own, hits); !read) return read;
    (void)std::ranges::all_of(hits, [&](const PostingHit& hit) { return visit(hit.at); });
    return {};
  }
  Result<void> by_client_id(std::uint64_t hash, std::vector<PostingHit>& out) override {
    collect(hash, out, [](const Stored& s) -> const std::vector<Posting>& { return s.postings.by_client_id; });
    return {};
  }
  Result<void> by_annotator(AnnotatorNumber annotator, Position before, std::size_t limit,
                            std::vector<Position>& out) override {
    list(
        annotator, before, limit, out, [](const Stored& s) -> const auto& { return s.postings.by_annotator; });
    return {};
  }
  Result<void> by_workspace(WorkspaceNumber workspace, Position before, std::size_t limit,
                            std::vector<Position>& out) override {
    list(
        workspace, before, limit, out, [](const Stored& s) -> const auto& { return s.postings.by_workspace; });
    return {};
  }
  Result<BlockRef> block(std::uint64_t sequence) override {
    const std::lock_guard lock(log_.mutex_);
    if (sequence == 0 || sequence > last_block_) return Errc::not_found;
    missed_ = lost_;
    if (missed_) return Errc::io_error;
    const auto& bytes = log_.blocks_[sequence - 1].bytes;
    return BlockRef{sequence, bytes, *bytes};
  }
  std::uint64_t last_block() const noexcept override { return last_block_; }
  bool missed() const noexcept override { return missed_; }

 private:
  template <class Pick>
  void collect(std::uint64_t hash, std::vector<PostingHit>& out, Pick pick) {
    const std::lock_guard lock(log_.mutex_);
    for (std::uint64_t sequence = 1; sequence <= last_block_; ++sequence) {
      const std::size_t begin = out.size();
      for (const Posting& posting : pick(log_.blocks_[sequence - 1])) {
        if (posting.hash == hash) out.push_back({{sequence, posting.slot}, posting.parent});
      }
      std::sort(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
                [](const PostingHit& a, const PostingHit& b) { return a.at < b.at; });
    }
  }

  template <class Pick>
  void list(std::uint32_t owner, Position before, std::size_t limit, std::vector<Position>& out, Pick pick) {
    const std::lock_guard lock(log_.mutex_);
    std::vector<Position> found;
    for (std::uint64_t sequence = 1; sequence <= last_block_; ++sequence) {
      for (const BlockPostings::Slot& slot : pick(log_.blocks_[sequence - 1])) {
        const Position at{sequence, slot.slot};
        if (slot.owner == owner && (before.block == 0 || at < before)) found.push_back(at);
      }
    }
    std::sort(found.begin(), found.end(), std::greater<>());
    found.resize(std::min(found.size(), limit));
    out.insert(out.end(), found.begin(), found.end());
  }

  MemoryLog& log_;
  const std::uint64_t last_block_;
  const bool lost_;
  bool missed_ = false;
};

Durability MemoryLog::append(Group& group) {
  std::unique_lock lock(mutex_);
  if (hold_) {
    held_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hold_; });
    held_ = false;
  }
  SLUICE_CHECK(!unknown_);
  SLUICE_CHECK(group.commit_sequence == tail_.last_commit_sequence + 1);
  SLUICE_CHECK(group.inserted_at > tail_.last_inserted_at);
  if (faults_left_ > 0) {
    --faults_left_;
    unknown_ = fault_ == Durability::unknown;
    // The worst a caller may meet: a refusal that has already moved from the group.
    group = {};
    return fault_;
  }
  for (GroupBlock& block : group.blocks) {
    SLUICE_CHECK(block.sequence == tail_.last_block + 1);
    check_block(block, group.inserted_at);
    const auto rows = BlockView::open_trusted(*block.bytes)->rows();
    blocks_.push_back({std::move(block.bytes), std::move(block.postings), rows});
    tail_.last_block = block.sequence;
  }
  groups_.push_back({group.commit_sequence, group.inserted_at, group.blocks.size(), group.catalogue.size(),
                     group.idempotency.size()});
  std::ranges::move(group.catalogue, std::back_inserter(catalogue_));
  std::ranges::move(group.idempotency, std::back_inserter(idempotency_));
  std::ranges::sort(idempotency_, {}, &IdempotencyEntry::key);
  if (!group.idempotency_expired_before.empty()) {
    expired_before_ = group.idempotency_expired_before;
    std::erase_if(idempotency_, [this](const IdempotencyEntry& e) { return e.key < expired_before_; });
  }
  tail_.last_commit_sequence = group.commit_sequence;
  tail_.last_inserted_at = group.inserted_at;
  return Durability::durable;
}

void MemoryLog::check_block(const GroupBlock& block, WallTime inserted_at) const {
  const auto view = BlockView::open(*block.bytes);
  SLUICE_CHECK(view.ok());
  SLUICE_CHECK(view->sequence() == block.sequence);
  SLUICE_CHECK(view->inserted_at() == inserted_at);
  BlockPostings again;
  SLUICE_CHECK(view->postings(keys_, again).ok());
  SLUICE_CHECK(same(again, block.postings));
}

LogTail MemoryLog::tail() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

Result<void> MemoryLog::load(Catalogue& catalogue, const KeptAnswers& kept,
                             std::vector<IdempotencyEntry>& idempotency) {
  const std::lock_guard lock(mutex_);
  for (const CatalogueEntry& entry : catalogue_) {
    if (const auto loaded = catalogue.load(entry.key, entry.value); !loaded) return loaded.error();
  }
  for (const IdempotencyEntry& entry : idempotency_) {
    const auto time = static_cast<WallTime>(load_u64_be(entry.key.data() + 1));
    if (time >= kept.since) idempotency.push_back(entry);
  }
  return {};
}

std::unique_ptr<ReadView> MemoryLog::view() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<View>(*this, tail_.last_block, false);
}

std::unique_ptr<ReadView> MemoryLog::memory_view() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<View>(*this, tail_.last_block, blocks_on_disk_.load(std::memory_order_relaxed));
}

void MemoryLog::fail_next(Durability durability, int times) {
  const std::lock_guard lock(mutex_);
  fault_ = durability;
  faults_left_ = times;
}

void MemoryLog::hold() {
  const std::lock_guard lock(mutex_);
  hold_ = true;
}

void MemoryLog::wait_for_held() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return held_; });
}

void MemoryLog::release() {
  const std::lock_guard lock(mutex_);
  hold_ = false;
  changed_.notify_all();
}

std::vector<MemoryLog::GroupSummary> MemoryLog::groups() const {
  const std::lock_guard lock(mutex_);
  return groups_;
}

std::size_t MemoryLog::rows() const {
  const std::lock_guard lock(mutex_);
  std::size_t rows = 0;
  for (const Stored& stored : blocks_) rows += stored.rows;
  return rows;
}

std::string MemoryLog::idempotency_expired_before() const {
  const std::lock_guard lock(mutex_);
  return expired_before_;
}

}  // namespace sluice
