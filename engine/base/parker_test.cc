#include "engine/base/parker.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/base/spsc_ring.h"
#include "engine/base/time.h"

namespace sluice {
namespace {

TEST(ParkerTest, AnUnparkAfterTheAnnouncementIsNotLost) {
  Parker parker;
  parker.announce();
  parker.unpark();
  parker.park();  // Would sleep for ever.
}

TEST(ParkerTest, AnUnparkOfAnAwakeSleeperLeavesNothingBehind) {
  Parker parker;
  parker.unpark();
  parker.announce();
  const MonotonicTime before = monotonic_now();
  parker.park(2'000'000);
  EXPECT_GE(monotonic_now() - before, 2'000'000);
}

TEST(ParkerTest, WithoutAnnouncementParkReturns) {
  Parker parker;
  parker.park();
  parker.announce();
  parker.cancel();
  parker.park();
}

TEST(ParkerTest, AVastTimeoutDoesNotOverflow) {
  Parker parker;
  parker.announce();
  std::thread waker([&parker] { parker.unpark(); });
  parker.park(INT64_MAX);
  waker.join();
}

TEST(ParkerTest, NoItemIsLeftInTheRingWhileTheConsumerSleeps) {
  // Fails by hanging if a wake-up can be lost: the ring is so small that both sides keep falling asleep.
  constexpr std::uint64_t kItems = 200'000;
  SpscRing<std::uint64_t> ring(4);
  Parker parker;
  std::uint64_t sum = 0;
  std::thread consumer([&] {
    for (std::uint64_t taken = 0; taken < kItems;) {
      std::uint64_t item = 0;
      if (ring.try_pop(item)) {
        sum += item;
        ++taken;
        continue;
      }
      parker.announce();
      if (ring.size_approx() > 0) {
        parker.cancel();
      } else {
        parker.park();
      }
    }
  });
  for (std::uint64_t i = 1; i <= kItems; ++i) {
    while (!ring.try_push(std::uint64_t{i})) std::this_thread::yield();
    parker.unpark();
  }
  consumer.join();
  EXPECT_EQ(sum, kItems * (kItems + 1) / 2);
}

TEST(SpscRingTest, IsBoundedAndKeepsOrder) {
  SpscRing<std::unique_ptr<int>> ring(3);
  EXPECT_EQ(ring.capacity(), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.try_push(std::make_unique<int>(i)));
  auto refused = std::make_unique<int>(9);
  EXPECT_FALSE(ring.try_push(std::move(refused)));
  ASSERT_NE(refused, nullptr);  // Untouched.
  EXPECT_EQ(ring.size_approx(), 4u);
  std::unique_ptr<int> item;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ring.try_pop(item));
    EXPECT_EQ(*item, i);
  }
  EXPECT_FALSE(ring.try_pop(item));
  EXPECT_TRUE(ring.try_push(std::move(refused)));
}

}  // namespace
}  // namespace sluice
