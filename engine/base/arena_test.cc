#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "engine/base/arena.h"

namespace sluice {
namespace {

TEST(ArenaTest, WhatItHandsOutStaysWhole) {
  Arena arena;
  std::vector<std::string> expected;
  std::vector<std::string_view> copies;
  for (std::size_t i = 0; i < 2000; ++i) {
    expected.push_back(std::string(i * 7 % 3000, static_cast<char>('a' + i % 26)));
    copies.push_back(arena.copy(expected.back()));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(copies[i], expected[i]);
}

TEST(ArenaTest, EveryAllocationIsAlignedTo16) {
  Arena arena;
  for (const std::size_t size : {1u, 15u, 16u, 17u, 40'000u, 3u, 1'000'000u, 5u})
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(size)) % 16, 0u) << size;
}

TEST(ArenaTest, AfterResetTheFirstChunkIsUsedAgain) {
  Arena arena;
  char* const first = arena.allocate(100);
  for (int i = 0; i < 100; ++i) static_cast<void>(arena.allocate(10'000));
  arena.reset();
  EXPECT_EQ(arena.allocate(100), first);
}

TEST(ArenaTest, AHugeFirstAllocationIsNotKept) {
  Arena arena;
  char* const huge = arena.allocate(1u << 20);
  huge[(1u << 20) - 1] = 'x';
  arena.reset();
  EXPECT_NE(arena.allocate(16), huge);
}

TEST(ArenaTest, CopiesLists) {
  Arena arena;
  const std::array<std::string_view, 3> items = {"a", "", "ccc"};
  const std::span<std::string_view> copy = arena.copy(std::span<const std::string_view>(items));
  EXPECT_EQ(std::vector(copy.begin(), copy.end()), std::vector(items.begin(), items.end()));
  EXPECT_NE(copy.data(), items.data());
  EXPECT_TRUE(arena.copy(std::span<const std::string_view>()).empty());
  EXPECT_TRUE(arena.copy(std::string_view()).empty());
}

}  // namespace
}  // namespace sluice
