#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/read/query_run.h"
#include "engine/read/score_reader_for_test.h"

/// What a read costs at most, and what it answers then.

namespace sluice {
namespace {

using testing::ElementsAre;

/// Counts how often postings of a source were asked for, and begins a stop at one of these times.
class CountingReader final : public RecordReader {
 public:
  explicit CountingReader(RecordReader& records) : records_(records) {}
  std::unique_ptr<ReadView> view() override { return std::make_unique<View>(*this); }
  std::unique_ptr<ReadView> memory_view() override { return records_.memory_view(); }
  int folds = 0;
  int stop_at = 0;
  std::atomic<bool> stopping{false};

 private:
  class View final : public ReadView {
   public:
    explicit View(CountingReader& reader) : reader_(reader), view_(reader.records_.view()) {}
    Result<void> by_source(std::uint64_t hash, SourceRows rows, std::vector<PostingHit>& out) override {
      if (++reader_.folds == reader_.stop_at) reader_.stopping.store(true);
      return view_->by_source(hash, rows, out);
    }
    Result<void> visit_source(std::uint64_t hash, const std::function<bool(Position)>& visit) override {
      return view_->visit_source(hash, visit);
    }
    Result<void> by_client_id(std::uint64_t hash, std::vector<PostingHit>& out) override {
      return view_->by_client_id(hash, out);
    }
    Result<void> by_annotator(AnnotatorNumber annotator, Position before, std::size_t limit,
                              std::vector<Position>& out) override {
      return view_->by_annotator(annotator, before, limit, out);
    }
    Result<void> by_workspace(WorkspaceNumber workspace, Position before, std::size_t limit,
                              std::vector<Position>& out) override {
      return view_->by_workspace(workspace, before, limit, out);
    }
    Result<BlockRef> block(std::uint64_t sequence) override { return view_->block(sequence); }
    std::uint64_t last_block() const noexcept override { return view_->last_block(); }
    bool missed() const noexcept override { return view_->missed(); }

