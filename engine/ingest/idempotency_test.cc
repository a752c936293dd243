#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/ingest/engine_test_support.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using Verdict = IdempotencyTable::Verdict;
constexpr WallTime kHour = WallTime{3600} * 1'000'000'000;

IdempotencyRequest request(std::uint64_t key, std::uint64_t digest) { return {{7, key}, {9, digest}}; }

void settle(IdempotencyAnswer& answer, WallTime at, std::string value = "v") {
  answer.inserted_at = at;
  answer.value = std::move(value);
  answer.state.store(IdempotencyAnswer::State::done);
}

TEST(IdempotencyTableTest, SaysWhatBecameOfAKey) {
  IdempotencyTable table(10, 1000);
  const auto opened = table.open(request(1, 1), kHour);
  ASSERT_EQ(opened.verdict, Verdict::fresh);
  EXPECT_EQ(table.open(request(1, 1), kHour).verdict, Verdict::in_flight);
  EXPECT_EQ(table.open(request(1, 2), kHour).verdict, Verdict::mismatch);
  settle(*opened.answer, kHour);
  EXPECT_EQ(table.open(request(1, 1), 2 * kHour).verdict, Verdict::replay);
  EXPECT_EQ(table.open(request(1, 2), 2 * kHour).verdict, Verdict::mismatch);
  EXPECT_EQ(table.open(request(1, 2), 26 * kHour).verdict, Verdict::fresh) << "expired";
}

TEST(IdempotencyTableTest, ForgetsAFailedAttempt) {
  IdempotencyTable table(10, 1000);
  const auto opened = table.open(request(1, 1), kHour);
  opened.answer->state.store(IdempotencyAnswer::State::failed);
  const auto again = table.open(request(1, 1), kHour);
  EXPECT_EQ(again.verdict, Verdict::fresh);
  settle(*again.answer, kHour);
  EXPECT_EQ(table.open(request(1, 1), kHour).verdict, Verdict::replay);
}

TEST(IdempotencyTableTest, EvictsTheOldestByCountAndByBytes) {
  IdempotencyTable few(3, 1000);
  for (std::uint64_t key = 1; key <= 5; ++key) settle(*few.open(request(key, 1), kHour).answer, kHour);
  EXPECT_LE(few.size(), 3u);
  EXPECT_EQ(few.open(request(5, 1), kHour).verdict, Verdict::replay);
  EXPECT_EQ(few.open(request(1, 1), kHour).verdict, Verdict::fresh);

  IdempotencyTable small(100, 1000);
  for (std::uint64_t key = 1; key <= 5; ++key) {
    settle(*small.open(request(key, 1), kHour).answer, kHour, std::string(400, 'v'));
  }
  EXPECT_EQ(small.open(request(5, 1), kHour).verdict, Verdict::replay);
  EXPECT_EQ(small.open(request(1, 1), kHour).verdict, Verdict::fresh);
}

TEST(IdempotencyCodecTest, AnswersReadBackAsTheyWere) {
  std::vector<RecordOutcome> outcomes;
  for (std::uint16_t i = 0; i < 300; ++i) outcomes.push_back({Errc::ok, i, 4, 77});
  outcomes.push_back({Errc::value_off_step, 0, 4, 0});
  outcomes.push_back({Errc::label_not_found, 0, 0, 0});
  outcomes.push_back({Errc::ok, 0, 4, 78});
  outcomes.push_back({Errc::ok, 1, 5, 78});
  outcomes.push_back({Errc::ok, 3, 5, 78});
  const std::string value = encode_answer({1, 2}, outcomes);
  EXPECT_LT(value.size(), 100u);
  Hash128 digest;
  std::vector<RecordOutcome> decoded;
  ASSERT_TRUE(decode_answer(value, digest, decoded).ok());
  EXPECT_EQ(digest, (Hash128{1, 2}));
  ASSERT_EQ(decoded.size(), outcomes.size());
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    EXPECT_EQ(decoded[i].code, outcomes[i].code) << i;
    EXPECT_EQ(decoded[i].slot, outcomes[i].slot) << i;
    EXPECT_EQ(decoded[i].label, outcomes[i].label) << i;
    EXPECT_EQ(decoded[i].block, outcomes[i].block) << i;
  }
}

TEST(IdempotencyCodecTest, DamagedAnswersAreRefused) {
  const std::string value = encode_answer({1, 2}, std::vector<RecordOutcome>(5, RecordOutcome{Errc::ok, 1, 2, 3}));
  Hash128 digest;
  std::vector<RecordOutcome> decoded;
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(decode_answer(std::string_view(value).substr(0, size), digest, decoded).ok()) << size;
  }
  EXPECT_EQ(decode_answer(value + "x", digest, decoded).error().code, Errc::corrupt);
  EXPECT_EQ(decode_answer("\x02" + value.substr(1), digest, decoded).error().code, Errc::format_too_new);
  EXPECT_FALSE(load_answer({"short", value}).ok());
}

class IdempotencyTest : public testing::Test {
 protected:
  std::unique_ptr<TestBatch> keyed(std::uint64_t key, std::uint64_t digest) {
    auto batch = std::make_unique<TestBatch>(names.first);
    batch->batch.idempotency = request(key, digest);
    batch->add(names.quality, "a", "0.5");
    batch->add(names.quality, "b", "5");
    batch->add(names.quality, "c", "0.25");
    return batch;
  }
  TestCatalogue names;
  MemoryLog log{test_keys()};
};

