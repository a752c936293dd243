#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"
#include "engine/read/score_reader.h"

/// Events committed one by one, and the reader that is asked about them.

namespace sluice {

class ScoreReaderFixture : public testing::Test {
 protected:
  /// Commits one record in a group of its own; returns where it stands.
  Position commit(TestBatch& batch) {
    engine.run(batch);
    SLUICE_CHECK(batch.batch.status == Errc::ok);
    const RecordOutcome& outcome = batch.batch.outcomes.back();
    EXPECT_EQ(outcome.code, Errc::ok);
    return {outcome.block, outcome.slot};
  }
  /// A natural set of `quality` on trace `source`.
  Position set(std::string source, std::string number, IdentityKind identity = IdentityKind::natural,
               std::string client_id = {}) {
    TestBatch batch(names.first);
    ScoreRecord& record = batch.add(names.quality, std::move(source), std::move(number));
    record.identity = identity;
    record.client_id = batch.keep(std::move(client_id));
    return commit(batch);
  }
  Position act(EventKind kind, std::string source, const TargetIdentity& target, std::string number = "0",
               std::string client_id = {}) {
    TestBatch batch(names.first);
    ScoreRecord& record = batch.add(names.quality, std::move(source), std::move(number));
    record.kind = kind;
    record.identity = target.kind;
    record.target = target;
    record.client_id = batch.keep(std::move(client_id));
    if (kind == EventKind::patch) record.patch_fields = kPatchValue;
    return commit(batch);
  }
  static SourceRef trace(std::string_view id) { return {SourceSpelling::trace, {}, id}; }
  ReadRequest& ask(ScoreQuery query) {
    query.workspace = query.workspace == 0 ? names.first.workspace : query.workspace;
    request.reset();
    request.query = std::move(query);
    reader.run(request);
    return request;
  }
  const std::vector<Score>& of_source(std::string_view id) {
    ScoreQuery query;
    query.source = trace(id);
    return ask(query).page.scores;
  }
  static std::vector<std::string> numbers(const std::vector<Score>& scores) {
    std::vector<std::string> out;
    for (const Score& score : scores) out.push_back(to_text(score.row.value.number));
    return out;
  }

  TestCatalogue names;
  MemoryLog log{test_keys()};
  SteppedEngine engine{names.catalogue, log};
  ScoreReader reader{test_keys(), log};
  ReadRequest request;
};

}  // namespace sluice
