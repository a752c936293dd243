#include "store/internal/pacer.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::uint64_t rests_in_20_ms(Pacer& pacer) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  while (std::chrono::steady_clock::now() < end) pacer.rest();
  return pacer.rests();
}

TEST(PacerTest, RestsAfterEverySlice) {
  BackgroundBudget budget(2);
  Pacer pacer(budget);
  EXPECT_GE(rests_in_20_ms(pacer), 2u);
}

TEST(PacerTest, DoesNotRestInAHurry) {
  BackgroundBudget budget(2);
  Pacer pacer(budget);
  pacer.hurry(true);
  EXPECT_EQ(rests_in_20_ms(pacer), 0u);
}

TEST(PacerTest, WorkInAHurryIsPaidForByTheOthers) {
  BackgroundBudget budget(2);
  Pacer pacer(budget);
  pacer.hurry(true);
  (void)rests_in_20_ms(pacer);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_GE(budget.spend(std::chrono::milliseconds(1), now), now + std::chrono::milliseconds(2));
}

}  // namespace
}  // namespace sluice
