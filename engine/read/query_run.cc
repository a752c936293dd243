#include "engine/read/query_run.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/read/cursor.h"

namespace sluice {
namespace {

/// Positions fetched at a time by a listing.
constexpr std::size_t kListChunk = 256;
/// Folded events and their texts that a listing keeps before it starts anew; bounds its memory, not its answer.
constexpr std::size_t kEventsKept = 20'000;
constexpr std::size_t kBytesKept = 16u << 20;

template <class T>
bool allows(const std::vector<T>& wanted, T value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

bool in_range(WallTime time, const std::optional<WallTime>& from, const std::optional<WallTime>& to) {
  return (!from || time >= *from) && (!to || time < *to);
}

void drop_repeated(std::vector<std::uint64_t>& sources) {
  std::ranges::sort(sources);
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
}

}  // namespace

QueryRun::QueryRun(const KeyedHash& keys, ReadView& view, ReadRequest& request, std::size_t events_max)
    : keys_(keys), view_(view), request_(request), query_(request.query), events_max_(events_max), loader_(view) {}

Result<void> QueryRun::run() {
  switch (query_.by) {
    case ScoreQuery::By::source:
      return by_source();
    case ScoreQuery::By::score_id:
      return by_score_id();
    case ScoreQuery::By::client_id:
      return by_client_id();
    case ScoreQuery::By::annotator:
    case ScoreQuery::By::workspace:
      return list();
    case ScoreQuery::By::source_exists:
      return source_exists();
  }
  return Errc::internal;
}

Result<void> QueryRun::by_source() {
  const auto fold = fold_of(hash_of(query_.source));
  if (!fold) return fold.error();
  std::vector<const Entry*> found;
  for (const Entry& entry : (*fold)->entries()) {
    const Row& row = entry.score.row;
    if (!entry.live || !same_source(row.source, query_.source)) continue;
    if (!query_.parent.empty() && !same_source(row.parent, query_.parent)) continue;
    found.push_back(&entry);
  }
  if (query_.include_children) {
    if (const auto added = children(found); !added) return added;
  }
  return fill_page(std::move(found));
}

/// A child's own source is folded whole: not every event of a child needs to name its parent.
Result<void> QueryRun::children(std::vector<const Entry*>& out) {
  const std::uint64_t own_hash = hash_of(query_.source);
  std::vector<PostingHit> hits;
  if (const auto read = view_.by_source(own_hash, hits); !read) return read;
  std::erase_if(hits, [](const PostingHit& hit) { return !hit.parent; });
  if (hits.size() > events_max_) return Errc::limit_reached;
  std::vector<std::uint64_t> sources;
  RowLoader::Loaded loaded;
  for (const PostingHit& hit : hits) {
    const auto read = loader_.load(hit.at, loaded);
    if (!read && read.error().code == Errc::not_found) continue;
    if (!read) return read;
    if (loaded.row.workspace != query_.workspace || !same_source(loaded.row.parent, query_.source)) continue;
    sources.push_back(hash_of(loaded.row.source));
  }
  drop_repeated(sources);
  for (const std::uint64_t source : sources) {
    const auto fold = fold_of(source);
    if (!fold) return fold.error();
    if (events_kept_ > events_max_) return Errc::limit_reached;
    for (const Entry& entry : (*fold)->entries()) {
      if (!entry.live || !same_source(entry.score.row.parent, query_.source)) continue;
      // A source may be its own parent's namesake; it is listed once.
      if (source == own_hash && same_source(entry.score.row.source, query_.source)) continue;
      out.push_back(&entry);
    }
  }
  return {};
}

Result<void> QueryRun::by_score_id() {
  const auto hash = source_hash_of(query_.score_id);
  if (!hash) return Errc::not_found;
  const auto fold = fold_of(*hash);
  if (!fold) return fold.error();
  for (const Entry& entry : (*fold)->entries()) {
    if (!entry.live || id_of(entry) != query_.score_id) continue;
    emit(entry);
    return {};
  }
  return Errc::not_found;
}

Result<void> QueryRun::by_client_id() {
  if (query_.filter.client_id.empty()) return Errc::parameter_out_of_range;
  const auto sources = sources_with_client_id();
  if (!sources) return sources.error();
  std::vector<const Entry*> found;
  for (const std::uint64_t source : *sources) {
    const auto fold = fold_of(source);
    if (!fold) return fold.error();
    if (events_kept_ > events_max_) return Errc::limit_reached;
    for (const Entry& entry : (*fold)->entries()) {
      if (entry.live) found.push_back(&entry);
    }
  }
  return fill_page(std::move(found));
}

Result<std::vector<std::uint64_t>> QueryRun::sources_with_client_id() {
  std::vector<PostingHit> hits;
  const std::uint64_t hash = client_id_hash(keys_, query_.workspace, query_.filter.client_id);
  if (const auto read = view_.by_client_id(hash, hits); !read) return read.error();
  if (hits.size() > events_max_) return Errc::limit_reached;
  std::vector<std::uint64_t> sources;
  RowLoader::Loaded loaded;
  for (const PostingHit& hit : hits) {
    const auto read = loader_.load(hit.at, loaded);
    if (!read && read.error().code == Errc::not_found) continue;
    if (!read) return read.error();
    const Row& row = loaded.row;
    if (row.workspace == query_.workspace && row.client_id == query_.filter.client_id)
      sources.push_back(hash_of(row.source));
  }
  drop_repeated(sources);
  return sources;
}

/// Newest first over the postings of an annotator or a workspace; a score is shown at its newest event only.
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
    for (const Position at : positions) {
      if (examined >= limits::kEventsExamined || request_.page.scores.size() >= limit) {
        request_.page.next_cursor = encode_cursor(keys_, query_, before);
        return {};
      }
      ++examined;
      before = at;
      if (query_.up_to.block != 0 && at > query_.up_to) continue;
      const auto inserted_at = loader_.inserted_at(at.block);
      if (!inserted_at) return inserted_at.error();
      // Positions and insert times fall together: nothing further can be in the range.
      if (query_.filter.inserted_from && *inserted_at < *query_.filter.inserted_from) return {};
      if (query_.filter.inserted_to && *inserted_at >= *query_.filter.inserted_to) continue;
      if (events_kept_ > kEventsKept || loader_.bytes() > kBytesKept) forget_folds();
      RowLoader::Loaded loaded;
      const auto row = loader_.load(at, loaded);
      if (!row && row.error().code == Errc::not_found) continue;
      if (!row) return row;
      const auto entry = listed_at(at, loaded);
      if (!entry) return entry.error();
      if (*entry != nullptr) emit(**entry);
    }
    if (positions.size() < kListChunk) return {};
  }
}

