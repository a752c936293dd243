#include "net/transport/body_gate.h"

#include <array>

#include <gtest/gtest.h>

namespace sluice {
namespace {

class BodyGateTest : public testing::Test {
 protected:
  /// Stand-ins: the gate never looks into one.
  [[nodiscard]] Connection& connection(std::size_t i) { return reinterpret_cast<Connection&>(places.at(i)); }
  void wait(std::size_t first, std::size_t end, MonotonicTime now = 0) {
    for (std::size_t i = first; i < end; ++i) gate.wait(connection(i), now);
  }
  void begin(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) gate.began();
  }
  void end(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) gate.ended();
  }
  [[nodiscard]] std::vector<std::size_t> numbers(const std::vector<Connection*>& connections) const {
    std::vector<std::size_t> all;
    for (const Connection* const one : connections)
      all.push_back(static_cast<std::size_t>(reinterpret_cast<const char*>(one) - places.data()));
    return all;
  }
  BodyGate gate;

 private:
  std::array<char, 1000> places{};
};

TEST_F(BodyGateTest, WhoComesWhileSomeoneWaitsGoesBehind) {
  begin(BodyGate::kLeast);
  EXPECT_FALSE(gate.closed(false));
  EXPECT_TRUE(gate.closed(true));
  wait(0, 1);
  EXPECT_TRUE(gate.closed(false));
}

TEST_F(BodyGateTest, InTimeAsManyAsEndedAndAFewMoreGo) {
  begin(100);
  wait(0, 100);
  EXPECT_EQ(numbers(gate.ring(false, 1).served), (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  end(10);
  const BodyGate::Turn turn = gate.ring(false, 2);
  EXPECT_EQ(turn.served.size(), 10 + BodyGate::kMore);
  EXPECT_EQ(numbers(turn.served).front(), 8u);
  EXPECT_TRUE(turn.refused.empty());
}

TEST_F(BodyGateTest, LateHalfOfThoseThatEndedGo) {
  begin(100);
  wait(0, 100);
  end(10);
  EXPECT_EQ(gate.ring(true, 1).served.size(), 5u);
  EXPECT_TRUE(gate.ring(true, 2).served.empty()) << "none has ended since";
}

TEST_F(BodyGateTest, AThreadThatIsLateWithRefusalsAloneStillServes) {
  EXPECT_FALSE(gate.closed(true)) << "nothing is under way";
  begin(BodyGate::kLeast);
  wait(0, 100);
  end(BodyGate::kLeast - 2);
  EXPECT_EQ(gate.ring(true, 1).served.size(), BodyGate::kLeast - 2) << "and not half of them";
  EXPECT_EQ(gate.ring(true, 2).served.size(), BodyGate::kLeast - 2) << "nor none, because those were not taken up";
}

TEST_F(BodyGateTest, WhoWaitedTooLongIsRefused) {
  begin(BodyGate::kLeast);
  wait(0, 20, 1000);
  wait(20, 30, 2000);
  const BodyGate::Turn turn = gate.ring(false, 1001 + BodyGate::kWaitNs);
  EXPECT_EQ(turn.served.size(), BodyGate::kMore) << "whoever can be served is not refused for its age";
  EXPECT_EQ(turn.refused.size(), 20 - BodyGate::kMore);
  EXPECT_TRUE(gate.someone_waits());
  EXPECT_EQ(gate.ring(true, 2001 + BodyGate::kWaitNs).refused.size(), 10u);
  EXPECT_FALSE(gate.someone_waits());
}

TEST_F(BodyGateTest, WhoLeftIsNotCalled) {
  begin(BodyGate::kLeast);
  wait(0, 3);
  gate.forget(connection(1));
  EXPECT_EQ(numbers(gate.ring(false, 1).served), (std::vector<std::size_t>{0, 2}));
}

}  // namespace
}  // namespace sluice
