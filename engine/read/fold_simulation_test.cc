#include <random>

#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"
#include "engine/read/fold_model.h"
#include "engine/read/score_reader.h"

namespace sluice {
namespace {

/// Random sets, patches, erases, repeats and retries against the naive model, in groups of random size.
class FoldSimulation : public testing::TestWithParam<std::uint32_t> {
 protected:
  static constexpr IdentityKind kKinds[] = {IdentityKind::positional, IdentityKind::client_id, IdentityKind::natural};

  ModelEvent random_event() {
    if (!events.empty() && random() % 5 == 0) {  // A retry, to the letter.
      ModelEvent repeat = events[random() % events.size()];
      if (repeat.identity != IdentityKind::positional || repeat.kind != EventKind::set) return repeat;
    }
    ModelEvent e;
    e.identity = kKinds[random() % 3];
    e.source = "s" + std::to_string(random() % 3);
    e.annotator = random() % 2 == 0 ? "one" : "two";
    e.label = "quality";
    e.number = "0." + std::to_string(1 + random() % 3);
    e.notes = random() % 3 == 0 ? "n" : "";
    if (random() % 3 == 0) e.event_time = 1000 + static_cast<WallTime>(random() % 3);
    if (e.identity == IdentityKind::client_id) e.client_id = "c" + std::to_string(random() % 2);
    if (random() % 4 == 0) e.request = static_cast<int>(random() % 3);
    if (e.request && e.identity == IdentityKind::positional) e.identity = IdentityKind::idempotency;
    e.item = static_cast<int>(random() % 2);
    const auto kind = random() % 10;
    if (kind >= 6 && e.identity != IdentityKind::idempotency) {
      e.kind = kind >= 8 ? EventKind::erase : EventKind::patch;
      e.event_time.reset();
      if (e.kind == EventKind::erase) e.number = "", e.notes = "";
      if (e.kind == EventKind::patch) e.patch_fields = static_cast<std::uint8_t>(1 + random() % 3);
      if (e.kind == EventKind::patch && (e.patch_fields & kPatchValue) == 0) e.number = "";
      e.target_generation = static_cast<std::uint32_t>(random() % 3);
      if (e.identity == IdentityKind::positional && !aim(e)) return random_event();
      // Who may change a score named by its id is decided before the engine; the row carries the score's annotator.
      if (e.identity == IdentityKind::client_id) e.annotator = "one";
    }
    if (e.identity == IdentityKind::client_id) e.annotator = "one";
    return e;
  }
  /// At a positional set that was committed already.
  bool aim(ModelEvent& e) {
    std::vector<int> sets;
    for (std::size_t i = 0; i < committed; ++i) {
      if (events[i].identity == IdentityKind::positional && events[i].kind == EventKind::set)
        sets.push_back(static_cast<int>(i));
    }
    if (sets.empty()) return false;
    e.origin = sets[random() % sets.size()];
    e.source = events[static_cast<std::size_t>(e.origin)].source;
    e.annotator = events[static_cast<std::size_t>(e.origin)].annotator;
    return true;
  }

  void commit_group() {
    std::vector<std::unique_ptr<TestBatch>> batches;
    const std::size_t count = 1 + random() % 6;
    for (std::size_t n = 0; n < count; ++n) {
      ModelEvent e = random_event();
      auto batch = std::make_unique<TestBatch>(e.annotator == "one" ? names.first : other);
      ScoreRecord& record = batch->add(names.quality, e.source, e.number);
      record.kind = e.kind;
      record.identity = e.identity;
      record.item = static_cast<std::uint32_t>(e.item);
      record.client_id = batch->keep(e.client_id);
      record.notes = batch->keep(e.notes);
      record.has_notes = !e.notes.empty();
      record.event_time = e.event_time;
      record.patch_fields = e.patch_fields;
      if (e.kind == EventKind::erase || (e.kind == EventKind::patch && (e.patch_fields & kPatchValue) == 0))
        record.value = {};
      if (e.kind != EventKind::set) {
        record.target.kind = e.identity;
        record.target.generation = e.target_generation;
        if (e.origin >= 0) record.target.origin = events[static_cast<std::size_t>(e.origin)].at;
      }
      if (e.request) {
        // A key of its own per batch in the table, the same key in the row: as after the table forgot it.
        batch->batch.idempotency = IdempotencyRequest{{1, static_cast<std::uint64_t>(*e.request)}, {1, 1}};
      }
      events.push_back(std::move(e));
      batches.push_back(std::move(batch));
    }
    // A new engine for each group: no Idempotency-Key is remembered, so that only the fold can know a retry.
    for (std::size_t n = 0; n < batches.size(); ++n) {
      SteppedEngine engine(names.catalogue, log);
      engine.run(*batches[n]);
      const Batch& batch = batches[n]->batch;
      ASSERT_EQ(batch.status, Errc::ok);
      ASSERT_EQ(batch.outcomes[0].code, Errc::ok) << to_string(batch.outcomes[0].code);
      ModelEvent& e = events[committed + n];
      e.at = {batch.outcomes[0].block, batch.outcomes[0].slot};
      e.inserted_at = batch.inserted_at;
    }
    committed = events.size();
  }

