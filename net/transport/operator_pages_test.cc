#include <gtest/gtest.h>

#include "net/transport/server_for_test.h"

namespace sluice {
namespace {

constexpr std::string_view kNoKey = "Host: a\r\n";

TEST(OperatorPagesTest, AnswerWithoutAKey) {
  TestServer test([](TestServer::Setup& setup) {
    setup.pages.ready = [] { return std::vector<OperatorPages::Check>{{"storage", true, "fine \"so far\""}}; };
    setup.pages.metrics = [] { return std::string("engine_line 1\n"); };
  });
  Client client = test.connect();
  EXPECT_EQ(client.ask(get("/livez", kNoKey)).body, R"({"status":"ok"})");
  EXPECT_EQ(client.ask(get("/health", kNoKey)).status, 200);
  EXPECT_EQ(client.ask(get("/version", kNoKey)).body, R"({"version":"test"})");
  EXPECT_EQ(client.ask(get("/readyz", kNoKey)).body,
            R"({"status":"ok","checks":[{"name":"storage","ok":true,"detail":"fine \"so far\""},)"
            R"({"name":"serving","ok":true,"detail":""}]})");
  const Response metrics = client.ask(get("/metrics", kNoKey));
  EXPECT_EQ(metrics.field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(metrics.body.find("engine_line 1\n"), std::string::npos);
}

TEST(OperatorPagesTest, ReadinessFailsWithAnyCheck) {
  TestServer test([](TestServer::Setup& setup) {
    setup.pages.ready = [] {
      return std::vector<OperatorPages::Check>{{"disk", false, "full"}, {"storage", true, ""}};
    };
  });
  Client client = test.connect();
  EXPECT_EQ(client.ask(get("/readyz", kNoKey)).status, 503);
  EXPECT_EQ(client.ask(get("/livez", kNoKey)).status, 200);
}

TEST(OperatorPagesTest, WhatIsDamagedIsNamedAndTheRestGoesOn) {
  TestServer test([](TestServer::Setup& setup) {
    setup.pages.ready = [] { return std::vector<OperatorPages::Check>{{"data", false, "the log is damaged", false}}; };
  });
  Client client = test.connect();
  const Response ready = client.ask(get("/readyz", kNoKey));
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body, R"({"status":"degraded","checks":[{"name":"data","ok":false,"detail":"the log is damaged"},)"
                        R"({"name":"serving","ok":true,"detail":""}]})");
}

TEST(OperatorPagesTest, MetricsAndVersionNeedAKeyWhereSettingsSaySo) {
  TestServer test([](TestServer::Setup& setup) { setup.options.operator_pages_need_key = true; });
  Client client = test.connect();
  EXPECT_EQ(client.ask(get("/metrics", kNoKey)).status, 401);
  EXPECT_EQ(client.ask(get("/version", kNoKey)).status, 401);
  EXPECT_EQ(client.ask(get("/metrics")).status, 200);
  EXPECT_EQ(client.ask(get("/livez", kNoKey)).status, 200);
  EXPECT_EQ(client.ask(get("/readyz", kNoKey)).status, 200);
}

TEST(OperatorPagesTest, MetricsNameRoutePatternsAndNeverPaths) {
  TestServer test;
  Client client = test.connect();
  ASSERT_EQ(client.ask(get("/items/secret-id")).status, 200);
  ASSERT_EQ(client.ask(get("/no/such/path")).status, 404);
  ASSERT_EQ(client.ask(post("/items/x", "")).status, 405);
  const std::string text = client.ask(get("/metrics", kNoKey)).body;
  EXPECT_NE(text.find(R"(sluice_http_requests_total{method="GET",route="/items/{id}",code="200"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(sluice_http_requests_total{method="none",route="none",code="404"} 1)"), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(sluice_http_request_duration_seconds_count{method="GET",route="/items/{id}"} 1)"),
            std::string::npos);
  EXPECT_NE(text.find("sluice_connections 1\n"), std::string::npos);
  EXPECT_NE(text.find(R"(sluice_backpressure_total{stage="admission_full"} 0)"), std::string::npos);
  EXPECT_NE(text.find("sluice_body_bytes_in_flight 0\n"), std::string::npos);
  EXPECT_EQ(text.find("secret-id"), std::string::npos);
  EXPECT_EQ(text.find("/no/such"), std::string::npos);
}

}  // namespace
}  // namespace sluice
