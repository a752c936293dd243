#include "engine/read/score_reader.h"

#include "engine/base/limits.h"
#include "engine/read/query_run.h"

namespace sluice {
namespace {

void forget_answer(ReadRequest& request) {
  request.page.reset();
  request.exists.clear();
}

}  // namespace

ScoreReader::ScoreReader(const KeyedHash& keys, RecordReader& records) : keys_(keys), records_(records) {}

void ScoreReader::run(ReadRequest& request, const std::atomic<bool>* stopping) const {
  forget_answer(request);
  const std::unique_ptr<ReadView> view = records_.view();
  const auto answered = QueryRun(keys_, *view, request, limits::kEventsPerSource, stopping).run();
  request.status = answered.error().code;
  if (!answered) forget_answer(request);  // Never half an answer.
}

bool ScoreReader::try_run(ReadRequest& request) const {
  const ScoreQuery& query = request.query;
  const bool one_source = query.by == ScoreQuery::By::source || query.by == ScoreQuery::By::score_id;
  if (!one_source || query.include_children) return false;
  forget_answer(request);
  const std::unique_ptr<ReadView> view = records_.memory_view();
  const auto answered = QueryRun(keys_, *view, request, limits::kEventsReadAtOnce).run();
  const bool given_up = view->missed() || answered.error().code == Errc::limit_reached;
  if (given_up || !answered) forget_answer(request);
  if (!given_up) request.status = answered.error().code;
  return !given_up;
}

}  // namespace sluice
