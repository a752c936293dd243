#include "net/transport/free_list.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using List = FreeList<std::unique_ptr<int>>;

TEST(FreeListTest, TheLastGivenIsTheNextTaken) {
  List list(100);
  EXPECT_EQ(list.next(), nullptr);
  list.give(std::make_unique<int>(1), 10);
  list.give(std::make_unique<int>(2), 20);
  ASSERT_NE(list.next(), nullptr);
  EXPECT_EQ(**list.next(), 2);
  EXPECT_EQ(*list.take(), 2);
  EXPECT_EQ(list.bytes(), 10u);
  EXPECT_EQ(*list.take(), 1);
  EXPECT_EQ(list.bytes(), 0u);
  EXPECT_EQ(list.next(), nullptr);
}

TEST(FreeListTest, WhatWouldBeTooMuchIsFreed) {
  List list(100);
  list.give(std::make_unique<int>(1), 60);
  list.give(std::make_unique<int>(2), 41);
  EXPECT_EQ(**list.next(), 1);
  list.give(std::make_unique<int>(3), 40);
  EXPECT_EQ(list.bytes(), 100u);
  list.give(std::make_unique<int>(4), 1);
  EXPECT_EQ(**list.next(), 3);
}

TEST(FreeListTest, WhatABurstLeftGoesAndWhatIsUsedStays) {
  List list(1000);
  for (int i = 0; i < 100; ++i) list.give(std::make_unique<int>(i), 10);
  const auto period = [&list] {
    std::vector<std::unique_ptr<int>> used;
    for (int i = 0; i < 20; ++i) used.push_back(list.take());
    for (std::unique_ptr<int>& one : used) list.give(std::move(one), 10);
    list.trim();
  };
  period();
  EXPECT_EQ(list.bytes(), 1000u) << "all were given in this period";
  period();
  EXPECT_EQ(list.bytes(), 900u) << "an eighth of 80";
  for (int i = 0; i < 60; ++i) period();
  EXPECT_EQ(list.bytes(), 200u) << "the 20 that are used";
  EXPECT_GE(**list.next(), 80) << "the warmest";
  for (int i = 0; i < 60; ++i) list.trim();
  EXPECT_EQ(list.bytes(), 0u);
}

}  // namespace
}  // namespace sluice
