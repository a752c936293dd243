#include "engine/read/score_reader.h"

#include "engine/read/query_run.h"

namespace sluice {

ScoreReader::ScoreReader(const KeyedHash& keys, RecordReader& records) : keys_(keys), records_(records) {}

void ScoreReader::run(ReadRequest& request) const {
  request.page.reset();
  request.exists.clear();
  const auto answered = QueryRun(keys_, records_, request).run();
  request.status = answered.error().code;
  if (answered) return;
  request.page.reset();  // Never half an answer.
  request.exists.clear();
}

}  // namespace sluice
