#include "engine/read/score_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"

namespace sluice {
namespace {

using testing::ElementsAre;

class ScoreReaderTest : public testing::Test {
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

TEST_F(ScoreReaderTest, NewestValueWinsAndOlderOnesAreKept) {
  const Position first = set("t", "0.1");
  set("t", "0.2");
  set("t", "0.2");
  const Position last = set("t", "0.3");
  const auto& scores = of_source("t");
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(to_text(scores[0].row.value.number), "0.3");
  ASSERT_EQ(scores[0].history.size(), 2u);
  EXPECT_EQ(to_text(scores[0].history[0].value.number), "0.1");
  EXPECT_EQ(to_text(scores[0].history[1].value.number), "0.2");
  EXPECT_EQ(scores[0].first, first);
  EXPECT_EQ(scores[0].last, last);
  EXPECT_LT(scores[0].created_at, scores[0].history[1].written_at);
  EXPECT_LT(scores[0].history[1].written_at, scores[0].updated_at);
}

TEST_F(ScoreReaderTest, RepeatOfTheNewestContentChangesNothing) {
  const Position first = set("t", "0.1");
  set("t", "0.1");
  const auto& scores = of_source("t");
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(scores[0].last, first);
  EXPECT_EQ(scores[0].updated_at, scores[0].created_at);
  EXPECT_TRUE(scores[0].history.empty());
}

TEST_F(ScoreReaderTest, LateRetryIsKnownByItsEventTime) {
  const auto timed = [this](std::string number, WallTime time) {
    TestBatch batch(names.first);
    ScoreRecord& record = batch.add(names.quality, "t", std::move(number));
    record.identity = IdentityKind::natural;
    record.event_time = time;
    commit(batch);
  };
  timed("0.1", 1000);
  timed("0.2", 2000);
  timed("0.1", 1000);
  EXPECT_THAT(numbers(of_source("t")), ElementsAre("0.2"));
  timed("0.3", 1000);  // Not a retry: it says something else.
  EXPECT_THAT(numbers(of_source("t")), ElementsAre("0.3"));
}

TEST_F(ScoreReaderTest, LateRetryIsKnownByItsIdempotencyKeyAndItem) {
  const auto keyed = [this](std::vector<std::string> values, std::uint64_t digest) {
    // Another digest stands for an answer that has expired: the table would stop the retry otherwise.
    SteppedEngine fresh(names.catalogue, log);
    TestBatch batch(names.first);
    batch.batch.idempotency = IdempotencyRequest{{1, 1}, {digest, 1}};
    for (const std::string& value : values) batch.add(names.quality, "t", value).identity = IdentityKind::natural;
    fresh.run(batch);
    ASSERT_EQ(batch.batch.status, Errc::ok);
  };
  keyed({"0.1", "0.2"}, 1);  // Two items of one request: the later one wins.
  EXPECT_THAT(numbers(of_source("t")), ElementsAre("0.2"));
  engine.committer.start(log.tail(), false);
  set("t", "0.3");
  keyed({"0.1", "0.2"}, 1);
  EXPECT_THAT(numbers(of_source("t")), ElementsAre("0.3"));
}

TEST_F(ScoreReaderTest, NaturalKeyWrittenAfterAnEraseIsTheNextGeneration) {
  set("t", "0.1");
  const Score before = of_source("t").front();
  TargetIdentity target = before.identity;
  act(EventKind::erase, "t", target);
  EXPECT_TRUE(of_source("t").empty());
  set("t", "0.2");
  const Score after = of_source("t").front();
  EXPECT_EQ(after.generation, 1u);
  EXPECT_NE(after.id, before.id);
  EXPECT_TRUE(after.history.empty());
  act(EventKind::erase, "t", target);  // Meant the first one.
  act(EventKind::patch, "t", target, "0.9");
  EXPECT_THAT(numbers(of_source("t")), ElementsAre("0.2"));
  ScoreQuery query;
  query.by = ScoreQuery::By::score_id;
  query.score_id = before.id;
  EXPECT_EQ(ask(query).status, Errc::not_found);
}

TEST_F(ScoreReaderTest, ClientIdKeepsItsScoreIdAfterAnErase) {
  set("t", "0.1", IdentityKind::client_id, "mine");
  const Uuid id = of_source("t").front().id;
  act(EventKind::erase, "t", of_source("t").front().identity, "0", "mine");
  EXPECT_TRUE(of_source("t").empty());
  const Position reborn = set("t", "0.2", IdentityKind::client_id, "mine");
  const auto& scores = of_source("t");
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(scores[0].id, id);
  EXPECT_EQ(scores[0].first, reborn);
  EXPECT_TRUE(scores[0].history.empty());
}

TEST_F(ScoreReaderTest, PatchChangesWhatItCarries) {
  set("t", "0.1", IdentityKind::positional);
  const TargetIdentity target = of_source("t").front().identity;
  act(EventKind::patch, "t", target, "0.4");
  TestBatch batch(names.first);
  ScoreRecord& notes = batch.add(names.quality, "t", "1");
  notes.kind = EventKind::patch;
  notes.identity = target.kind;
  notes.target = target;
  notes.patch_fields = kPatchNotes;
  notes.notes = "why";
  notes.has_notes = true;
  commit(batch);
  const auto& scores = of_source("t");
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(to_text(scores[0].row.value.number), "0.4");
  EXPECT_EQ(scores[0].row.notes, "why");
  ASSERT_EQ(scores[0].history.size(), 1u);
  EXPECT_EQ(to_text(scores[0].history[0].value.number), "0.1");
}

TEST_F(ScoreReaderTest, UpToShowsTheStateAtThatEvent) {
  const Position first = set("t", "0.1");
  const Position second = set("t", "0.2");
  act(EventKind::erase, "t", of_source("t").front().identity);
  ScoreQuery query;
  query.source = trace("t");
  query.up_to = first;
  EXPECT_THAT(numbers(ask(query).page.scores), ElementsAre("0.1"));
  query.up_to = second;
  EXPECT_THAT(numbers(ask(query).page.scores), ElementsAre("0.2"));
  EXPECT_TRUE(of_source("t").empty());
}

TEST_F(ScoreReaderTest, FindsOneScoreByItsId) {
  set("t", "0.1", IdentityKind::positional);
  set("t", "0.2", IdentityKind::positional);
  const std::vector<Score> scores = of_source("t");
  ASSERT_EQ(scores.size(), 2u);
  for (const Score& score : scores) {
    ScoreQuery query;
    query.by = ScoreQuery::By::score_id;
    query.score_id = score.id;
    ASSERT_EQ(ask(query).status, Errc::ok);
    EXPECT_EQ(request.page.scores.at(0).first, score.first);
    query.workspace = names.second.workspace;
    EXPECT_EQ(ask(query).status, Errc::not_found) << "another workspace";
  }
  ScoreQuery query;
  query.by = ScoreQuery::By::score_id;
  query.score_id = random_uuid();
  EXPECT_EQ(ask(query).status, Errc::not_found);
}

TEST_F(ScoreReaderTest, NothingCrossesWorkspaces) {
  set("t", "0.1");
  ScoreQuery query;
  query.source = trace("t");
  query.workspace = names.second.workspace;
  EXPECT_TRUE(ask(query).page.scores.empty());
  query.by = ScoreQuery::By::workspace;
  EXPECT_TRUE(ask(query).page.scores.empty());
  query.by = ScoreQuery::By::annotator;
  query.annotator = names.first.annotator;
  EXPECT_TRUE(ask(query).page.scores.empty());
}

TEST_F(ScoreReaderTest, SpansAreListedUnderTheirTraceAndApartByIt) {
  const auto span = [this](std::string trace_id, std::string number, bool parent_in_identity) {
    TestBatch batch(names.first);
    ScoreRecord& record = batch.add(names.quality, "span-1", std::move(number));
    record.identity = IdentityKind::natural;
    record.source.spelling = SourceSpelling::span;
    record.parent = {SourceSpelling::trace, {}, batch.keep(std::move(trace_id))};
    record.parent_in_identity = parent_in_identity;
    commit(batch);
  };
  span("t1", "0.1", true);
  span("t2", "0.2", true);
  set("t1", "0.3");
  ScoreQuery query;
  query.source = trace("t1");
  EXPECT_THAT(numbers(ask(query).page.scores), ElementsAre("0.3"));
  query.include_children = true;
  query.newest_first = false;
  EXPECT_THAT(numbers(ask(query).page.scores), ElementsAre("0.1", "0.3"));
  ScoreQuery spans;
  spans.source = {SourceSpelling::generation, {}, "span-1"};  // Another spelling of the same type.
  spans.newest_first = false;
  EXPECT_THAT(numbers(ask(spans).page.scores), ElementsAre("0.1", "0.2"));
  spans.parent = trace("t2");
  EXPECT_THAT(numbers(ask(spans).page.scores), ElementsAre("0.2"));
}

TEST_F(ScoreReaderTest, SourceExistsOnlyWhenItWasRegistered) {
  TestBatch batch(names.first);
  ScoreRecord& record = batch.add(names.quality, "known", "0");
  record.kind = EventKind::source;
  record.label = {};
  record.value = {};
  commit(batch);
  set("scored", "0.5");
  ScoreQuery query;
  query.by = ScoreQuery::By::source_exists;
  query.sources = {trace("known"), trace("scored"), trace("never"), {SourceSpelling::session, {}, "known"}};
  EXPECT_THAT(ask(query).exists, ElementsAre(true, false, false, false));
  EXPECT_TRUE(of_source("known").empty());
  ScoreQuery all;
  all.by = ScoreQuery::By::workspace;
  EXPECT_EQ(ask(all).page.scores.size(), 1u);
}

TEST_F(ScoreReaderTest, FiltersApplyToTheFoldedScore) {
  TestBatch batch(names.first);
  ScoreRecord& timed = batch.add(names.quality, "t", "0.1");
  timed.event_time = 5000;
  timed.client_id = "c";
  timed.identity = IdentityKind::client_id;
  ScoreRecord& text = batch.add(names.topic, "t", "");
  text.value.kind = ValueInput::Kind::text;
  text.value.text = "weather";
  batch.batch.dialect = DialectCode::futureagi;
  commit(batch);
  const WallTime inserted = batch.batch.inserted_at;
  struct Case {
    const char* name;
    std::size_t found;
    void (*set)(ScoreFilter&, const TestCatalogue&, WallTime);
  };
  const Case cases[] = {
      {"none", 2, [](ScoreFilter&, const TestCatalogue&, WallTime) {}},
      {"label", 1, [](ScoreFilter& f, const TestCatalogue& n, WallTime) { f.labels = {n.topic.number}; }},
      {"annotator", 2, [](ScoreFilter& f, const TestCatalogue& n, WallTime) { f.annotators = {n.first.annotator}; }},
      {"other annotator", 0,
       [](ScoreFilter& f, const TestCatalogue& n, WallTime) { f.annotators = {n.second.annotator}; }},
      {"dialect", 0, [](ScoreFilter& f, const TestCatalogue&, WallTime) { f.dialect = DialectCode::native; }},
      {"client id", 1, [](ScoreFilter& f, const TestCatalogue&, WallTime) { f.client_id = "c"; }},
      {"event from inclusive", 1, [](ScoreFilter& f, const TestCatalogue&, WallTime) { f.event_from = 5000; }},
      {"event to exclusive", 0, [](ScoreFilter& f, const TestCatalogue&, WallTime) { f.event_to = 5000; }},
      {"inserted from inclusive", 2, [](ScoreFilter& f, const TestCatalogue&, WallTime t) { f.inserted_from = t; }},
      {"inserted to exclusive", 0, [](ScoreFilter& f, const TestCatalogue&, WallTime t) { f.inserted_to = t; }},
  };
  for (const auto by : {ScoreQuery::By::source, ScoreQuery::By::annotator, ScoreQuery::By::workspace}) {
    for (const Case& c : cases) {
      ScoreQuery query;
      query.by = by;
      query.source = trace("t");
      query.annotator = names.first.annotator;
      c.set(query.filter, names, inserted);
      EXPECT_EQ(ask(query).page.scores.size(), c.found) << c.name << " by " << static_cast<int>(by);
    }
  }
}

TEST_F(ScoreReaderTest, ClientIdFindsItsScoresInEverySource) {
  set("t1", "0.1", IdentityKind::client_id, "mine");
  set("t2", "0.2", IdentityKind::client_id, "mine");
  set("t2", "0.3", IdentityKind::client_id, "other");
  ScoreQuery query;
  query.by = ScoreQuery::By::client_id;
  query.filter.client_id = "mine";
  query.newest_first = false;
  EXPECT_THAT(numbers(ask(query).page.scores), ElementsAre("0.1", "0.2"));
}

TEST_F(ScoreReaderTest, CursorFitsOnlyTheQueryItCameFrom) {
  for (int i = 0; i < 5; ++i) set("t" + std::to_string(i), "0.1");
  ScoreQuery query;
  query.by = ScoreQuery::By::workspace;
  query.limit = 2;
  const std::string cursor = ask(query).page.next_cursor;
  ASSERT_FALSE(cursor.empty());
  query.cursor = cursor;
  EXPECT_EQ(ask(query).page.scores.size(), 2u);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    query.cursor = cursor;
    query.cursor[i] = query.cursor[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(ask(query).status, Errc::bad_cursor) << i;
  }
  for (const char* bad : {"A", "====", "not a cursor at all, and far too long to be one anyway"}) {
    query.cursor = bad;
    EXPECT_EQ(ask(query).status, Errc::bad_cursor) << bad;
  }
  query.cursor = cursor;
  query.filter.labels = {names.quality.number};
  EXPECT_EQ(ask(query).status, Errc::bad_cursor);
  query.filter.labels.clear();
  query.workspace = names.second.workspace;
  EXPECT_EQ(ask(query).status, Errc::bad_cursor);
}

TEST_F(ScoreReaderTest, PagesOfASourceMeetWithoutGapOrDouble) {
  for (int i = 1; i <= 5; ++i) set("t", "0." + std::to_string(i), IdentityKind::positional);
  for (const bool newest_first : {true, false}) {
    std::vector<std::string> found;
    ScoreQuery query;
    query.source = trace("t");
    query.newest_first = newest_first;
    query.limit = 2;
    do {
      for (const std::string& number : numbers(ask(query).page.scores)) found.push_back(number);
      query.cursor = request.page.next_cursor;
    } while (!query.cursor.empty() && found.size() < 10);
    if (!newest_first) std::ranges::reverse(found);
    EXPECT_THAT(found, ElementsAre("0.5", "0.4", "0.3", "0.2", "0.1")) << newest_first;
  }
}

TEST_F(ScoreReaderTest, PageOutlivesTheLogItWasReadFrom) {
  auto other = std::make_unique<MemoryLog>(test_keys());
  ReadRequest kept;
  {
    SteppedEngine writer(names.catalogue, *other);
    TestBatch batch(names.first);
    ScoreRecord& record = batch.add(names.quality, "0189d3c2-7f3a-7000-8000-000000000001", "0.1");
    record.notes = "a note";
    record.has_notes = true;
    writer.run(batch);
  }
  kept.query.workspace = names.first.workspace;
  kept.query.by = ScoreQuery::By::workspace;
  ScoreReader(test_keys(), *other).run(kept);
  other.reset();
  ASSERT_EQ(kept.page.scores.size(), 1u);
  EXPECT_EQ(kept.page.scores[0].row.source.id, "0189d3c2-7f3a-7000-8000-000000000001");
  EXPECT_EQ(kept.page.scores[0].row.notes, "a note");
}

TEST_F(ScoreReaderTest, PoolFinishesWhatItTookAndRefusesAfterwards) {
  set("t", "0.1");
  CollectingCompletion completion;
  ReadPool pool(2, reader, completion);
  std::vector<std::unique_ptr<ReadRequest>> requests;
  for (int i = 0; i < 50; ++i) {
    requests.push_back(std::make_unique<ReadRequest>());
    requests.back()->query.workspace = names.first.workspace;
    requests.back()->query.source = trace("t");
    ASSERT_TRUE(pool.submit(*requests.back()));
  }
  pool.stop();
  completion.wait_for_reads(50);
  for (const auto& done : requests) EXPECT_EQ(done->page.scores.size(), 1u);
  EXPECT_EQ(pool.duration().count(), 50u);
  EXPECT_FALSE(pool.submit(*requests.front()));
  EXPECT_EQ(pool.waiting(), 0u);
}

}  // namespace
}  // namespace sluice
