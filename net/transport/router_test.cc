#include "net/transport/router.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class Nothing final : public Endpoint {
 public:
  Next start(Exchange&) const override { return Next::reply; }
};
const Nothing kNothing;

class ListedDialect final : public Dialect {
 public:
  ListedDialect(DialectCode code, std::vector<Route> routes) : code_(code), routes_(std::move(routes)) {}
  DialectCode code() const noexcept override { return code_; }
  std::span<const Route> routes() const noexcept override { return routes_; }
  void refuse(const Refusal&, const RequestView&, Reply&) const override {}

 private:
  DialectCode code_;
  std::vector<Route> routes_;
};

class RouterTest : public ::testing::Test {
 protected:
  const ListedDialect native_{DialectCode::native,
                              {{Method::get, "/v1/scores", kRead, &kNothing, false},
                               {Method::post, "/v1/scores", kIngest, &kNothing, false},
                               {Method::get, "/v1/scores/{id}", kRead, &kNothing, false},
                               {Method::get, "/v1/scores/export", kRead, &kNothing, false},
                               {Method::get, "/v1/annotators/{id}/scores", kRead, &kNothing, false},
                               {Method::post, "/v1/keys", kAdmin, &kNothing, true},
                               {Method::del, "/v1/keys/{id}", kAdmin, &kNothing, true}}};
  const ListedDialect futureagi_{DialectCode::futureagi,
                                 {{Method::post, "/model-hub/scores/bulk", kIngest, &kNothing, false},
                                  {Method::put, "/model-hub/scores/{id}", kIngest, &kNothing, false},
                                  {Method::get, "/model-hub/scores/{score_id}", kRead, &kNothing, false}}};
  const ListedDialect evalguard_{DialectCode::evalguard,
                                 {{Method::post, "/api/v1/annotations", kIngest, &kNothing, false}}};
  const Dialect* const dialects_[3] = {&evalguard_, &native_, &futureagi_};
  const Router router_{dialects_};
  std::vector<std::string_view> params_;

  std::string find(Method method, std::string_view path, bool admin = false) {
    const Router::Match match = router_.find(method, path, admin, params_);
    if (match.route != nullptr) return match.route->pattern;
    return std::string(to_string(match.dialect->code())) + " " + std::string(match.allow);
  }
};

TEST_F(RouterTest, FindsRoutesWithTheirParameters) {
  EXPECT_EQ(find(Method::get, "/v1/scores"), "/v1/scores");
  EXPECT_EQ(find(Method::head, "/v1/scores/"), "/v1/scores");
  EXPECT_EQ(find(Method::get, "/v1/scores/abc"), "/v1/scores/{id}");
  EXPECT_EQ(params_, std::vector<std::string_view>{"abc"});
  EXPECT_EQ(find(Method::get, "/v1/scores/export"), "/v1/scores/export");
  EXPECT_TRUE(params_.empty());
  EXPECT_EQ(find(Method::get, "/v1/annotators/7/scores/"), "/v1/annotators/{id}/scores");
  EXPECT_EQ(params_, std::vector<std::string_view>{"7"});
  EXPECT_EQ(find(Method::post, "/model-hub/scores/bulk/"), "/model-hub/scores/bulk");
  EXPECT_EQ(find(Method::get, "/model-hub/scores/x"), "/model-hub/scores/{score_id}");
  EXPECT_EQ(find(Method::put, "/model-hub/scores/x"), "/model-hub/scores/{id}");
}

TEST_F(RouterTest, AMissingPathIsRefusedByItsNearestDialect) {
  EXPECT_EQ(find(Method::get, "/v1/nothing"), "native ");
  EXPECT_EQ(find(Method::get, "/model-hub/nothing"), "futureagi ");
  EXPECT_EQ(find(Method::get, "/api/v1/nothing"), "evalguard ");
  EXPECT_EQ(find(Method::get, "/"), "native ");
  EXPECT_EQ(find(Method::get, "/other"), "native ");
  EXPECT_EQ(find(Method::get, "/v1//scores"), "native ");
  EXPECT_EQ(find(Method::get, "/v1/scores//"), "native ");
  EXPECT_EQ(find(Method::get, "/v1/annotators//scores"), "native ");
  EXPECT_EQ(find(Method::options, "*"), "native ");
}

TEST_F(RouterTest, AWrongMethodNamesTheRightOnes) {
  EXPECT_EQ(find(Method::del, "/v1/scores"), "native Allow: GET, HEAD, POST");
  EXPECT_EQ(find(Method::get, "/model-hub/scores/bulk"), "futureagi Allow: POST");
  EXPECT_EQ(find(Method::post, "/model-hub/scores/x"), "futureagi Allow: PUT, GET, HEAD");
}

TEST_F(RouterTest, AdminRoutesDoNotExistForOthers) {
  EXPECT_EQ(find(Method::post, "/v1/keys"), "native ");
  EXPECT_EQ(find(Method::post, "/v1/keys", true), "/v1/keys");
  EXPECT_EQ(find(Method::get, "/v1/keys", true), "native Allow: POST");
  EXPECT_EQ(find(Method::del, "/v1/keys/x"), "native ");
}

}  // namespace
}  // namespace sluice
