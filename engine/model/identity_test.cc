#include <set>

#include <gtest/gtest.h>

#include "engine/model/row.h"
#include "engine/model/row_samples.h"

namespace sluice {
namespace {

const KeyedHash kKeys(samples::kHashKey);
constexpr SourceRef kTrace{SourceSpelling::trace, {}, "t"};

[[nodiscard]] Uuid id_of(const IdentityKey& key) {
  return score_id(kKeys, source_hash(kKeys, key.workspace, key.source), key);
}

[[nodiscard]] IdentityKey key_of(IdentityKind kind) {
  IdentityKey key;
  key.kind = kind;
  key.workspace = 1;
  key.source = kTrace;
  return key;
}

TEST(IdentityTest, ARecordAndItsRowHaveTheSameIdentity) {
  BlockBuilder builder(kKeys);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    samples::Maker maker(seed);
    const samples::Sample sample = maker.sample();
    builder.add(sample.record, sample.value, sample.context);
    std::string bytes;
    BlockPostings postings;
    builder.finish(bytes, postings);
    seal_block(bytes, 1, 9);
    Row row;
    RowScratch scratch;
    ASSERT_TRUE(BlockView::open(bytes)->row(0, row, scratch).ok());
    const Position own{9, 0};
    const IdentityKey of_record = identity_of(sample.record, sample.context, own, 2);
    const IdentityKey of_row = identity_of(row, own, 2);
    EXPECT_TRUE(of_record == of_row) << seed;
    EXPECT_EQ(id_of(of_record), id_of(of_row)) << seed;
  }
}

TEST(IdentityTest, PatchAndEraseNameTheScoreTheyTarget) {
  const RowContext context{1, 2, DialectCode::native, 3, {}};
  const Hash128 idempotency{5, 6};
  for (const IdentityKind kind :
       {IdentityKind::positional, IdentityKind::client_id, IdentityKind::natural, IdentityKind::idempotency}) {
    ScoreRecord set;
    set.source = kTrace;
    set.identity = kind == IdentityKind::idempotency ? IdentityKind::positional : kind;
    set.client_id = kind == IdentityKind::client_id ? "mine" : "";
    set.queue_item = "q";
    set.item = 4;
    RowContext set_context = context;
    if (kind == IdentityKind::idempotency) set_context.idempotency = idempotency;
    const IdentityKey target = identity_of(set, set_context, {7, 8}, 1);
    EXPECT_EQ(target.kind, kind);

    for (const EventKind event : {EventKind::patch, EventKind::erase}) {
      ScoreRecord change = set;
      change.kind = event;
      change.item = 0;
      change.target = {kind, {7, 8}, 1, idempotency, 4};
      const IdentityKey named = identity_of(change, context, {100, 0}, 99);
      EXPECT_TRUE(named == target);
      EXPECT_EQ(id_of(named), id_of(target));
      change.target.origin.slot = 9;
      change.target.generation = 0;
      change.target.item = 5;
      const bool still = kind == IdentityKind::client_id;  // Named by the client id alone.
      EXPECT_EQ(identity_of(change, context, {100, 0}, 99) == target, still);
    }
  }
}

TEST(IdentityTest, EveryFieldOfAnIdentityCounts) {
  std::vector<IdentityKey> keys;
  const auto add = [&](IdentityKind kind, auto change) {
    IdentityKey key = key_of(kind);
    change(key);
    keys.push_back(key);
  };
  using enum IdentityKind;
  add(positional, [](IdentityKey& k) { k.origin = {1, 2}; });
  add(positional, [](IdentityKey& k) { k.origin = {1, 3}; });
  add(positional, [](IdentityKey& k) { k.origin = {2, 2}; });
  add(client_id, [](IdentityKey& k) { k.client_id = "a"; });
  add(client_id, [](IdentityKey& k) { k.client_id = "b"; });
  add(client_id, [](IdentityKey& k) {
    k.client_id = "a";
    k.workspace = 2;
  });
  add(client_id, [](IdentityKey& k) {
    k.client_id = "a";
    k.parent_id = "p";
  });
  add(client_id, [](IdentityKey& k) {
    k.client_id = "a";
    k.source = {SourceSpelling::span, {}, "t"};
  });
  add(natural, [](IdentityKey& k) { k.label = 1; });
  add(natural, [](IdentityKey& k) { k.annotator = 1; });
  add(natural, [](IdentityKey& k) { k.generation = 1; });
  add(natural, [](IdentityKey& k) { k.queue_item = "q"; });
  add(natural, [](IdentityKey&) {});
  add(idempotency, [](IdentityKey& k) { k.idempotency = {1, 0}; });
  add(idempotency, [](IdentityKey& k) { k.idempotency = {0, 1}; });
  add(idempotency, [](IdentityKey& k) { k.item = 1; });
  std::set<Uuid> ids;
  for (std::size_t a = 0; a < keys.size(); ++a) {
    ids.insert(id_of(keys[a]));
    for (std::size_t b = 0; b < keys.size(); ++b) EXPECT_EQ(keys[a] == keys[b], a == b) << a << " " << b;
  }
  EXPECT_EQ(ids.size(), keys.size());
}

TEST(IdentityTest, OtherFieldsOfAnIdentityDoNot) {
  IdentityKey a = key_of(IdentityKind::client_id);
  a.client_id = "mine";
  IdentityKey b = a;
  b.label = 4;
  b.annotator = 5;
  b.queue_item = "q";
  b.generation = 6;
  b.origin = {7, 8};
  EXPECT_TRUE(a == b);
  EXPECT_EQ(id_of(a), id_of(b));
  b = a;
  a.source = {SourceSpelling::span, {}, "t"};
  b.source = {SourceSpelling::generation, {}, "t"};
  EXPECT_TRUE(a == b);
  EXPECT_EQ(id_of(a), id_of(b));
}

TEST(ScoreIdTest, IsAUuidOfVersionEightThatKeepsTheSourceHash) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t hash = random();
    IdentityKey key = key_of(IdentityKind::positional);
    key.origin = {random(), 5};
    const Uuid id = score_id(kKeys, hash, key);
    EXPECT_EQ(to_text(id)[14], '8');
    EXPECT_EQ(id.bytes[8] >> 6, 2);
    EXPECT_EQ(source_hash_of(id), hash);
  }
}

TEST(ScoreIdTest, OtherUuidsAreNotOurs) {
  EXPECT_EQ(source_hash_of(random_uuid()), std::nullopt);  // Version 4.
  EXPECT_EQ(source_hash_of(Uuid{}), std::nullopt);
  Uuid wrong_variant = score_id(kKeys, 1, key_of(IdentityKind::natural));
  wrong_variant.bytes[8] = static_cast<std::uint8_t>(wrong_variant.bytes[8] | 0x40);
  EXPECT_EQ(source_hash_of(wrong_variant), std::nullopt);
}

}  // namespace
}  // namespace sluice
