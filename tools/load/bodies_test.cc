#include "tools/load/bodies.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tools/load/answer.h"

namespace sluice::load {
namespace {

std::vector<LoadLabel> labels_of(const Plan& plan) {
  std::vector<LoadLabel> labels = planned_labels(plan);
  for (std::uint32_t i = 0; i < labels.size(); ++i) labels[i].id = "label-" + std::to_string(i);
  return labels;
}

// The items of a request as JSON, whatever stands around them.
nlohmann::json items_of(std::string_view request, Format format) {
  const std::size_t head = request.find("\r\n\r\n");
  const std::string_view body = request.substr(head + 4);
  const auto length = find_number(request.substr(0, head + 2), "Content-Length");
  EXPECT_EQ(length, body.size());
  if (format == Format::ndjson) {
    nlohmann::json items = nlohmann::json::array();
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t end = body.find('\n', at);
      items.push_back(nlohmann::json::parse(body.substr(at, end - at)));
      at = end + 1;
    }
    return items;
  }
  const nlohmann::json json = nlohmann::json::parse(body);
  if (json.is_array()) return json;
  if (json.contains("scores")) return json["scores"];
  return nlohmann::json::array({json});
}

double number_of(const PlannedScore& score) { return score.value / 1e6; }

TEST(BodyPoolTest, ARequestHoldsExactlyThePlannedScores) {
  for (const Format format : {Format::json, Format::ndjson}) {
    LoadOptions asked;
    asked.seed = 3;
    asked.batch = 20;
    asked.client_ids = true;
    const Plan plan(plan_options(asked));
    const std::vector<LoadLabel> labels = labels_of(plan);
    BodyPool pool(plan, labels, {"host:1", "id.secret", format, false});
    for (const std::uint64_t request : {0ull, 1ull, 777ull, 1'000'003ull}) {
      const nlohmann::json items = items_of(pool.make(request), format);
      ASSERT_EQ(items.size(), 20u);
      for (std::uint32_t i = 0; i < items.size(); ++i) {
        const PlannedScore score = plan.score(request, i);
        EXPECT_EQ(items[i].at("source_id"), to_text(plan.source_uuid(score.source)));
        EXPECT_EQ(items[i].at("source_type"), plan.source_type(score.source));
        EXPECT_EQ(items[i].at("label_id"), labels[score.label].id);
        EXPECT_EQ(items[i].at("id"), to_text(plan.client_uuid(request, i)));
        if (score.kind == ValueKind::numeric) {
          EXPECT_EQ(std::stod(first_scalar(items[i].at("value").dump())), number_of(score));
        }
      }
    }
  }
}

TEST(BodyPoolTest, BadItemsAreCountedAndStandWhereThePlanSays) {
  LoadOptions asked;
  asked.seed = 11;
  asked.batch = 50;
  asked.invalid = 0.2;
  const Plan plan(plan_options(asked));
  BodyPool pool(plan, labels_of(plan), {"h:1", "k", Format::json, false});
  const nlohmann::json items = items_of(pool.make(5), Format::json);
  std::uint32_t bad = 0;
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const bool looks_bad = items[i]["source_type"].is_number() || items[i]["value"].is_null() ||
                           items[i]["label_id"] == "0badc0de-0000-4000-8000-000000000bad" ||
                           items[i]["value"] == 17.5 || items[i]["value"] == 77 || items[i]["value"] == "option-z" ||
                           items[i]["value"] == "sideways";
    EXPECT_EQ(looks_bad, plan.score(5, i).bad) << i;
    bad += looks_bad ? 1 : 0;
  }
  EXPECT_GT(bad, 0u);
  EXPECT_EQ(pool.bad_items(5), bad);
}

TEST(BodyPoolTest, DialectBodiesHaveTheVendorsFields) {
  struct Case {
    Api api;
    std::uint32_t batch;
    const char* path;
    const char* source;
  };
  constexpr Case kCases[] = {
      {Api::twosignal, 1, "POST /api/v1/scores ", "traceId"},
      {Api::evalguard, 1, "POST /api/v1/annotations ", "target_id"},
      {Api::futureagi, 1, "POST /model-hub/scores/ ", "source_id"},
      {Api::futureagi, 5, "POST /model-hub/scores/bulk/ ", "source_id"},
  };
  for (const Case& c : kCases) {
    LoadOptions asked;
    asked.seed = 2;
    asked.api = c.api;
    asked.batch = c.batch;
    const Plan plan(plan_options(asked));
    BodyPool pool(plan, labels_of(plan), {"h:1", "k", Format::json, false});
    const std::string request(pool.make(42));
    EXPECT_TRUE(request.starts_with(c.path)) << request;
    const nlohmann::json body = nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
    EXPECT_EQ(body.at(c.source), to_text(plan.source_uuid(plan.source_of(42, 0)))) << c.path;
  }
}

}  // namespace
}  // namespace sluice::load
