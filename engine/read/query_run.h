#pragma once

#include <array>
#include <atomic>
#include <memory_resource>
#include <optional>
#include <span>
#include <unordered_map>

#include "engine/read/read_request.h"
#include "engine/read/source_fold.h"

/// One query on one view: finds the sources it concerns, folds them, filters, orders, cuts the page.
/// Threads: one; lives inside ScoreReader::run.

namespace sluice {

class QueryRun {
 public:
  /// More than `events_max` events of one source, or of all children, are limit_reached, but in listings, which fold
  /// only the scores of the page then. `stopping` may be null; once it is true, a listing ends its page early, and
  /// another read that is long is Errc::stopping.
  QueryRun(const KeyedHash& keys, ReadView& view, ReadRequest& request, std::size_t events_max,
           const std::atomic<bool>* stopping = nullptr);
  [[nodiscard]] Result<void> run();

 private:
  using Entry = EventFold::Entry;
  static constexpr std::size_t kBytesPassing = 1u << 20;  // Texts in passing_.

  [[nodiscard]] Result<void> by_source();
  [[nodiscard]] Result<void> by_score_id();
  [[nodiscard]] Result<void> by_client_id();
  [[nodiscard]] Result<void> list();
  [[nodiscard]] Result<void> source_exists();

  /// Loads the rows of a source, oldest first and whatever their number, and gives each to `look(at, loaded)`, which
  /// says whether to go on.
  template <class Look>
  [[nodiscard]] Result<void> pass_over(std::uint64_t source_hash, Look&& look);
  /// The fold of a source; kept for the rest of the query as long as memory allows.
  [[nodiscard]] Result<EventFold*> fold_of(std::uint64_t source_hash);
  [[nodiscard]] bool is_folded(std::uint64_t source_hash, Position at) const;
  /// A fold that shows what stands at the first of `positions`, which is a row of the source; nullptr: past all limits.
  [[nodiscard]] Result<EventFold*> fold_listed(std::uint64_t source_hash, std::span<const Position> positions);
  /// Makes part_: the scores that have an event at one of `positions`; `newest_state`: their events from the last set
  /// on.
  [[nodiscard]] Result<void> fold_part(std::uint64_t source_hash, std::span<const Position> positions,
                                       bool newest_state);
  [[nodiscard]] Result<void> children(std::vector<const Entry*>& out);
  [[nodiscard]] Result<std::vector<std::uint64_t>> sources_with_client_id();
  [[nodiscard]] Result<bool> is_registered(const SourceRef& source, const SourceRef& parent);
  /// A set or patch that the listing is about.
  [[nodiscard]] bool may_be_listed(const Row& row) const;
  [[nodiscard]] bool passes(const Entry& entry) const;
  [[nodiscard]] std::uint64_t hash_of(const SourceRef& source) const;
  /// Orders by first event, cuts at limit and cursor.
  [[nodiscard]] Result<void> fill_page(std::vector<const Entry*> entries);
  void emit(const Entry& entry);
  [[nodiscard]] Uuid id_of(const Entry& entry) const;
  void forget_folds();
  void end_page(Position shown_last);
  [[nodiscard]] bool stopping() const noexcept;

  const KeyedHash& keys_;
  ReadView& view_;
  ReadRequest& request_;
  const ScoreQuery& query_;
  const std::size_t events_max_;
  const std::atomic<bool>* const stopping_;
  // Folds are made of many small parts that all die together; a read of one source fits into the first bytes.
  std::array<std::byte, 16 * 1024> first_bytes_;
  std::pmr::monotonic_buffer_resource memory_{first_bytes_.data(), first_bytes_.size()};
  RowLoader loader_;   // Of what the folds borrow.
  RowLoader passing_;  // Of rows that are looked at once.
  std::unordered_map<std::uint64_t, EventFold> folds_;
  // Of a source past the limits: the scores with events from the position it was made for back to part_until_.
  std::optional<EventFold> part_;
  std::uint64_t part_source_ = 0;
  Position part_until_;
  std::size_t events_kept_ = 0;
  std::size_t events_folded_ = 0;  // By the whole call.
  std::size_t page_bytes_ = 0;     // Of the page's texts.
};

template <class Look>
Result<void> QueryRun::pass_over(std::uint64_t source_hash, Look&& look) {
  Result<void> passed;
  RowLoader::Loaded loaded;
  const auto visit = [&](Position at) {
    if (stopping()) passed = Errc::stopping;
    if (!passed) return false;
    if (passing_.bytes() > kBytesPassing) passing_.clear();
    const auto row = passing_.load(at, loaded);
    if (!row && row.error().code == Errc::not_found) return true;  // Erased for good.
    passed = row;
    return passed.ok() && look(at, loaded);
  };
  const auto visited = view_.visit_source(source_hash, visit);
  return visited ? passed : visited;
}

}  // namespace sluice
