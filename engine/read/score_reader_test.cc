#include "engine/read/score_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/read/score_reader_for_test.h"

/// Which scores a query finds, and in what pages. What a score becomes by its events: source_fold_test.cc.

namespace sluice {
namespace {

using testing::ElementsAre;

using ScoreReaderTest = ScoreReaderFixture;

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

TEST_F(ScoreReaderTest, ASpanIsNotRegisteredInAnotherTrace) {
  TestBatch batch(names.first);
  ScoreRecord& record = batch.add(names.quality, "span-1", "0");
  record.kind = EventKind::source;
  record.label = {};
  record.value = {};
  record.source.spelling = SourceSpelling::span;
  record.parent = trace("t1");
  record.parent_in_identity = true;
  commit(batch);
  ScoreQuery query;
  query.by = ScoreQuery::By::source_exists;
  const SourceRef span{SourceSpelling::span, {}, "span-1"};
  query.sources = {span, span, span};
  query.parents = {trace("t1"), trace("t2"), {}};
  EXPECT_THAT(ask(query).exists, ElementsAre(true, false, true));
  query.parents.clear();
  EXPECT_THAT(ask(query).exists, ElementsAre(true, true, true));
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

TEST_F(ScoreReaderTest, ASourceInMemoryIsAnsweredAtOnceAndEverythingElseIsLeftAlone) {
  set("t", "0.1");
  for (std::size_t i = 0; i <= limits::kEventsReadAtOnce; ++i) set("long", "0.5", IdentityKind::positional);
  const auto at_once = [&](const char* source, ScoreQuery query = {}) {
    request.reset();
    request.query = std::move(query);
    request.query.workspace = names.first.workspace;
    request.query.source = trace(source);
    return reader.try_run(request);
  };
  ASSERT_TRUE(at_once("t"));
  EXPECT_EQ(request.status, Errc::ok);
  EXPECT_EQ(numbers(request.page.scores), std::vector<std::string>{"0.1"});
  EXPECT_TRUE(at_once("never scored"));
  EXPECT_TRUE(request.page.scores.empty());
  EXPECT_FALSE(at_once("long"));
  EXPECT_TRUE(request.page.scores.empty());
  ScoreQuery query;
  query.by = ScoreQuery::By::workspace;
  EXPECT_FALSE(at_once("t", query));
  query = {};
  query.include_children = true;
  EXPECT_FALSE(at_once("t", query));
  query = {};
  query.cursor = "nonsense";
  ASSERT_TRUE(at_once("t", query));
  EXPECT_EQ(request.status, Errc::bad_cursor);
  log.set_blocks_on_disk(true);
  EXPECT_FALSE(at_once("t"));
  EXPECT_EQ(of_source("t").size(), 1u);
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
