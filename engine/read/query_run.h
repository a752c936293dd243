#pragma once

#include <array>
#include <memory_resource>
#include <unordered_map>

#include "engine/read/read_request.h"
#include "engine/read/source_fold.h"

/// One query on one view: finds the sources it concerns, folds them, filters, orders, cuts the page.
/// Threads: one; lives inside ScoreReader::run.

namespace sluice {

class QueryRun {
 public:
  /// More than `events_max` events of one source, or of all children, are limit_reached.
  QueryRun(const KeyedHash& keys, ReadView& view, ReadRequest& request, std::size_t events_max);
  [[nodiscard]] Result<void> run();

 private:
  using Entry = EventFold::Entry;

  [[nodiscard]] Result<void> by_source();
  [[nodiscard]] Result<void> by_score_id();
  [[nodiscard]] Result<void> by_client_id();
  [[nodiscard]] Result<void> list();
  [[nodiscard]] Result<void> source_exists();

  /// The fold of a source; kept for the rest of the query as long as memory allows.
  [[nodiscard]] Result<EventFold*> fold_of(std::uint64_t source_hash);
  [[nodiscard]] Result<void> children(std::vector<const Entry*>& out);
  [[nodiscard]] Result<std::vector<std::uint64_t>> sources_with_client_id();
  [[nodiscard]] Result<bool> is_registered(const SourceRef& source, const SourceRef& parent);
  [[nodiscard]] Result<const Entry*> listed_at(Position at, const RowLoader::Loaded& loaded);
  [[nodiscard]] bool passes(const Entry& entry) const;
  [[nodiscard]] std::uint64_t hash_of(const SourceRef& source) const;
  /// Orders by first event, cuts at limit and cursor.
  [[nodiscard]] Result<void> fill_page(std::vector<const Entry*> entries);
  void emit(const Entry& entry);
  [[nodiscard]] Uuid id_of(const Entry& entry) const;
  void forget_folds();

  const KeyedHash& keys_;
  ReadView& view_;
  ReadRequest& request_;
  const ScoreQuery& query_;
  const std::size_t events_max_;
  // Folds are made of many small parts that all die together; a read of one source fits into the first bytes.
  std::array<std::byte, 16 * 1024> first_bytes_;
  std::pmr::monotonic_buffer_resource memory_{first_bytes_.data(), first_bytes_.size()};
  RowLoader loader_;
  std::unordered_map<std::uint64_t, EventFold> folds_;
  std::size_t events_kept_ = 0;
};

}  // namespace sluice
