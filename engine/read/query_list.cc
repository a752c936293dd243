#include <unordered_set>
#include <utility>

#include "engine/base/limits.h"
#include "engine/read/cursor.h"
#include "engine/read/query_run.h"

/// QueryRun's listings of an annotator and of a workspace: what they fold, keep and end their pages at.

namespace sluice {
namespace {

/// Positions fetched at a time by a listing.
constexpr std::size_t kListChunk = 256;
/// Folded events and their texts that a listing keeps before it makes another fold; bounds its memory, not its answer.
constexpr std::size_t kEventsKept = 20'000;
constexpr std::size_t kBytesKept = 16u << 20;

/// What a fold knows the row's score by.
IdentityKey score_key(const Row& row, Position at) {
  IdentityKey key = identity_of(row, at, 0);
  key.generation = 0;
  return key;
}

}  // namespace

/// Newest first over the postings of an annotator or a workspace.
Result<void> QueryRun::list() {
  const auto cursor = decode_cursor(keys_, query_);
  if (!cursor) return cursor.error();
  const std::size_t limit = std::min(query_.limit == 0 ? limits::kPageDefault : query_.limit, limits::kPageLimit);
  const bool whole_workspace = query_.by == ScoreQuery::By::workspace;
  Position before = *cursor;
  std::vector<Position> positions;
  for (std::size_t examined = 0;;) {
    positions.clear();
    const auto read = whole_workspace ? view_.by_workspace(query_.workspace, before, kListChunk, positions)
                                      : view_.by_annotator(query_.annotator, before, kListChunk, positions);
    if (!read) return read;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const bool full = request_.page.scores.size() >= limit || page_bytes_ >= limits::kPageBytes;
      if (full || examined >= limits::kEventsExamined || (examined > 0 && stopping())) {
        end_page(before);
        return {};
      }
      ++examined;
      const Position at = positions[i];
      const Position before_at = std::exchange(before, at);
      if (query_.up_to.block != 0 && at > query_.up_to) continue;
      const auto inserted_at = passing_.inserted_at(at.block);
      if (!inserted_at) return inserted_at.error();
      // Positions and insert times fall together: nothing further can be in the range.
      if (query_.filter.inserted_from && *inserted_at < *query_.filter.inserted_from) return {};
      if (query_.filter.inserted_to && *inserted_at >= *query_.filter.inserted_to) continue;
      if (passing_.bytes() > kBytesPassing) passing_.clear();
      RowLoader::Loaded loaded;
      const auto row = passing_.load(at, loaded);
      if (!row && row.error().code == Errc::not_found) continue;
      if (!row) return row;
      if (!may_be_listed(loaded.row)) continue;
      const std::uint64_t source = hash_of(loaded.row.source);
      if (!is_folded(source, at)) {
        // One fold may be of many more events than a call is to take; the next call begins with the next one.
        if (events_folded_ >= limits::kEventsExamined) {
          end_page(before_at);
          return {};
        }
        if (events_kept_ > kEventsKept || loader_.bytes() > kBytesKept) forget_folds();
      }
      const auto fold = fold_listed(source, std::span(positions).subspan(i));
      if (!fold && fold.error().code == Errc::stopping && examined > 1) {
        end_page(before_at);
        return {};
      }
      if (!fold) return fold.error();
      // A score is shown at its newest event.
      const Entry* const entry = *fold != nullptr ? (*fold)->newest_at(at) : nullptr;
      if (entry != nullptr && passes(*entry)) emit(*entry);
    }
    if (positions.size() < kListChunk) return {};
  }
}

bool QueryRun::may_be_listed(const Row& row) const {
  if (row.workspace != query_.workspace) return false;
  if (query_.by == ScoreQuery::By::annotator && row.annotator != query_.annotator) return false;
  return row.kind == EventKind::set || row.kind == EventKind::patch;
}

bool QueryRun::is_folded(std::uint64_t source_hash, Position at) const {
  return folds_.contains(source_hash) || (part_ && part_source_ == source_hash && at >= part_until_);
}

Result<EventFold*> QueryRun::fold_listed(std::uint64_t source_hash, std::span<const Position> positions) {
  if (part_ && part_source_ == source_hash && positions.front() >= part_until_) return &*part_;
  auto whole = fold_of(source_hash);
  if (whole || whole.error().code != Errc::limit_reached) return whole;
  // The scores of the page in one pass over the source; or the one that stands here; or only its newest state.
  const std::span<const Position> first = positions.first(1);
  const std::pair<std::span<const Position>, bool> attempts[] = {{positions, false}, {first, false}, {first, true}};
  for (const auto& [part, newest_state] : attempts) {
    forget_folds();
    const auto folded = fold_part(source_hash, part, newest_state);
    if (folded) return &*part_;
    if (folded.error().code != Errc::limit_reached) return folded.error();
  }
  forget_folds();
  return nullptr;
}

Result<void> QueryRun::fold_part(std::uint64_t source_hash, std::span<const Position> positions, bool newest_state) {
  std::unordered_set<IdentityKey, EventFold::KeyHash> wanted;
  RowLoader::Loaded loaded;
  for (const Position at : positions) {
    const auto row = loader_.load(at, loaded);
    if (!row && row.error().code == Errc::not_found) continue;
    if (!row) return row;
    const bool stands_here = may_be_listed(loaded.row) && hash_of(loaded.row.source) == source_hash;
    if (stands_here) wanted.insert(score_key(loaded.row, at));
  }
  std::vector<Position> events;
  const auto look = [&](Position at, const RowLoader::Loaded& passed) {
    const Row& row = passed.row;
    ++events_folded_;
    if (query_.up_to.block != 0 && at > query_.up_to) return false;  // Oldest first.
    if (row.workspace != query_.workspace || row.kind == EventKind::source) return true;
    if (!wanted.contains(score_key(row, at))) return true;
    if (newest_state && row.kind == EventKind::set) events.clear();
    events.push_back(at);
    return newest_state || events.size() <= events_max_;
  };
  if (const auto passed = pass_over(source_hash, look); !passed) return passed;
  if (events.size() > events_max_) return Errc::limit_reached;
  EventFold& fold = part_.emplace(&memory_);
  part_source_ = source_hash;
  part_until_ = positions.back();
  for (const Position at : events) {
    if (const auto row = loader_.load(at, loaded); !row) return row;
    fold.add(loaded.row, at, loaded.inserted_at);
  }
  events_kept_ += fold.events();
  return {};
}

}  // namespace sluice