/// The score to show at `at`, or nullptr: no set or patch, another workspace's, not its newest event, or filtered out.
Result<const EventFold::Entry*> QueryRun::listed_at(Position at, const RowLoader::Loaded& loaded) {
  const Row& row = loaded.row;
  const Entry* const nothing = nullptr;
  if (row.workspace != query_.workspace) return nothing;
  if (query_.by == ScoreQuery::By::annotator && row.annotator != query_.annotator) return nothing;
  if (row.kind != EventKind::set && row.kind != EventKind::patch) return nothing;
  const auto fold = fold_of(hash_of(row.source));
  if (!fold) return fold.error();
  const Entry* entry = (*fold)->newest_at(at);
  return entry != nullptr && passes(*entry) ? entry : nothing;
}

Result<void> QueryRun::source_exists() {
  const SourceRef any;
  for (std::size_t i = 0; i < query_.sources.size(); ++i) {
    const auto found = is_registered(query_.sources[i], query_.parents.empty() ? any : query_.parents[i]);
    if (!found) return found.error();
    request_.exists.push_back(*found);
  }
  return {};
}

Result<bool> QueryRun::is_registered(const SourceRef& source, const SourceRef& parent) {
  const std::uint64_t hash = hash_of(source);
  std::vector<PostingHit> hits;
  if (const auto read = view_.by_source(hash, hits); !read) return read.error();
  RowLoader::Loaded loaded;
  for (const PostingHit& hit : hits) {
    if (hit.parent) continue;
    const auto read = loader_.load(hit.at, loaded);
    if (!read && read.error().code == Errc::not_found) continue;
    if (!read) return read.error();
    const Row& row = loaded.row;
    if (row.kind != EventKind::source || row.workspace != query_.workspace || !same_source(row.source, source))
      continue;
    if (row.parent_in_identity && !parent.empty() && !same_source(row.parent, parent)) continue;
    return true;
  }
  return false;
}

