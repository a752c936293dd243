#include "engine/read/source_fold.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/read/score_reader_for_test.h"

/// What becomes of a score by repeats, late retries, patches and erasures, as the reader shows it.

namespace sluice {
namespace {

using testing::ElementsAre;

using SourceFoldTest = ScoreReaderFixture;

/// As many events as one source is read with. Compared with each other, they would take minutes.
constexpr std::size_t kMany = limits::kEventsPerSource;

Row client_set(std::string_view client_id) {
  Row row;
  row.workspace = row.annotator = row.label = 1;
  row.source = {SourceSpelling::trace, {}, "t"};
  row.identity = IdentityKind::client_id;
  row.client_id = client_id;
  row.value.kind = Value::Kind::number;
  row.value.number = {5, -1};
  row.event_time = 1000;
  return row;
}

Position place(std::size_t n) {
  return {1 + n / limits::kBlockRows, static_cast<std::uint16_t>(n % limits::kBlockRows)};
}

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

TEST(EventFoldTest, ManySetsOfOneClientIdThatDifferInOneFieldAreNotComparedWithEachOther) {
  std::deque<std::string> numbered;
  for (std::size_t i = 0; i < kMany; ++i) numbered.push_back(std::to_string(i));
  struct Case {
    const char* name;
    void (*vary)(Row& row, std::size_t n, std::string_view text);
  };
  const Case cases[] = {
      {"event time", [](Row& row, std::size_t n, std::string_view) { row.event_time = static_cast<WallTime>(n); }},
      {"metadata", [](Row& row, std::size_t, std::string_view text) { row.metadata = text; }},
      {"score source", [](Row& row, std::size_t, std::string_view text) { row.score_source = text; }},
      {"notes", [](Row& row, std::size_t, std::string_view text) { row.notes = text; }},
      {"parent", [](Row& row, std::size_t, std::string_view text) { row.parent.id = text; }},
      {"label", [](Row& row, std::size_t n, std::string_view) { row.label = static_cast<LabelNumber>(n); }},
      {"item of one Idempotency-Key",
       [](Row& row, std::size_t n, std::string_view) {
         row.event_time.reset();
         row.idempotency = Hash128{1, 1};
         row.item = static_cast<std::uint32_t>(n);
       }},
      {"Idempotency-Key",
       [](Row& row, std::size_t n, std::string_view) {
         row.event_time.reset();
         row.idempotency = Hash128{n, 1};
       }},
  };
  for (const Case& c : cases) {
    EventFold fold;
    const auto add = [&](std::size_t n, std::size_t at) {
      Row row = client_set("mine");
      c.vary(row, n, numbered[n]);
      fold.add(row, place(at), static_cast<WallTime>(at));
    };
    for (std::size_t n = 0; n < kMany; ++n) add(n, n);
    ASSERT_EQ(fold.entries().size(), 1u) << c.name;
    const Score& score = fold.entries().front().score;
    const Position last = score.last;
    add(7, kMany);
    EXPECT_EQ(score.last, last) << c.name << ": a late retry";
    EXPECT_TRUE(score.history.empty()) << c.name;
  }
}

TEST(EventFoldTest, ManyLivesOfOneScoreAreNotComparedWithEachOther) {
  EventFold fold;
  for (std::size_t n = 0; n < kMany; n += 2) {
    Row row = client_set("mine");
    fold.add(row, place(n), static_cast<WallTime>(n));
    row.kind = EventKind::erase;
    row.event_time.reset();
    row.target.kind = IdentityKind::client_id;
    fold.add(row, place(n + 1), static_cast<WallTime>(n + 1));
  }
  fold.add(client_set("mine"), place(kMany), 1);
  ASSERT_EQ(fold.entries().size(), 1u);
  EXPECT_TRUE(fold.entries().front().live);
  EXPECT_EQ(fold.entries().front().score.first, place(kMany));
}

TEST(EventFoldTest, ErasedScoresAreNotAllLookedThroughForEachPlaceOfAListing) {
  std::deque<std::string> ids;
  EventFold fold;
  for (std::size_t n = 0; n < kMany; ++n) {
    Row row = client_set(ids.emplace_back(std::to_string(n / 2)));
    if (n % 2 == 1) {
      row.kind = EventKind::erase;
      row.event_time.reset();
      row.target.kind = IdentityKind::client_id;
    }
    fold.add(row, place(n), static_cast<WallTime>(n));
  }
  for (std::size_t n = 0; n < kMany; ++n) ASSERT_EQ(fold.newest_at(place(n)), nullptr);
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
