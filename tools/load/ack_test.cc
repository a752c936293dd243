#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tools/load/ack_log.h"
#include "tools/load/ack_set.h"

namespace sluice::load {
namespace {

class AckLogTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sluice-ack-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST(AckSetTest, HoldsWhatWasAddedAndMerges) {
  AckSet one;
  AckSet two;
  for (const std::uint64_t request : {0ull, 63ull, 64ull, 1'048'575ull, 1'048'576ull}) one.add(request);
  two.add(64);
  two.add(5'000'000);
  one.merge(two);
  EXPECT_EQ(one.count(), 6u);
  EXPECT_EQ(one.end(), 5'000'001u);
  EXPECT_TRUE(one.has(1'048'576));
  EXPECT_TRUE(one.has(5'000'000));
  EXPECT_FALSE(one.has(1));
  EXPECT_FALSE(one.has(99'000'000));
}

TEST_F(AckLogTest, ReadsBackWhatWasAckedAndHowItWasPlanned) {
  const std::string path = directory_ + "/acks";
  PlanOptions plan;
  plan.seed = 0xFFFF'FFFF'FFFF'FFF1u;
  plan.client_ids = true;
  plan.invalid = 0.25;
  plan.labels = 2;
  {
    AckLog log(path, plan, {{"i1", "n1"}, {"i2", "n2"}});
    for (std::uint64_t request = 0; request < 1000; request += 2) log.add(request);
  }
  { std::ofstream(path, std::ios::app | std::ios::binary) << "torn"; }
  const AckLog::Contents contents = AckLog::read(path);
  EXPECT_EQ(contents.plan.seed, plan.seed);
  EXPECT_EQ(contents.plan.invalid, 0.25);
  EXPECT_TRUE(contents.plan.client_ids);
  ASSERT_EQ(contents.labels.size(), 2u);
  EXPECT_EQ(contents.labels[1].id, "i2");
  EXPECT_EQ(contents.acked.count(), 500u);
  EXPECT_TRUE(contents.acked.has(998));
  EXPECT_FALSE(contents.acked.has(999));
}

}  // namespace
}  // namespace sluice::load