Result<EventFold*> QueryRun::fold_of(std::uint64_t source_hash) {
  const auto [found, made] = folds_.try_emplace(source_hash, &memory_);
  EventFold& fold = found->second;
  if (!made) return &fold;
  const auto folded = fold_source(view_, loader_, {query_.workspace, source_hash, query_.up_to, events_max_}, fold);
  if (!folded) return folded.error();
  events_kept_ += fold.events();
  return &fold;
}

void QueryRun::forget_folds() {
  folds_.clear();
  memory_.release();
  loader_.clear();
  events_kept_ = 0;
}

bool QueryRun::passes(const Entry& entry) const {
  const ScoreFilter& filter = query_.filter;
  const Row& row = entry.score.row;
  if (!allows(filter.labels, row.label) || !allows(filter.annotators, row.annotator)) return false;
  if (filter.dialect && row.dialect != *filter.dialect) return false;
  if (!filter.client_id.empty() && row.client_id != filter.client_id) return false;
  if (!in_range(entry.score.updated_at, filter.inserted_from, filter.inserted_to)) return false;
  if (!filter.event_from && !filter.event_to) return true;
  return row.event_time && in_range(*row.event_time, filter.event_from, filter.event_to);
}

std::uint64_t QueryRun::hash_of(const SourceRef& source) const { return source_hash(keys_, query_.workspace, source); }

Result<void> QueryRun::fill_page(std::vector<const Entry*> entries) {
  const auto cursor = decode_cursor(keys_, query_);
  if (!cursor) return cursor.error();
  const bool newest_first = query_.newest_first;
  std::erase_if(entries, [&](const Entry* entry) {
    const Position first = entry->score.first;
    const bool shown_before = cursor->block != 0 && (newest_first ? first >= *cursor : first <= *cursor);
    return shown_before || !passes(*entry);
  });
  std::ranges::sort(entries, [newest_first](const Entry* a, const Entry* b) {
    return newest_first ? b->score.first < a->score.first : a->score.first < b->score.first;
  });
  const std::size_t shown = query_.limit == 0 ? entries.size() : std::min(query_.limit, entries.size());
  for (std::size_t i = 0; i < shown; ++i) emit(*entries[i]);
  if (shown > 0 && shown < entries.size()) {
    request_.page.next_cursor = encode_cursor(keys_, query_, entries[shown - 1]->score.first);
  }
  return {};
}

/// Copies the score's texts, so that a page does not pin a whole block for a few of its bytes.
void QueryRun::emit(const Entry& entry) {
  Page& page = request_.page;
  Score& score = page.scores.emplace_back(entry.score);
  score.id = id_of(entry);
  copy_into(page.arena, score.row);
  for (OlderValue& older : score.history) {
    copy_into(page.arena, older.value);
    older.verdict = page.arena.copy(older.verdict);
  }
}

Uuid QueryRun::id_of(const Entry& entry) const { return score_id(keys_, hash_of(entry.score.row.source), entry.key); }

}  // namespace sluice
