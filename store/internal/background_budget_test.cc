#include "store/internal/background_budget.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;
constexpr BackgroundBudget::Clock::time_point kNow{1h};

TEST(BackgroundBudgetTest, OneOfTwoProcessorsRestsAsLongAsItWorks) {
  BackgroundBudget budget(2);
  EXPECT_EQ(budget.spend(1ms, kNow), kNow + 1ms);
  EXPECT_EQ(budget.spend(1ms, kNow + 2ms), kNow + 3ms);
}

TEST(BackgroundBudgetTest, WorkSideBySideIsPaidForTogether) {
  BackgroundBudget budget(2);
  EXPECT_EQ(budget.spend(1ms, kNow), kNow + 1ms);
  EXPECT_EQ(budget.spend(1ms, kNow), kNow + 3ms);
  EXPECT_EQ(budget.spend(2ms, kNow), kNow + 7ms);
}

TEST(BackgroundBudgetTest, FourProcessorsHaveOneToGive) {
  BackgroundBudget budget(4);
  EXPECT_EQ(budget.spend(1ms, kNow), kNow) << "one thread never rests";
  EXPECT_EQ(budget.spend(1ms, kNow), kNow + 1ms) << "the second does";
}

TEST(BackgroundBudgetTest, TimeWithoutWorkIsNotSavedUp) {
  BackgroundBudget budget(2);
  (void)budget.spend(1ms, kNow);
  EXPECT_EQ(budget.spend(5ms, kNow + 10s), kNow + 10s + 5ms);
}

TEST(BackgroundBudgetTest, NobodyRestsLongForTheWorkOfOthers) {
  BackgroundBudget budget(2);
  for (int i = 0; i < 1000; ++i) (void)budget.spend(1ms, kNow);
  EXPECT_EQ(budget.spend(1ms, kNow), kNow + 4ms);
  EXPECT_EQ(budget.spend(100us, kNow), kNow + 400us);
  EXPECT_EQ(budget.spend(1ms, kNow + 30ms), kNow + 31ms) << "what was left of it is forgotten by then";
}

}  // namespace
}  // namespace sluice
