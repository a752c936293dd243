#include "store/internal/pacer.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

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

int niceness() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

void work(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// In a thread of its own: what one is made into stays. Until it holds, since another program may keep this one from
/// running for a while too.
template <class Holds>
bool in_some_thread(Holds&& holds) {
  bool held = false;
  for (int turn = 0; turn < 10 && !held; ++turn) {
    std::jthread([&] {
      BackgroundBudget budget(2);
      Pacer pacer(budget);
      held = holds(pacer, niceness());
    }).join();
  }
  return held;
}

/// After a slice of work and a rest.
int niceness_after_work(Pacer& pacer) {
  work(std::chrono::milliseconds(1));
  pacer.rest();
  return niceness();
}

/// Where niceness cannot be taken back it is not used.
int nicer(int own) { return niceness_can_be_taken_back() ? std::min(own + Pacer::kNicer, 19) : own; }

TEST(PacerTest, WorkThatCanWaitIsNicerUntilItHurries) {
  EXPECT_TRUE(in_some_thread([](Pacer& pacer, int own) {
    pacer.begin();
    if (niceness_after_work(pacer) != nicer(own)) return false;
    pacer.hurry(true);
    EXPECT_EQ(niceness_after_work(pacer), own);
    pacer.hurry(false);
    return niceness_after_work(pacer) == nicer(own);
  }));
}

TEST(PacerTest, WorkThatOthersWaitForIsNotNicer) {
  BackgroundBudget budget(2);
  Pacer flushes(budget, Pacer::Niceness::own);
  const int own = niceness();
  for (int turn = 0; turn < 10; ++turn) {  // A break from niceness, which would look the same, is not in each.
    std::jthread([&] {
      flushes.begin();
      EXPECT_EQ(niceness_after_work(flushes), own);
    }).join();
  }
}

TEST(PacerTest, AThreadThatWasKeptFromRunningIsNotNicerForAWhile) {
  EXPECT_TRUE(in_some_thread([](Pacer& pacer, int own) {
    pacer.begin();
    if (niceness_after_work(pacer) != nicer(own)) return false;
    work(Pacer::kStarved);  // As long between two rests, whether it ran or not.
    EXPECT_EQ(niceness_after_work(pacer), own);
    EXPECT_EQ(niceness_after_work(pacer), own);
    return true;
  }));
}

TEST(NicenessBreakTest, IsShortOnceAndLongForAThreadThatStarvesAgainAndAgain) {
  using namespace std::chrono_literals;
  const NicenessBreak::Clock::time_point begin(1h);
  NicenessBreak niceness_break;
  EXPECT_TRUE(niceness_break.over(begin));
  niceness_break.starved(begin);
  EXPECT_FALSE(niceness_break.over(begin + 499ms));
  EXPECT_TRUE(niceness_break.over(begin + 500ms));
  niceness_break.starved(begin + 600ms);
  EXPECT_FALSE(niceness_break.over(begin + 2599ms));
  EXPECT_TRUE(niceness_break.over(begin + 2600ms));
  niceness_break.starved(begin + 3s);
  niceness_break.starved(begin + 10s);
  EXPECT_FALSE(niceness_break.over(begin + 17900ms)) << "starved in the break of eight seconds, which begins anew";
  EXPECT_TRUE(niceness_break.over(begin + 18s));
  niceness_break.starved(begin + 19s);
  EXPECT_FALSE(niceness_break.over(begin + 28900ms));
  EXPECT_TRUE(niceness_break.over(begin + 29s)) << "no longer than ten seconds";
  niceness_break.starved(begin + 40s);
  EXPECT_TRUE(niceness_break.over(begin + 40500ms)) << "short again after as long without";
}

TEST(PacerTest, TimeWithoutWorkIsNotTakenForStarving) {
  EXPECT_TRUE(in_some_thread([](Pacer& pacer, int own) {
    work(Pacer::kStarved);
    pacer.begin();
    return niceness_after_work(pacer) == nicer(own);
  }));
}

}  // namespace
}  // namespace sluice
