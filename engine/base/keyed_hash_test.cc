#include "engine/base/keyed_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice {
namespace {

KeyedHash::Key counting_key() {
  KeyedHash::Key key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  return key;
}

TEST(KeyedHashTest, IsSipHash13OfPrefixAndBytes) {
  // The zero key's column is what CPython 3.11 (siphash13) answers with PYTHONHASHSEED=0 for the prefix's eight bytes
  // and then the bytes 8, 9, 10, …; the other column is the reference algorithm's, checked against the first.
  const struct {
    std::uint64_t prefix;
    std::size_t size;
    std::uint64_t zero_key;
    std::uint64_t counting_key;
  } kCases[] = {
      {0x0000000000000000, 0, 0xbd60acb658c79e45, 0x5cb96f6ba2a4fcfc},
      {0x0000000000000001, 0, 0x1e9f734161d62dd9, 0x32c5ea5ce472f19b},
      {0x0706050403020100, 1, 0x75927f9d95124362, 0x25a48eb36c063de4},
      {0x0706050403020100, 7, 0xf30eb725bb91c9ea, 0xd320d86d2a519956},
      {0x0706050403020100, 8, 0x8972188433a5c5b7, 0xcc4fdd1a7d908b66},
      {0x0706050403020100, 9, 0x4883c49a2c009c1d, 0x9cf2689063dbd80c},
      {0x0706050403020100, 55, 0x385d3e39e5f37359, 0x9d199062b7bbb3a8},
      {0xffffffffffffffff, 300, 0x12fa1a0ff90dc10d, 0x462635fc08c823bd},
  };
  for (const auto& c : kCases) {
    std::string bytes;
    for (std::size_t i = 0; i < c.size; ++i) bytes += static_cast<char>(8 + i);
    EXPECT_EQ(KeyedHash({}).hash(c.prefix, bytes), c.zero_key) << c.size;
    EXPECT_EQ(KeyedHash(counting_key()).hash(c.prefix, bytes), c.counting_key) << c.size;
  }
}

TEST(KeyedHashTest, TheHalvesOf128BitsAreIndependent) {
  const KeyedHash keys(counting_key());
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::string bytes = std::to_string(i);
    const Hash128 hash = keys.hash128(7, bytes);
    seen.insert({hash.high, hash.low, keys.hash(7, bytes)});
    EXPECT_EQ(keys.hash128(7, bytes), hash);
  }
  EXPECT_EQ(seen.size(), 3000u);
}

TEST(KeyedHashTest, KeyPrefixAndBytesAllMatter) {
  const KeyedHash keys(counting_key());
  const KeyedHash other(KeyedHash::Key{});
  EXPECT_NE(keys.hash(1, "a"), keys.hash(2, "a"));
  EXPECT_NE(keys.hash(1, "a"), keys.hash(1, "b"));
  EXPECT_NE(keys.hash(1, "a"), keys.hash(1, std::string_view("a\0", 2)));
  EXPECT_NE(keys.hash(1, "a"), other.hash(1, "a"));
  EXPECT_NE(keys.hash128(1, "a"), keys.hash128(2, "a"));
  EXPECT_NE(keys.hash128(1, "a"), other.hash128(1, "a"));
}

}  // namespace
}  // namespace sluice
