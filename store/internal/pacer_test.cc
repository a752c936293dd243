#include "store/internal/pacer.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::uint64_t pauses_in_20_ms_of_work(const std::atomic<bool>& hurry) {
  Pacer pacer(hurry);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  while (std::chrono::steady_clock::now() < end) pacer.step();
  return pacer.pauses();
}

TEST(PacerTest, PausesAfterEverySlice) {
  const std::atomic<bool> hurry{false};
  EXPECT_GE(pauses_in_20_ms_of_work(hurry), 2u);
}

TEST(PacerTest, DoesNotPauseInAHurry) {
  const std::atomic<bool> hurry{true};
  EXPECT_EQ(pauses_in_20_ms_of_work(hurry), 0u);
}

}  // namespace
}  // namespace sluice
