#include "tools/load/plan.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace sluice::load {
namespace {

struct Shape {
  const char* name;
  PlanOptions options;
};

std::vector<Shape> shapes() {
  PlanOptions native;
  native.batch = 7;
  native.visits = 5;
  native.spread = 3;
  native.labels = 4;
  PlanOptions single = native;
  single.batch = 1;
  PlanOptions bulk = native;
  bulk.api = Api::futureagi;
  bulk.one_source = true;
  bulk.batch = 4;
  bulk.visits = 3;
  bulk.labels = 12;
  return {{"native", native}, {"single", single}, {"bulk", bulk}};
}

TEST(PlanTest, EverySourceIsVisitedByTheRequestsThatVisitOfNames) {
  for (const Shape& shape : shapes()) {
    const Plan plan(shape.options);
    const std::uint64_t requests = std::uint64_t{shape.options.visits} * shape.options.spread * 4;
    std::map<std::uint64_t, std::set<std::uint64_t>> visits;
    for (std::uint64_t request = 0; request < requests; ++request) {
      for (std::uint32_t item = 0; item < shape.options.batch; ++item) {
        visits[plan.source_of(request, item)].insert(request);
        if (!shape.options.one_source) {
          EXPECT_EQ(plan.item_of(plan.source_of(request, item)), item) << shape.name;
        }
      }
    }
    EXPECT_EQ(visits.size(), plan.sources_before(requests)) << shape.name;
    EXPECT_EQ(visits.size(), plan.sources_scored(requests)) << shape.name;
    for (const auto& [source, found] : visits) {
      std::set<std::uint64_t> named;
      for (std::uint32_t visit = 0; visit < shape.options.visits; ++visit) named.insert(plan.visit_of(source, visit));
      EXPECT_EQ(found, named) << shape.name << " source " << source;
    }
  }
}

TEST(PlanTest, ScoresOfOneSourceHaveDifferentLabelsWhereARepeatWouldReplace) {
  LoadOptions asked;
  asked.api = Api::futureagi;
  asked.seed = 5;
  asked.labels = 2;
  for (const std::uint32_t batch : {1u, 4u}) {
    asked.batch = batch;
    const Plan plan(plan_options(asked));
    std::map<std::uint64_t, std::set<std::uint32_t>> labels;
    std::uint64_t scores = 0;
    const std::uint64_t requests = std::uint64_t{plan.options().visits} * plan.options().spread;
    for (std::uint64_t request = 0; request < requests; ++request) {
      for (std::uint32_t item = 0; item < batch; ++item, ++scores) {
        const PlannedScore score = plan.score(request, item);
        EXPECT_TRUE(labels[score.source].insert(score.label).second) << "batch " << batch << " request " << request;
      }
    }
  }
}

TEST(PlanTest, SourceAndClientIdsNeverRepeat) {
  const Plan plan(shapes()[0].options);
  std::set<std::string> seen;
  for (std::uint64_t source = 0; source < 20'000; ++source)
    EXPECT_TRUE(seen.insert(to_text(plan.source_uuid(source))).second);
  for (std::uint64_t request = 0; request < 2'000; ++request) {
    for (std::uint32_t item = 0; item < 7; ++item) {
      EXPECT_TRUE(seen.insert(to_text(plan.client_uuid(request, item))).second);
    }
  }
}

TEST(PlanTest, TheSeedDecidesEverything) {
  PlanOptions options = shapes()[0].options;
  const Plan one(options);
  const Plan same(options);
  options.seed = 2;
  const Plan other(options);
  int different = 0;
  for (std::uint64_t request = 0; request < 100; ++request) {
    EXPECT_EQ(one.score(request, 3).value, same.score(request, 3).value);
    EXPECT_EQ(one.source_uuid(request), same.source_uuid(request));
    EXPECT_NE(one.source_uuid(request), other.source_uuid(request));
    different += one.value_bits(request, 3) != other.value_bits(request, 3) ? 1 : 0;
  }
  EXPECT_EQ(different, 100);
}

TEST(PlanTest, MillionthsAreInRangeAndNeverEndInZero) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 100'000; ++i) {
    bits = mix(bits);
    const std::uint32_t value = Plan::millionths(bits);
    ASSERT_LT(value, 1'000'000u);
    ASSERT_NE(value % 10, 0u);
  }
  EXPECT_EQ(Plan::millionths(0), 1u);
  EXPECT_EQ(Plan::millionths(~std::uint64_t{0}), 999'999u);
}

TEST(PlanTest, TheShareOfBadItemsIsWhatWasAskedFor) {
  LoadOptions asked;
  asked.seed = 9;
  asked.invalid = 0.1;
  const Plan plan(plan_options(asked));
  std::uint64_t bad = 0;
  for (std::uint32_t index = 0; index < plan.templates(); ++index) {
    for (std::uint32_t item = 0; item < 100; ++item) bad += plan.bad_in(index, item) ? 1 : 0;
  }
  const double share = static_cast<double>(bad) / (100.0 * plan.templates());
  EXPECT_NEAR(share, 0.1, 0.02);
}

}  // namespace
}  // namespace sluice::load