   private:
    CountingReader& reader_;
    const std::unique_ptr<ReadView> view_;
  };
  RecordReader& records_;
};

class ReadBoundsTest : public ScoreReaderFixture {
 protected:
  /// Positional sets of one source in one request.
  void fill(const std::string& source, std::size_t scores, std::size_t note_bytes = 0) {
    const std::string note(note_bytes, 'n');
    TestBatch batch(names.first);
    for (std::size_t i = 0; i < scores; ++i) {
      ScoreRecord& record = batch.add(names.quality, source, "0.5");
      record.notes = note;
      record.has_notes = note_bytes != 0;
    }
    commit(batch);
  }
  ScoreQuery workspace(std::size_t limit = limits::kPageLimit) const {
    ScoreQuery query;
    query.by = ScoreQuery::By::workspace;
    query.workspace = names.first.workspace;
    query.limit = limit;
    return query;
  }
  /// One call with another limit of events per source.
  Errc ask_with(std::size_t events_max, ScoreQuery query, const std::atomic<bool>* stopping = nullptr) {
    request.reset();
    request.query = std::move(query);
    const auto view = log.view();
    return QueryRun(test_keys(), *view, request, events_max, stopping).run().error().code;
  }
  /// All pages, as "first last number".
  std::vector<std::string> all_with(std::size_t events_max, ScoreQuery query) {
    std::vector<std::string> out;
    do {
      EXPECT_EQ(ask_with(events_max, query), Errc::ok);
      for (const Score& score : request.page.scores) {
        out.push_back(to_text(score.id) + " " + std::to_string(score.last.block) + "." +
                      std::to_string(score.last.slot) + " " + to_text(score.row.value.number));
      }
      query.cursor = request.page.next_cursor;
    } while (!query.cursor.empty());
    return out;
  }
};

TEST_F(ReadBoundsTest, AListingFoldsALargeSourceOnceAPageAndNotAtEveryScore) {
  fill("large", limits::kEventsExamined + 100);
  CountingReader counted(log);
  const ScoreReader counting(test_keys(), counted);
  request.query = workspace();
  counting.run(request);
  EXPECT_EQ(request.page.scores.size(), limits::kPageLimit);
  EXPECT_FALSE(request.page.next_cursor.empty());
  EXPECT_EQ(counted.folds, 1);
}

TEST_F(ReadBoundsTest, AListingEndsItsPageBeforeItFoldsASecondLargeSource) {
  fill("a", limits::kEventsExamined + 1);
  fill("b", limits::kEventsExamined + 1);
  for (const char* const source : {"a", "b", "a", "b"}) set(source, "0.1", IdentityKind::positional);
  CountingReader counted(log);
  const ScoreReader counting(test_keys(), counted);
  ScoreQuery query = workspace(3);
  for (int call = 1; call <= 3; ++call) {
    request.reset();
    request.query = query;
    counting.run(request);
    EXPECT_EQ(counted.folds, call) << "one large fold a call";
    EXPECT_EQ(request.page.scores.size(), 1u) << "and always one score further";
    query.cursor = request.page.next_cursor;
    ASSERT_FALSE(query.cursor.empty());
  }
}

TEST_F(ReadBoundsTest, AListingShowsTheScoresOfASourcePastItsLimit) {
  fill("big", 700);
  const Position gone = set("big", "0.2", IdentityKind::positional);
  set("big", "0.3");
  set("other", "0.4");
  set("big", "0.5");  // The same natural score.
  TargetIdentity target;
  target.kind = IdentityKind::positional;
  target.origin = gone;
  act(EventKind::erase, "big", target);
  for (const char* const number : {"0.6", "0.7", "0.8", "0.9"}) set("upserted", number);
  const std::vector<std::string> expected = all_with(100'000, workspace());
  ASSERT_EQ(expected.size(), 703u);
  struct Case {
    const char* name;
    std::size_t events_max;
  };
  for (const Case& c : {Case{"a page of the source at a time", 300}, Case{"a score at a time", 3}}) {
    EXPECT_EQ(all_with(c.events_max, workspace()), expected) << c.name;
    ScoreQuery by_annotator = workspace();
    by_annotator.by = ScoreQuery::By::annotator;
    by_annotator.annotator = names.first.annotator;
    EXPECT_EQ(all_with(c.events_max, by_annotator), expected) << c.name;
  }
  ScoreQuery one;
  one.workspace = names.first.workspace;
  one.source = trace("big");
  EXPECT_EQ(ask_with(300, one), Errc::limit_reached) << "asked for by itself, it is folded whole";
}

TEST_F(ReadBoundsTest, AListingEndsItsPageWhenTheServerStops) {
  for (int i = 0; i < 3; ++i) set("t" + std::to_string(i), "0.5");
  const std::atomic<bool> stopping{true};
  ASSERT_EQ(ask_with(100, workspace(), &stopping), Errc::ok);
  EXPECT_EQ(request.page.scores.size(), 1u);
  EXPECT_FALSE(request.page.next_cursor.empty());
}

TEST_F(ReadBoundsTest, AStopDoesNotWaitForTheFoldOfALongSource) {
  fill("long", RowLoader::kLoadsBetweenLooks);
  fill("short", RowLoader::kLoadsBetweenLooks - 1);
  const std::atomic<bool> stopping{true};
  ScoreQuery query;
  query.workspace = names.first.workspace;
  query.source = trace("long");
  EXPECT_EQ(ask_with(100'000, query, &stopping), Errc::stopping);
  EXPECT_TRUE(request.page.scores.empty());
  query.source = trace("short");
  EXPECT_EQ(ask_with(100'000, query, &stopping), Errc::ok) << "what is short is answered";
}

TEST_F(ReadBoundsTest, AListingEndsItsPageAtALongSourceWhenTheServerStops) {
  fill("long", 2 * RowLoader::kLoadsBetweenLooks);
  set("t", "0.5");
  CountingReader counted(log);
  counted.stop_at = 2;  // "t" is listed before it.
  request.reset();
  request.query = workspace();
  const auto view = counted.view();
  ASSERT_TRUE(QueryRun(test_keys(), *view, request, limits::kEventsPerSource, &counted.stopping).run().ok());
  EXPECT_EQ(request.page.scores.size(), 1u);
  EXPECT_FALSE(request.page.next_cursor.empty());
}

TEST_F(ReadBoundsTest, APageOfLongTextsEndsEarlyWithACursor) {
  constexpr std::size_t kScores = 200;
  fill("t", kScores, limits::kStringBytes);
  ScoreQuery source;
  source.source = trace("t");
  source.limit = limits::kPageLimit;
  for (ScoreQuery query : {source, workspace()}) {
    std::size_t shown = 0;
    int pages = 0;
    do {
      ASSERT_EQ(ask(query).status, Errc::ok);
      EXPECT_LE(request.page.scores.size(), limits::kPageBytes / limits::kStringBytes + 1);
      ASSERT_FALSE(request.page.scores.empty());
      shown += request.page.scores.size();
      ++pages;
      query.cursor = request.page.next_cursor;
    } while (!query.cursor.empty());
    EXPECT_EQ(shown, kScores);
    EXPECT_EQ(pages, 2);
  }
}

TEST_F(ReadBoundsTest, AnAnswerWithoutACursorIsRefusedPastItsBytes) {
  constexpr std::size_t kFits = limits::kWholeAnswerBytes / (limits::kStringBytes + 64);
  fill("t", kFits, limits::kStringBytes);
  ScoreQuery query;
  query.source = trace("t");
  EXPECT_EQ(ask(query).status, Errc::ok);
  EXPECT_EQ(request.page.scores.size(), kFits);
  fill("t", 2, limits::kStringBytes);
  EXPECT_EQ(ask(query).status, Errc::limit_reached);
  EXPECT_TRUE(request.page.scores.empty());
}

TEST_F(ReadBoundsTest, AReadFoldsSoManyBytesOfTextsAndNoMore) {
  fill("t", 1, limits::kStringBytes);
  const auto view = log.view();
  RowLoader loader(*view);
  RowLoader::Loaded loaded;
  Result<void> read;
  while (read.ok()) read = loader.load({1, 0}, loaded);
  EXPECT_EQ(read.error().code, Errc::limit_reached);
  EXPECT_GT(loader.bytes(), limits::kFoldedBytes);
  EXPECT_LE(loader.bytes(), limits::kFoldedBytes + limits::kStringBytes + 64);
  loader.clear();
  EXPECT_TRUE(loader.load({1, 0}, loaded).ok());
}

TEST_F(ReadBoundsTest, SourceExistsOnlyUnderTheTraceItWasRegisteredUnder) {
  const auto span = [this](std::string id, std::string trace_id) {
    TestBatch batch(names.first);
    ScoreRecord& record = batch.add(names.quality, std::move(id), "0");
    record.kind = EventKind::source;
    record.source.spelling = SourceSpelling::span;
    record.label = {};
    record.value = {};
    record.parent = {SourceSpelling::trace, {}, batch.keep(trace_id)};
    record.parent_in_identity = !trace_id.empty();
    commit(batch);
  };
  span("s", "t1");
  span("s", "t2");
  span("free", "");
  const SourceRef s{SourceSpelling::span, {}, "s"};
  const SourceRef free{SourceSpelling::span, {}, "free"};
  ScoreQuery query;
  query.by = ScoreQuery::By::source_exists;
  query.sources = {s, s, s, s, free, s};
  query.parents = {trace("t1"), trace("t2"), trace("t3"), {}, trace("t3"), trace("t1")};
  EXPECT_THAT(ask(query).exists, ElementsAre(true, true, false, true, true, true));
  query.parents.clear();
  EXPECT_THAT(ask(query).exists, ElementsAre(true, true, true, true, true, true)) << "nothing is compared";
}

}  // namespace
}  // namespace sluice
