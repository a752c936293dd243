#include "tools/load/audit.h"

#include <gtest/gtest.h>

namespace sluice::load {
namespace {

class AuditTest : public testing::TestWithParam<bool> {
 protected:
  AuditTest() : plan_(options()), labels_(planned_labels(plan_)) {
    for (LoadLabel& label : labels_) label.id = "id of " + label.name;
    for (std::uint32_t visit = 0; visit < plan_.options().visits; ++visit) acked_.add(plan_.visit_of(kSource, visit));
  }
  static PlanOptions options() {
    PlanOptions plan;
    plan.seed = 77;
    plan.batch = 5;
    plan.visits = 6;
    plan.labels = 6;
    plan.client_ids = GetParam();
    return plan;
  }
  // What a server that lost nothing answers for kSource.
  [[nodiscard]] std::vector<ReadScore> all() const {
    std::vector<ReadScore> read;
    for (std::uint32_t visit = 0; visit < plan_.options().visits; ++visit) {
      const std::uint64_t request = plan_.visit_of(kSource, visit);
      const PlannedScore score = plan_.score(request, plan_.item_of(kSource));
      ReadScore& one = read.emplace_back();
      one.label_id = labels_[score.label].id;
      one.label_name = labels_[score.label].name;
      if (plan_.options().client_ids) one.client_id = to_text(plan_.client_uuid(request, plan_.item_of(kSource)));
      switch (score.kind) {
        case ValueKind::numeric: {
          const std::string digits = std::to_string(score.value);
          one.value = "0." + std::string(6 - digits.size(), '0') + digits;
          break;
        }
        case ValueKind::option: one.value = std::string("option-") + static_cast<char>('a' + score.value); break;
        case ValueKind::star: one.value = std::to_string(score.value + 1); break;
        case ValueKind::thumb: one.value = score.value == 1 ? "up" : "down"; break;
      }
    }
    return read;
  }
  [[nodiscard]] AuditResult check(const std::vector<ReadScore>& read) const {
    AuditResult result;
    check_source(plan_, labels_, acked_, kSource, read, result);
    return result;
  }

  static constexpr std::uint64_t kSource = 13;
  Plan plan_;
  std::vector<LoadLabel> labels_;
  AckSet acked_;
};

TEST_P(AuditTest, WhatWasSentIsCleanInAnyOrder) {
  std::vector<ReadScore> read = all();
  std::reverse(read.begin(), read.end());
  const AuditResult result = check(read);
  EXPECT_TRUE(result.clean()) << result.findings.front();
  EXPECT_EQ(result.scores, 6u);
}

TEST_P(AuditTest, AMissingScoreIsFound) {
  std::vector<ReadScore> read = all();
  read.erase(read.begin() + 2);
  const AuditResult result = check(read);
  EXPECT_EQ(result.missing, 1u);
  EXPECT_EQ(result.unexpected + result.wrong, 0u);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_TRUE(result.findings[0].starts_with("missing: "));
}

TEST_P(AuditTest, AChangedValueIsFound) {
  std::vector<ReadScore> read = all();
  for (ReadScore& score : read) {
    if (score.value.starts_with("0.")) {
      score.value = "0.5000001";
      break;
    }
  }
  EXPECT_FALSE(check(read).clean());
}

TEST_P(AuditTest, AScoreStoredTwiceIsFound) {
  std::vector<ReadScore> read = all();
  read.push_back(read[1]);
  EXPECT_EQ(check(read).unexpected, 1u);
}

TEST_P(AuditTest, ARequestWithoutAnAnswerMayBeThereOrNot) {
  AckSet most;
  for (std::uint32_t visit = 1; visit < plan_.options().visits; ++visit) most.add(plan_.visit_of(kSource, visit));
  acked_ = std::move(most);
  std::vector<ReadScore> read = all();
  EXPECT_TRUE(check(read).clean());
  read.erase(read.begin());
  EXPECT_TRUE(check(read).clean());
}

INSTANTIATE_TEST_SUITE_P(ClientIds, AuditTest, testing::Bool(), [](const auto& tested) {
  return tested.param ? std::string("With") : std::string("Without");
});

}  // namespace
}  // namespace sluice::load
