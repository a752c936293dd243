#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

/// What a compiler got wrong with our flags (CMakeLists.txt says which). Not inlined and not analysed, so that the
/// structs are really built in memory.

namespace sluice {
namespace {

struct TwoAndTwo {
  std::size_t a = 1, b = 1, c = 0, d = 0;
};
struct ThreeAndOne {
  std::int64_t a = -5, b = -5, c = -5, d = 0;
};
struct Words {
  std::uint32_t a = 7, b = 7, c = 7, d = 7, e = 0, f = 0, g = 0, h = 0;
};

[[gnu::noipa]] std::size_t sum(TwoAndTwo s) { return s.a + 10 * s.b + 100 * s.c + 1000 * s.d; }
[[gnu::noipa]] std::int64_t sum(ThreeAndOne s) { return s.a + 10 * s.b + 100 * s.c + 1000 * s.d; }
[[gnu::noipa]] std::uint32_t sum(Words s) { return s.a + s.b + s.c + s.d + 100 * (s.e + s.f + s.g + s.h); }

TEST(CompilerTest, AStructOfEqualWordsAndZeroesIsNotFilledWithTheWord) {
  EXPECT_EQ(sum(TwoAndTwo{}), 11u);
  EXPECT_EQ(sum(ThreeAndOne{}), -555);
  EXPECT_EQ(sum(Words{}), 28u);
}

}  // namespace
}  // namespace sluice
