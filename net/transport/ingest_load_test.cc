#include "net/transport/ingest_load.h"

#include <atomic>

#include <gtest/gtest.h>

namespace sluice {
namespace {

class IngestLoadTest : public testing::Test {
 protected:
  IngestLoadTest() { tuning.clock_skew_ns = &skew; }
  /// As if the thread had been busy for so long before it saw the timer.
  void ring(std::int64_t late_ns) {
    skew += late_ns;
    context.restart();
    ASSERT_EQ(context.run_one(), 1u) << "the timer is not armed";
  }
  static constexpr std::int64_t kLate = IngestLoad::kLateNs + 1'000'000;
  std::atomic<std::int64_t> skew{0};
  TransportTuning tuning;
  boost::asio::io_context context{1};
  IngestLoad load{context, tuning};
};

TEST_F(IngestLoadTest, OneLateTurnIsForgivenTwoAreAnOverload) {
  load.began(1);
  ring(0);
  EXPECT_FALSE(load.overloaded_by(1));
  load.began(1);
  ring(kLate);
  EXPECT_FALSE(load.overloaded_by(1));
  ring(kLate);
  EXPECT_TRUE(load.overloaded_by(1));
  ring(kLate);
  EXPECT_TRUE(load.overloaded_by(1));
  ring(0);
  EXPECT_FALSE(load.overloaded_by(1)) << "in time again";
  EXPECT_EQ(context.poll(), 0u) << "and nothing rings until the next request";
}

TEST_F(IngestLoadTest, ATurnThatIsOverdueCountsBeforeItComes) {
  load.began(1);
  skew += kLate + 20'000'000;
  EXPECT_FALSE(load.overloaded_by(1)) << "the first";
  ring(0);
  EXPECT_FALSE(load.overloaded_by(1));
  skew += kLate + 20'000'000;
  EXPECT_TRUE(load.overloaded_by(1)) << "the second";
}

TEST_F(IngestLoadTest, OnlyAWorkspaceWithItsShareIsRefused) {
  for (int i = 0; i < 3; ++i) load.began(1);
  load.began(2);
  ring(kLate);
  ring(kLate);
  EXPECT_TRUE(load.overloaded_by(1)) << "3 of 4, of 2 workspaces";
  EXPECT_FALSE(load.overloaded_by(2)) << "1 of 4, of 2 workspaces";
  EXPECT_FALSE(load.overloaded_by(3)) << "nothing";
  load.ended(1);
  load.ended(1);
  EXPECT_TRUE(load.overloaded_by(1)) << "1 of 2, of 2";
  load.ended(1);
  EXPECT_FALSE(load.overloaded_by(1)) << "nothing left, so whatever it sends next is served";
  EXPECT_TRUE(load.overloaded_by(2)) << "all of it";
}

}  // namespace
}  // namespace sluice
