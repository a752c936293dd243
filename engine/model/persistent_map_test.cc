#include "engine/model/persistent_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sluice {
namespace {

using Map = PersistentMap<int>;

[[nodiscard]] std::map<int, int> counted(const Map& map) {
  std::map<int, int> values;
  map.for_each([&](const Map::Pointer& value) { ++values[*value]; });
  return values;
}

TEST(PersistentMapTest, BehavesAsAMapWhateverItsHashes) {
  // Few hashes and few digits, so that values share hashes and hashes share long beginnings.
  std::mt19937_64 random(1);
  Map map;
  std::map<int, std::uint64_t> expected;  // Value → hash.
  for (int round = 0; round < 5000; ++round) {
    const int value = static_cast<int>(random() % 60);
    const std::uint64_t hash = (value % 3 == 0 ? 0xF000'0000'0000'0000u : 0) | static_cast<std::uint64_t>(value % 20);
    const auto is = [&](int other) { return other == value; };
    if (random() % 3 == 0) {
      map.remove(hash, is);
      expected.erase(value);
    } else {
      map.put(hash, is, std::make_shared<const int>(value));
      expected[value] = hash;
    }
    ASSERT_EQ(map.find(hash, is) != nullptr, expected.contains(value)) << round;
  }
  const std::map<int, int> values = counted(map);
  EXPECT_EQ(values.size(), expected.size());
  for (const auto& [value, count] : values) EXPECT_TRUE(count == 1 && expected.contains(value)) << value;
}

TEST(PersistentMapTest, ACopyKeepsWhatItHad) {
  const auto any = [](int) { return true; };
  Map before;
  for (int i = 0; i < 100; ++i) before.put(static_cast<std::uint64_t>(i), any, std::make_shared<const int>(i));
  Map after = before;
  after.put(7, any, std::make_shared<const int>(700));
  after.remove(8, any);
  EXPECT_EQ(**before.find(7, any), 7);
  EXPECT_EQ(**before.find(8, any), 8);
  EXPECT_EQ(**after.find(7, any), 700);
  EXPECT_EQ(after.find(8, any), nullptr);
  EXPECT_EQ(before.find(9, any), after.find(9, any));  // Shared: the very same place.
}

}  // namespace
}  // namespace sluice
