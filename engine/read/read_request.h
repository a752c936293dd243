#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/read/score.h"

/// One query and its answer. Owned by the connection's exchange; lent to the read pool from submit to deliver.

namespace sluice {

struct ScoreFilter {
  std::vector<LabelNumber> labels;          ///< Empty: any.
  std::vector<AnnotatorNumber> annotators;  ///< Empty: any.
  std::optional<WallTime> inserted_from, inserted_to;  ///< From inclusive, to exclusive.
  std::optional<WallTime> event_from, event_to;
  std::optional<DialectCode> dialect;
  std::string_view client_id;               ///< Exact; empty: any.
};

struct ScoreQuery {
  enum class By : std::uint8_t {
    source,          ///< `source` (with `parent`, where given: only that trace's span).
    score_id,        ///< One score; not_found when there is none or it is erased.
    client_id,       ///< All scores of the workspace with filter.client_id.
    annotator,       ///< `annotator`, newest first.
    workspace,       ///< Everything, newest first.
    source_exists,   ///< For each of `sources`: is it registered? Fills `exists`. No page.
  };
  By by = By::source;
  WorkspaceNumber workspace = 0;
  SourceRef source;
  SourceRef parent;
  Uuid score_id;
  AnnotatorNumber annotator = 0;
  ScoreFilter filter;
  bool newest_first = true;        ///< source, client_id: either; listings by annotator and workspace: true only.
  bool include_children = false;   ///< source: also rows posted under it as their parent (a trace's spans).
  /// 0: no limit (source, client_id only; bounded by limits::kEventsPerSource and kWholeAnswerBytes: limit_reached).
  /// A page may be shorter and still have a cursor: texts past limits::kPageBytes, a call's work, a stop.
  std::size_t limit = 0;
  std::string cursor;              ///< From Page::next_cursor of the same query; another's is bad_cursor.
  Position up_to;                  ///< Fold only events at or before this; {0,0}: all.
  std::vector<SourceRef> sources;  ///< source_exists.
  /// source_exists: beside each of `sources`, the trace that is part of its identity; an empty one is not compared.
  /// Empty: none is.
  std::vector<SourceRef> parents;
};

class ReadRequest {
 public:
  void reset() noexcept;
  ScoreQuery query;
  std::size_t io_thread = 0;
  void* owner = nullptr;  ///< The submitter's own: finds the connection again on delivery.
  // The answer.
  Errc status = Errc::ok;
  Page page;
  std::vector<bool> exists;
};

}  // namespace sluice