  void expect_same(const std::vector<Score>& scores, const std::vector<ModelScore>& model) {
    ASSERT_EQ(scores.size(), model.size());
    for (std::size_t i = 0; i < model.size(); ++i) {
      const Score& score = scores[i];
      EXPECT_EQ(score.first, model[i].first);
      EXPECT_EQ(score.last, model[i].last);
      EXPECT_EQ(score.row.source.id, model[i].source);
      EXPECT_EQ(to_text(score.row.value.number), model[i].number);
      EXPECT_EQ(score.row.notes, model[i].notes);
      EXPECT_EQ(score.row.event_time, model[i].event_time);
      EXPECT_EQ(score.generation, model[i].generation);
      EXPECT_EQ(score.created_at, model[i].created_at);
      EXPECT_EQ(score.updated_at, model[i].updated_at);
      std::vector<std::string> history;
      for (const OlderValue& older : score.history) history.push_back(to_text(older.value.number));
      EXPECT_EQ(history, model[i].history);
    }
  }

  void check_sources(const std::vector<ModelScore>& model, Position up_to) {
    for (const std::string source : {"s0", "s1", "s2"}) {
      request.reset();
      request.query.workspace = names.first.workspace;
      request.query.source = {SourceSpelling::trace, {}, source};
      request.query.newest_first = false;
      request.query.up_to = up_to;
      reader.run(request);
      ASSERT_EQ(request.status, Errc::ok);
      std::vector<ModelScore> expected;
      std::ranges::copy_if(model, std::back_inserter(expected),
                           [&](const ModelScore& m) { return m.source == source; });
      expect_same(request.page.scores, expected);
    }
  }

  /// Every live score once, newest first, whatever the page size.
  void check_listing(std::vector<ModelScore> model, ScoreQuery::By by, const std::string& annotator) {
    if (by == ScoreQuery::By::annotator) {
      std::erase_if(model, [&](const ModelScore& m) { return m.annotator != annotator; });
    }
    std::ranges::sort(model, [](const ModelScore& a, const ModelScore& b) { return b.last < a.last; });
    std::vector<Position> expected, found;
    for (const ModelScore& m : model) expected.push_back(m.last);
    std::string cursor;
    do {
      request.reset();
      request.query.workspace = names.first.workspace;
      request.query.by = by;
      request.query.annotator = annotator == "one" ? names.first.annotator : other.annotator;
      request.query.limit = 3;
      request.query.cursor = cursor;
      reader.run(request);
      ASSERT_EQ(request.status, Errc::ok);
      for (const Score& score : request.page.scores) found.push_back(score.last);
      cursor = request.page.next_cursor;
    } while (!cursor.empty());
    EXPECT_EQ(found, expected);
  }

  std::mt19937 random{GetParam()};
  TestCatalogue names;
  Principal other = names.make_key("first", "k3");
  MemoryLog log{test_keys()};
  ScoreReader reader{test_keys(), log};
  ReadRequest request;
  std::vector<ModelEvent> events;
  std::size_t committed = 0;
};

TEST_P(FoldSimulation, ReadsAgreeWithTheModel) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int group = 0; group < 25 && !HasFatalFailure(); ++group) {
    commit_group();
    const auto model = model_fold(events, {});
    check_sources(model, {});
    check_listing(model, ScoreQuery::By::workspace, "one");
    check_listing(model, ScoreQuery::By::annotator, "one");
    check_listing(model, ScoreQuery::By::annotator, "two");
    const Position up_to = events[random() % events.size()].at;
    check_sources(model_fold(events, up_to), up_to);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FoldSimulation, testing::Range(1u, 41u));

}  // namespace
}  // namespace sluice
