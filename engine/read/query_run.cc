#include "engine/read/query_run.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/read/cursor.h"

namespace sluice {
namespace {

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

QueryRun::QueryRun(const KeyedHash& keys, ReadView& view, ReadRequest& request, std::size_t events_max,
                   const std::atomic<bool>* stopping)
    : keys_(keys),
      view_(view),
      request_(request),
      query_(request.query),
      events_max_(events_max),
      stopping_(stopping),
      loader_(view, stopping),
      passing_(view) {}

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
  if (const auto read = view_.by_source(own_hash, SourceRows::children, hits); !read) return read;
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

void QueryRun::end_page(Position shown_last) {
  request_.page.next_cursor = encode_cursor(keys_, query_, shown_last);
}

bool QueryRun::stopping() const noexcept {
  return stopping_ != nullptr && stopping_->load(std::memory_order_relaxed);
}

Result<void> QueryRun::source_exists() {
  std::unordered_map<std::uint64_t, std::size_t> asked;  // Batches often have many scores of one source.
  for (std::size_t i = 0; i < query_.sources.size(); ++i) {
    const SourceRef& source = query_.sources[i];
    const SourceRef parent = i < query_.parents.size() ? query_.parents[i] : SourceRef();
    const std::size_t before = asked.try_emplace(hash_of(source), i).first->second;
    const SourceRef parent_before = before < query_.parents.size() ? query_.parents[before] : SourceRef();
    if (before != i && same_source(query_.sources[before], source) && same_source(parent_before, parent)) {
      request_.exists.push_back(request_.exists[before]);
      continue;
    }
    const auto found = is_registered(source, parent);
    if (!found) return found.error();
    request_.exists.push_back(*found);
  }
  return {};
}

Result<bool> QueryRun::is_registered(const SourceRef& source, const SourceRef& parent) {
  bool found = false;
  const auto look = [&](Position, const RowLoader::Loaded& loaded) {
    const Row& row = loaded.row;
    const bool other_parent = row.parent_in_identity && !parent.empty() && !same_source(row.parent, parent);
    found = row.kind == EventKind::source && row.workspace == query_.workspace && same_source(row.source, source) &&
            !other_parent;
    return !found;
  };
  if (const auto passed = pass_over(hash_of(source), look); !passed) return passed.error();
  return found;
}

Result<EventFold*> QueryRun::fold_of(std::uint64_t source_hash) {
  const auto [found, made] = folds_.try_emplace(source_hash, &memory_);
  EventFold& fold = found->second;
  if (!made) return &fold;
  const auto folded = fold_source(view_, loader_, {query_.workspace, source_hash, query_.up_to, events_max_}, fold);
  events_kept_ += fold.events();
  events_folded_ += fold.events();
  if (folded) return &fold;
  folds_.erase(found);  // Half a fold.
  return folded.error();
}

void QueryRun::forget_folds() {
  folds_.clear();
  part_.reset();
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
  const bool whole = query_.limit == 0;
  const std::size_t shown_max = whole ? entries.size() : std::min(query_.limit, entries.size());
  std::size_t shown = 0;
  while (shown < shown_max && (whole || page_bytes_ < limits::kPageBytes)) {
    emit(*entries[shown++]);
    if (whole && page_bytes_ > limits::kWholeAnswerBytes) return Errc::limit_reached;
  }
  if (shown > 0 && shown < entries.size()) end_page(entries[shown - 1]->score.first);
  return {};
}

/// Copies the score's texts, so that a page does not pin a whole block for a few of its bytes.
void QueryRun::emit(const Entry& entry) {
  Page& page = request_.page;
  Score& score = page.scores.emplace_back(entry.score);
  score.id = id_of(entry);
  page_bytes_ += copy_into(page.arena, score.row);
  for (OlderValue& older : score.history) {
    page_bytes_ += copy_into(page.arena, older.value) + older.verdict.size();
    older.verdict = page.arena.copy(older.verdict);
  }
}

Uuid QueryRun::id_of(const Entry& entry) const { return score_id(keys_, hash_of(entry.score.row.source), entry.key); }

}  // namespace sluice