TEST_F(IdempotencyTest, RepeatGetsTheFirstAnswerAndWritesNothing) {
  SteppedEngine engine(names.catalogue, log);
  const auto first = keyed(1, 1);
  engine.run(*first);
  const auto again = keyed(1, 1);
  engine.run(*again);
  EXPECT_TRUE(again->batch.replayed);
  EXPECT_EQ(again->batch.inserted_at, first->batch.inserted_at);
  EXPECT_THAT(again->codes(), ElementsAre(Errc::ok, Errc::value_out_of_range, Errc::ok));
  EXPECT_EQ(again->batch.outcomes[2].block, first->batch.outcomes[2].block);
  EXPECT_EQ(again->batch.outcomes[2].slot, first->batch.outcomes[2].slot);
  EXPECT_NE(names.catalogue.snapshot()->label(again->batch.outcomes[0].label), nullptr);
  EXPECT_EQ(log.rows(), 2u);
  EXPECT_EQ(log.groups().size(), 1u);
  EXPECT_EQ(log.groups()[0].idempotency, 1u);
  EXPECT_EQ(engine.shard.counters().replays.load(), 1u);
}

TEST_F(IdempotencyTest, OtherBodyAndKeyInFlightAreRefused) {
  SteppedEngine engine(names.catalogue, log);
  const auto first = keyed(1, 1);
  const auto meanwhile = keyed(1, 1);
  const auto other = keyed(1, 2);
  engine.lend(*first);
  engine.lend(*meanwhile);
  engine.run(*other);
  EXPECT_EQ(first->batch.status, Errc::ok);
  EXPECT_EQ(meanwhile->batch.status, Errc::idempotency_in_flight);
  EXPECT_EQ(other->batch.status, Errc::idempotency_mismatch);
  EXPECT_EQ(log.rows(), 2u);
}

TEST_F(IdempotencyTest, RefusedGroupFreesTheKey) {
  SteppedEngine engine(names.catalogue, log);
  log.fail_next(Durability::refused);
  const auto first = keyed(1, 1);
  engine.run(*first);
  EXPECT_EQ(first->batch.status, Errc::overloaded);
  const auto again = keyed(1, 1);
  engine.run(*again);
  EXPECT_EQ(again->batch.status, Errc::ok);
  EXPECT_FALSE(again->batch.replayed);
  EXPECT_EQ(log.rows(), 2u);
}

TEST_F(IdempotencyTest, DryRunNeitherOpensNorRepeatsAKey) {
  SteppedEngine engine(names.catalogue, log);
  const auto dry = keyed(1, 1);
  dry->batch.options.dry_run = true;
  engine.run(*dry);
  EXPECT_EQ(log.rows(), 0u);
  const auto real = keyed(1, 1);
  engine.run(*real);
  EXPECT_FALSE(real->batch.replayed);
  EXPECT_EQ(log.rows(), 2u);
}

TEST_F(IdempotencyTest, AnswersSurviveARestart) {
  WallTime first_time = 0;
  {
    SteppedEngine engine(names.catalogue, log);
    const auto first = keyed(1, 1);
    engine.run(*first);
    first_time = first->batch.inserted_at;
  }
  Catalogue reopened;
  std::vector<IdempotencyEntry> entries;
  ASSERT_TRUE(log.load(reopened, {}, entries).ok());
  ASSERT_EQ(entries.size(), 1u);
  SteppedEngine engine(reopened, log);
  engine.shard.load(load_answer(entries[0]).value());
  const auto again = keyed(1, 1);
  engine.run(*again);
  EXPECT_TRUE(again->batch.replayed);
  EXPECT_EQ(again->batch.inserted_at, first_time);
  const auto other = keyed(1, 2);
  engine.run(*other);
  EXPECT_EQ(other->batch.status, Errc::idempotency_mismatch);
}

TEST_F(IdempotencyTest, ExpiresOldEntriesAtMostOnceAMinute) {
  SteppedEngine engine(names.catalogue, log);
  const WallTime start = SteppedEngine::clock;
  engine.run(*keyed(1, 1));
  const std::string first_bound = log.idempotency_expired_before();
  EXPECT_EQ(first_bound.substr(0, 9), idempotency_log_bound(start - 24 * kHour));
  SteppedEngine::clock += 30'000'000'000;
  engine.run(*keyed(2, 1));
  EXPECT_EQ(log.idempotency_expired_before(), first_bound);
  SteppedEngine::clock += 25 * kHour;
  engine.run(*keyed(3, 1));
  EXPECT_EQ(log.idempotency_expired_before(), idempotency_log_bound(SteppedEngine::clock - 24 * kHour));
  std::vector<IdempotencyEntry> left;
  Catalogue reopened;
  ASSERT_TRUE(log.load(reopened, {}, left).ok());
  EXPECT_EQ(left.size(), 1u);
  SteppedEngine::clock = start;
}

TEST_F(IdempotencyTest, AClockThatIsSetForwardForgetsNoAnswer) {
  SteppedEngine engine(names.catalogue, log);
  engine.run(*keyed(1, 1));
  SteppedEngine::set_forward = 48 * kHour;
  engine.run(*keyed(2, 1));
  const auto again = keyed(1, 1);
  engine.run(*again);
  EXPECT_TRUE(again->batch.replayed);
  SteppedEngine::clock += 2 * 60'000'000'000;  // The next expiry is due.
  engine.run(*keyed(3, 1));
  std::vector<IdempotencyEntry> left;
  Catalogue reopened;
  ASSERT_TRUE(log.load(reopened, {}, left).ok());
  EXPECT_EQ(left.size(), 3u);
  SteppedEngine::clock -= 2 * 60'000'000'000;
  SteppedEngine::set_forward = 0;
}

}  // namespace
}  // namespace sluice
