#include "engine/read/source_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/read/score_reader_for_test.h"

/// What becomes of a score by repeats, late retries, patches and erasures, as the reader shows it.

namespace sluice {
namespace {

using testing::ElementsAre;

using SourceFoldTest = ScoreReaderFixture;

TEST_F(SourceFoldTest, NewestValueWinsAndOlderOnesAreKept) {
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

TEST_F(SourceFoldTest, RepeatOfTheNewestContentChangesNothing) {
  const Position first = set("t", "0.1");
  set("t", "0.1");
  const auto& scores = of_source("t");
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(scores[0].last, first);
  EXPECT_EQ(scores[0].updated_at, scores[0].created_at);
  EXPECT_TRUE(scores[0].history.empty());
}

TEST_F(SourceFoldTest, LateRetryIsKnownByItsEventTime) {
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

TEST_F(SourceFoldTest, LateRetryIsKnownByItsIdempotencyKeyAndItem) {
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

TEST_F(SourceFoldTest, NaturalKeyWrittenAfterAnEraseIsTheNextGeneration) {
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

TEST_F(SourceFoldTest, ClientIdKeepsItsScoreIdAfterAnErase) {
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

TEST_F(SourceFoldTest, PatchChangesWhatItCarries) {
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

TEST_F(SourceFoldTest, UpToShowsTheStateAtThatEvent) {
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

}  // namespace
}  // namespace sluice
