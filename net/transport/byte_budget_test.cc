#include "net/transport/byte_budget.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(ByteBudgetTest, PastHalfAWorkspaceHoldsAtMostAQuarter) {
  struct Case {
    const char* name;
    std::size_t first, second, third;  ///< Held by workspaces 1, 2 and 3.
    std::size_t bytes;                 ///< Asked for by workspace 1.
    bool taken;
  };
  constexpr Case kCases[] = {
      {"alone, to the half", 40, 0, 0, 10, true},
      {"alone, past it", 40, 0, 0, 11, false},
      {"a newcomer past the half", 0, 50, 0, 25, true},
      {"a newcomer past its quarter", 0, 50, 0, 26, false},
      {"one that has its quarter", 25, 30, 0, 1, false},
      {"a third beside two that have theirs", 0, 50, 25, 25, true},
      {"nothing is left", 0, 60, 40, 1, false},
      {"more than all, while nothing is held", 0, 0, 0, 1000, true},
      {"more than all", 1, 0, 0, 1000, false},
  };
  for (const Case& c : kCases) {
    ByteBudget budget(100);
    budget.take(1, c.first);
    budget.take(2, c.second);
    budget.take(3, c.third);
    const std::size_t held = budget.held();
    EXPECT_EQ(budget.try_take(1, c.bytes), c.taken) << c.name;
    EXPECT_EQ(budget.held(), held + (c.taken ? c.bytes : 0)) << c.name;
  }
}

TEST(ByteBudgetTest, APermitGivesBackAllItTook) {
  ByteBudget budget(100);
  {
    BytePermit permit(budget);
    EXPECT_TRUE(permit.try_take(1, 30));
    EXPECT_TRUE(permit.try_take(1, 20));
    EXPECT_FALSE(permit.try_take(1, 1));
    EXPECT_EQ(permit.held(), 50u);
    permit.release();
    EXPECT_EQ(budget.held(), 0u);
    permit.take(2, 500);
    EXPECT_EQ(budget.held(), 500u) << "whatever the limit";
  }
  EXPECT_EQ(budget.held(), 0u);
  EXPECT_TRUE(budget.try_take(1, 50)) << "its own account is empty too";
}

}  // namespace
}  // namespace sluice
