#include "store/internal/segment_filter.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include "engine/base/bytes.h"
#include "store/internal/options.h"
#include "store/test_support.h"

namespace sluice {
namespace {

std::vector<std::uint64_t> some_hashes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> hashes(count);
  for (std::uint64_t& hash : hashes) hash = random();
  return hashes;
}

TEST(SegmentFilterTest, HoldsAllThatItWasMadeOfAndFewOthers) {
  for (const std::size_t count : {1u, 7u, 42u, 43u, 1000u, 100'000u}) {
    const std::vector<std::uint64_t> hashes = some_hashes(count, count);
    const std::string filter = make_hash_filter(hashes);
    EXPECT_LE(filter.size(), 64 + count * 3 / 2);
    for (const std::uint64_t hash : hashes) ASSERT_TRUE(filter_may_hold(filter, hash)) << count;
    std::size_t passed = 0;
    for (const std::uint64_t other : some_hashes(50'000, 9)) passed += filter_may_hold(filter, other) ? 1 : 0;
    EXPECT_LE(passed, 500u) << count;  // 0.43 % of them, and some more where lines are few.
  }
}

TEST(SegmentFilterTest, TheEndsOfTheRangeHaveALineToo) {
  const std::uint64_t ends[] = {0, ~std::uint64_t{0}};
  const std::string filter = make_hash_filter(ends);
  EXPECT_TRUE(filter_may_hold(filter, ends[0]));
  EXPECT_TRUE(filter_may_hold(filter, ends[1]));
}

TEST(SegmentFilterTest, OfNothingHoldsNothing) {
  const std::string filter = make_hash_filter({});
  EXPECT_FALSE(filter_may_hold(filter, 1));
}

TEST(SegmentFilterTest, WhatIsNoFilterRulesNothingOut) {
  EXPECT_TRUE(filter_may_hold("", 1));
  EXPECT_TRUE(filter_may_hold(std::string(63, '\0'), 1));
  EXPECT_TRUE(filter_may_hold(std::string(65, '\0'), 1));
  EXPECT_TRUE(table_may_hold(rocksdb::TableProperties(), 1));
}

/// The properties of a table with two keys of each hash.
std::shared_ptr<const rocksdb::TableProperties> write_table(const rocksdb::Options& options, const std::string& path,
                                                            std::vector<std::uint64_t> hashes) {
  std::sort(hashes.begin(), hashes.end());
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(options), options);
  EXPECT_TRUE(writer.Open(path).ok());
  for (const std::uint64_t hash : hashes) {
    for (const std::uint64_t block : {1u, 2u}) {
      std::string key;
      put_u64_be(key, hash);
      put_u64_be(key, block);
      EXPECT_TRUE(writer.Put(key, "value").ok());
    }
  }
  EXPECT_TRUE(writer.Finish().ok());
  rocksdb::SstFileReader reader(options);
  EXPECT_TRUE(reader.Open(path).ok());
  return reader.GetTableProperties();
}

TEST(SegmentFilterTest, ASegmentsTableHasItInPlaceOfRocksDbs) {
  const store_test::TempDir temp;
  const rocksdb::Options family(rocksdb::DBOptions(), hashed_family_options(rocksdb::NewLRUCache(1 << 20)));
  const std::vector<std::uint64_t> hashes = some_hashes(5000, 1);
  const auto merged = write_table(family, temp.path() + "/merged.sst", hashes);
  const auto segment = write_table(hashed_segment_options(family), temp.path() + "/segment.sst", hashes);
  EXPECT_GT(merged->filter_size, 0u);
  EXPECT_EQ(segment->filter_size, 0u);
  std::size_t passed = 0;
  for (const std::uint64_t hash : hashes) ASSERT_TRUE(table_may_hold(*segment, hash));
  for (const std::uint64_t other : some_hashes(5000, 2)) {
    EXPECT_TRUE(table_may_hold(*merged, other)) << "RocksDB's filter is asked instead";
    passed += table_may_hold(*segment, other) ? 1 : 0;
  }
  EXPECT_LE(passed, 50u);
}

}  // namespace
}  // namespace sluice
