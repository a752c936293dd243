#include "store/store.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/test_support.h"

namespace sluice {
namespace {

using store_test::BlockSpec;
using store_test::make_group;
using store_test::OpenStore;
using store_test::RowSpec;
using store_test::small_options;
using store_test::TempDir;
using store_test::trace;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Position> positions(const std::vector<PostingHit>& hits) {
  std::vector<Position> out;
  for (const PostingHit& hit : hits) out.push_back(hit.at);
  return out;
}

BlockSpec rows(std::size_t count, const std::string& source, AnnotatorNumber annotator = 1) {
  return BlockSpec(count, RowSpec{.source = source, .annotator = annotator});
}

TEST(StoreTest, ReadsBackWhatItAppended) {
  const TempDir temp;
  OpenStore open(temp.data());
  EXPECT_EQ(open.store->log().tail().last_block, 0u);
  ASSERT_EQ(open.append({{{.source = "a"}, {.source = "b"}}, {{.source = "a"}}}), Durability::durable);
  const auto view = open.store->reader().view();
  EXPECT_EQ(view->last_block(), 2u);
  EXPECT_THAT(positions(open.by_source(*view, "a")), ElementsAre(Position{1, 0}, Position{2, 0}));
  EXPECT_THAT(positions(open.by_source(*view, "b")), ElementsAre(Position{1, 1}));
  EXPECT_THAT(open.by_source(*view, "c"), IsEmpty());
  EXPECT_THAT(open.by_source(*view, "a", 2), IsEmpty()) << "another workspace's source is another source";
  EXPECT_TRUE(open.holds(*view, {1, 1}, "b"));
  EXPECT_EQ(open.store->log().tail().last_commit_sequence, 1u);
}

TEST(StoreTest, AnOlderViewDoesNotChange) {
  const TempDir temp;
  OpenStore open(temp.data());
  ASSERT_EQ(open.append({rows(1, "a")}), Durability::durable);
  const auto before = open.store->reader().view();
  ASSERT_EQ(open.append({rows(1, "a")}), Durability::durable);
  EXPECT_THAT(open.by_source(*before, "a"), SizeIs(1));
  EXPECT_EQ(before->block(2).error().code, Errc::not_found);
  EXPECT_EQ(before->block(0).error().code, Errc::not_found);
  EXPECT_THAT(open.by_source("a"), SizeIs(2));
}

TEST(StoreTest, FindsARowByItsParentToo) {
  const TempDir temp;
  OpenStore open(temp.data());
  ASSERT_EQ(open.append({{{.source = "child", .parent = "session"}}}), Durability::durable);
  std::vector<PostingHit> hits;
  for (const bool indexed : {false, true}) {
    if (indexed) {
      ASSERT_TRUE(open.store->settle(30));
    }
    const SourceRef parent{SourceSpelling::session, {}, "session"};
    ASSERT_TRUE(open.store->reader().view()->by_source(source_hash(open.keys, 1, parent), SourceRows::both, hits));
    ASSERT_THAT(hits, SizeIs(1));
    EXPECT_TRUE(hits[0].parent);
    ASSERT_THAT(open.by_source("child"), SizeIs(1));
    EXPECT_FALSE(open.by_source("child")[0].parent);
  }
}

TEST(StoreTest, FindsRowsInMemoryAndInTheIndexOnceEach) {
  const TempDir temp;
  OpenStore open(temp.data());
  ASSERT_EQ(open.append({{{.source = "a", .client_id = "x"}, {.source = "a"}}}), Durability::durable);
  ASSERT_TRUE(open.store->settle(30));
  EXPECT_EQ(open.store->metrics().hot_rows, 0u);
  EXPECT_EQ(open.store->metrics().indexed_block, 1u);
  ASSERT_EQ(open.append({{{.source = "a"}, {.source = "a", .client_id = "x"}}}), Durability::durable);
  const auto view = open.store->reader().view();
  EXPECT_THAT(positions(open.by_source(*view, "a")),
              ElementsAre(Position{1, 0}, Position{1, 1}, Position{2, 0}, Position{2, 1}));
  std::vector<PostingHit> hits;
  ASSERT_TRUE(view->by_client_id(client_id_hash(open.keys, 1, "x"), hits));
  EXPECT_THAT(positions(hits), ElementsAre(Position{1, 0}, Position{2, 1}));
  ASSERT_TRUE(open.store->settle(30));
  EXPECT_THAT(open.by_source("a"), SizeIs(4));
  EXPECT_THAT(open.by_source(*view, "a"), SizeIs(4)) << "a view pinned before the segment was dropped";
}

TEST(StoreTest, ListsAnOwnersRowsNewestFirstInPagesAcrossMemoryAndIndex) {
  const TempDir temp;
  OpenStore open(temp.data());
  std::vector<Position> expected;
  for (std::uint64_t block = 1; block <= 40; ++block) {
    BlockSpec spec;
    for (std::uint16_t slot = 0; slot < 7; ++slot) {
      const AnnotatorNumber annotator = (block + slot) % 3 == 0 ? 5u : 6u;
      spec.push_back({.source = "s" + std::to_string(slot), .annotator = annotator});
      if (annotator == 5) expected.push_back({block, slot});
    }
    ASSERT_EQ(open.append({spec}), Durability::durable);
    if (block == 13 || block == 26) {
      ASSERT_TRUE(open.store->settle(30));
    }
  }
  std::reverse(expected.begin(), expected.end());
  for (const std::size_t limit : {std::size_t{1}, std::size_t{4}, std::size_t{1000}}) {
    const auto view = open.store->reader().view();
    std::vector<Position> all;
    std::vector<Position> page;
    Position before{};
    do {
      ASSERT_TRUE(view->by_annotator(5, before, limit, page));
      all.insert(all.end(), page.begin(), page.end());
      if (!page.empty()) before = page.back();
    } while (page.size() == limit);
    EXPECT_EQ(all, expected) << "limit " << limit;
  }
  std::vector<Position> page;
  ASSERT_TRUE(open.store->reader().view()->by_workspace(1, {}, 10'000, page));
  EXPECT_THAT(page, SizeIs(40 * 7));
  ASSERT_TRUE(open.store->reader().view()->by_annotator(7, {}, 10, page));
  EXPECT_THAT(page, IsEmpty());
}

TEST(StoreTest, AMemoryViewAnswersWhatMemoryHoldsAndOwnsUpToTheRest) {
  const TempDir temp;
  {
    OpenStore open(temp.data());
    ASSERT_EQ(open.append({rows(1, "a")}), Durability::durable);
    const auto hot = open.store->reader().memory_view();
    EXPECT_THAT(open.by_source(*hot, "a"), SizeIs(1));
    EXPECT_TRUE(open.holds(*hot, {1, 0}, "a"));
    EXPECT_FALSE(hot->missed());
    ASSERT_TRUE(open.store->settle(30));
  }
  OpenStore open(temp.data());
  const std::uint64_t hash = source_hash(open.keys, 1, trace("a"));
  std::vector<PostingHit> hits;
  const auto cold = open.store->reader().memory_view();
  EXPECT_FALSE(cold->block(1));
  EXPECT_TRUE(cold->missed());
  const auto index_cold = open.store->reader().memory_view();
  const bool found = index_cold->by_source(hash, SourceRows::both, hits).ok();
  EXPECT_EQ(found, !index_cold->missed());
  EXPECT_TRUE(open.holds(*open.store->reader().view(), {1, 0}, "a"));
  EXPECT_THAT(open.by_source("a"), SizeIs(1));
  EXPECT_THAT(open.by_source("b"), IsEmpty());
  const auto warm = open.store->reader().memory_view();
  EXPECT_THAT(open.by_source(*warm, "a"), SizeIs(1));
  EXPECT_THAT(open.by_source(*warm, "b"), IsEmpty());
  EXPECT_TRUE(open.holds(*warm, {1, 0}, "a"));
  EXPECT_FALSE(warm->missed());
}

TEST(StoreTest, ReadersSeeEveryAckedRowWhileSegmentsAreSealed) {
  const TempDir temp;
  OpenStore open(temp.data());
  constexpr int kGroups = 400;
  constexpr std::size_t kRows = 32;
  std::atomic<int> acked{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      for (int seen = 0; seen < kGroups;) {
        seen = acked.load(std::memory_order_acquire);
        const auto view = open.store->reader().view();
        const auto hits = open.by_source(*view, "shared");
        const std::size_t visible = view->last_block();
        if (hits.size() != visible || visible < static_cast<std::size_t>(seen)) wrong.fetch_add(1);
        for (std::size_t at = 0; at < hits.size(); ++at) {
          if (hits[at].at != Position{at + 1, 0}) wrong.fetch_add(1);
        }
        std::vector<Position> page;
        if (!view->by_annotator(1, {}, 40, page) || page.size() != std::min<std::size_t>(40, visible * kRows)) {
          wrong.fetch_add(1);
        }
        if (!hits.empty() && !open.holds(*view, hits[hits.size() / 2].at, "shared")) wrong.fetch_add(1);
      }
    });
  }
  for (int group = 0; group < kGroups; ++group) {
    BlockSpec spec = rows(1, "shared");
    for (std::size_t row = 1; row < kRows; ++row) spec.push_back({.source = std::to_string(group * 100 + int(row))});
    if (open.append({spec}) != Durability::durable) wrong.fetch_add(1000);
    acked.store(group + 1, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
  ASSERT_TRUE(open.store->settle(30));
  EXPECT_GE(open.store->metrics().segments_ingested, 10u);
  EXPECT_THAT(open.by_source("shared"), SizeIs(kGroups));
}

TEST(StoreTest, RefusesWithoutATraceWhenTheDiskIsAlmostFull) {
  const TempDir temp;
  StoreOptions options = small_options();
  options.disk_reserve_bytes = std::uint64_t{1} << 60;
  OpenStore open(temp.data(), options);
  EXPECT_TRUE(open.store->log().disk_full());
  EXPECT_EQ(open.append({rows(1, "a")}), Durability::refused);
  EXPECT_THAT(open.by_source("a"), IsEmpty());
  EXPECT_EQ(open.store->log().tail().last_block, 0u);
}

TEST(StoreTest, RefusesWhenTheHotIndexIsFullAndRecovers) {
  const TempDir temp;
  StoreOptions options = small_options();
  options.hot_rows = 100;
  options.segment_rows = 50;
  OpenStore open(temp.data(), options);
  EXPECT_EQ(open.store->log().pressure(), 0.0);
  ASSERT_EQ(open.append({rows(49, "a")}), Durability::durable);
  EXPECT_NEAR(open.store->log().pressure(), 0.49 / (15.0 / 16), 0.001);
  // Over the cap together with what is there, although no segment is full yet.
  EXPECT_EQ(open.append({rows(60, "a")}), Durability::refused);
  ASSERT_TRUE(open.store->settle(30));
  EXPECT_EQ(open.append({rows(60, "a")}), Durability::durable);
  ASSERT_TRUE(open.store->settle(30));
  EXPECT_THAT(open.by_source("a"), SizeIs(109));
}

TEST(StoreTest, AGroupWithoutBlocksStillCounts) {
  const TempDir temp;
  {
    OpenStore open(temp.data());
    ASSERT_EQ(open.append({}), Durability::durable);
    ASSERT_EQ(open.append({rows(1, "a")}), Durability::durable);
    ASSERT_EQ(open.append({}), Durability::durable);
  }
  const OpenStore open(temp.data());
  EXPECT_EQ(open.store->log().tail().last_commit_sequence, 3u);
  EXPECT_EQ(open.store->log().tail().last_block, 1u);
  EXPECT_EQ(open.store->log().tail().last_inserted_at, 3000);
}

TEST(StoreTest, KeepsTheCatalogueAndDropsExpiredIdempotencyEntries) {
  const TempDir temp;
  const auto entry = [](WallTime at, char name) {
    IdempotencyEntry made;
    made.key = "i";
    put_u64_be(made.key, static_cast<std::uint64_t>(at));
    made.key += std::string(16, name);
    made.value = std::string("answer ") + name;
    return made;
  };
  {
    OpenStore open(temp.data());
    Catalogue catalogue;
    CreateKey change;
    change.workspace_name = "w";
    change.key_id = "key-1";
    change.annotator_name = "ann";
    change.scopes = 1;
    ASSERT_TRUE(catalogue.apply(change, 1));
    Group group = make_group(open.keys, open.store->log().tail(), {});
    catalogue.drain(group.catalogue);
    group.idempotency = {entry(100, 'a'), entry(200, 'b'), entry(300, 'c')};
    ASSERT_EQ(open.store->log().append(group), Durability::durable);
    Group expiry = make_group(open.keys, open.store->log().tail(), {});
    expiry.idempotency_expired_before = entry(150, '\0').key;
    expiry.idempotency = {entry(400, 'd')};
    ASSERT_EQ(open.store->log().append(expiry), Durability::durable);
  }
  const OpenStore open(temp.data());
  for (const auto& [since, first] : {std::pair<WallTime, char>{0, 'b'}, {250, 'c'}}) {
    Catalogue catalogue;
    std::vector<IdempotencyEntry> idempotency;
    ASSERT_TRUE(open.store->log().load(catalogue, {since}, idempotency));
    ASSERT_NE(catalogue.snapshot()->key("key-1"), nullptr);
    EXPECT_NE(catalogue.snapshot()->workspace_by_name("w"), nullptr);
    ASSERT_FALSE(idempotency.empty());
    EXPECT_EQ(idempotency.front().value, std::string("answer ") + first);
    EXPECT_EQ(idempotency.back().value, "answer d");
  }
}

TEST(StoreTest, TheRunsOfTheIndexAreCounted) {
  const TempDir temp;
  StoreOptions options = small_options();
  options.segment_rows = 64;
  OpenStore open(temp.data(), options);
  EXPECT_EQ(open.store->metrics().level0_files, 0u);
  for (std::uint64_t run = 1; run <= 5; ++run) {  // Merged from 24 on.
    ASSERT_EQ(open.append({rows(64, "a")}), Durability::durable);
    ASSERT_TRUE(open.store->settle(30));
    EXPECT_EQ(open.store->metrics().level0_files, run);
  }
}

TEST(StoreTest, FindsWhatIsInOneOfManyUnmergedSegments) {
  const TempDir temp;
  StoreOptions options = small_options();
  options.segment_rows = 64;
  OpenStore open(temp.data(), options);
  constexpr std::uint64_t kSegments = 20;  // Merged from 24 on.
  const auto id = [](std::uint64_t segment, int row) { return std::to_string(segment) + "-" + std::to_string(row); };
  for (std::uint64_t segment = 1; segment <= kSegments; ++segment) {
    BlockSpec spec;
    for (int row = 0; row < 64; ++row) spec.push_back({.source = id(segment, row), .client_id = id(segment, row)});
    ASSERT_EQ(open.append({spec}), Durability::durable);
    ASSERT_TRUE(open.store->settle(30));
  }
  ASSERT_EQ(open.store->metrics().level0_files, kSegments);
  const auto view = open.store->reader().view();
  for (std::uint64_t segment = 1; segment <= kSegments; ++segment) {
    for (int row = 0; row < 64; ++row) {
      const auto hits = open.by_source(*view, id(segment, row));
      ASSERT_EQ(hits.size(), 1u);
      EXPECT_EQ(hits[0].at.block, segment);
      std::vector<PostingHit> by_client;
      ASSERT_TRUE(view->by_client_id(client_id_hash(open.keys, 1, id(segment, row)), by_client).ok());
      ASSERT_EQ(by_client.size(), 1u);
      EXPECT_EQ(by_client[0].at, hits[0].at);
    }
    EXPECT_TRUE(open.by_source(*view, id(segment, 64)).empty());
  }
}

TEST(StoreTest, ServesAllRowsFromTheIndexAfterManySegments) {
  const TempDir temp;
  StoreOptions options = small_options();
  options.segment_rows = 64;
  OpenStore open(temp.data(), options);
  constexpr std::uint64_t kBlocks = 60;
  for (std::uint64_t block = 1; block <= kBlocks; ++block) {
    BlockSpec spec;
    for (int row = 0; row < 64; ++row) spec.push_back({.source = "s" + std::to_string((row * 7 + int(block)) % 100)});
    ASSERT_EQ(open.append({spec}), Durability::durable);
  }
  ASSERT_TRUE(open.store->settle(60));
  EXPECT_EQ(open.store->metrics().indexed_block, kBlocks);
  std::size_t found = 0;
  const auto view = open.store->reader().view();
  for (int source = 0; source < 100; ++source) {
    const std::string id = "s" + std::to_string(source);
    const auto hits = open.by_source(*view, id);
    EXPECT_TRUE(std::is_sorted(hits.begin(), hits.end(), [](auto& a, auto& b) { return a.at < b.at; }));
    for (const PostingHit& hit : hits) EXPECT_TRUE(open.holds(*view, hit.at, id));
    found += hits.size();
  }
  EXPECT_EQ(found, kBlocks * 64);
}

TEST(StoreTest, ASegmentsSortKeepsEveryPostingOfHotAndRareSources) {
  const TempDir temp;
  StoreOptions options = small_options();
  options.segment_rows = 50'000;
  OpenStore open(temp.data(), options);
  constexpr std::uint64_t kBlocks = 300;
  const auto rare = [](std::uint64_t number) { return "rare" + std::to_string(number % 3001); };
  for (std::uint64_t block = 1; block <= kBlocks; ++block) {
    BlockSpec spec;
    for (std::uint64_t row = 0; row < 100; ++row) {
      spec.push_back({.source = row % 2 == 0 ? "hot" : rare(block * 100 + row), .parent = row % 4 == 1 ? "hot" : ""});
    }
    ASSERT_EQ(open.append({spec}), Durability::durable);
  }
  const auto all_hits = [&] {
    std::vector<std::vector<PostingHit>> all;
    const auto view = open.store->reader().view();
    all.push_back(open.by_source(*view, "hot"));
    all.emplace_back();
    const std::uint64_t parent = source_hash(open.keys, 1, SourceRef{SourceSpelling::session, {}, "hot"});
    EXPECT_TRUE(view->by_source(parent, SourceRows::both, all.back()));
    for (std::uint64_t number = 0; number < 3001; ++number) all.push_back(open.by_source(*view, rare(number)));
    return all;
  };
  const auto hot = all_hits();
  EXPECT_THAT(hot[0], SizeIs(kBlocks * 50)) << "more than one key holds";
  EXPECT_THAT(hot[1], SizeIs(kBlocks * 25));
  ASSERT_TRUE(open.store->settle(60));
  ASSERT_EQ(open.store->metrics().hot_rows, 0u);
  const auto indexed = all_hits();
  ASSERT_EQ(indexed.size(), hot.size());
  for (std::size_t source = 0; source < hot.size(); ++source) {
    ASSERT_EQ(indexed[source].size(), hot[source].size()) << source;
    for (std::size_t at = 0; at < hot[source].size(); ++at) {
      EXPECT_EQ(indexed[source][at].at, hot[source][at].at);
      EXPECT_EQ(indexed[source][at].parent, hot[source][at].parent);
    }
  }
}

}  // namespace
}  // namespace sluice
