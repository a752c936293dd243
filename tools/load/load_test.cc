#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include "tools/load/ack_log.h"
#include "tools/load/load_options.h"
#include "tools/load/sink.h"

namespace sluice::load {
namespace {

class LoadTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sluice-load-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] LoadOptions options() const {
    LoadOptions options;
    options.port = sink_.port();
    options.key = "id.secret";
    options.seed = 4;
    options.batch = 10;
    options.connections = 4;
    options.requests_max = 200;
    options.json_report = directory_ + "/report.json";
    return options;
  }
  [[nodiscard]] nlohmann::json report() const {
    return nlohmann::json::parse(std::ifstream(directory_ + "/report.json"));
  }

  Sink sink_;
  std::string directory_;
};

TEST_F(LoadTest, SendsEveryRequestOnceAndLogsItsAck) {
  LoadOptions asked = options();
  asked.threads = 2;
  asked.ack_log = directory_ + "/acks";
  EXPECT_EQ(run_load(asked), 0);
  EXPECT_EQ(report().at("acked_requests"), 200);
  EXPECT_EQ(report().at("acked_scores"), 2000);
  const AckLog::Contents log = AckLog::read(asked.ack_log);
  EXPECT_EQ(log.acked.count(), 200u);
  EXPECT_EQ(log.acked.end(), 200u);
}

TEST_F(LoadTest, AnOpenLoopKeepsItsSchedule) {
  LoadOptions asked = options();
  asked.rate = 20'000;
  asked.duration_s = 0.5;
  asked.requests_max = 0;
  EXPECT_EQ(run_load(asked), 0);
  // 1000 requests are due in the half second; none may be sent beside the schedule.
  EXPECT_LE(report().at("acked_requests"), 1000);
  EXPECT_GE(report().at("acked_requests"), 900);
}

TEST_F(LoadTest, AnAnswerThatNamesNoBadItemFailsTheRunWhenItemsWereBad) {
  LoadOptions asked = options();
  asked.invalid = 0.5;
  EXPECT_EQ(run_load(asked), 1);
  EXPECT_GT(report().at("unexpected_answers"), 0);
}

TEST_F(LoadTest, AReadThatShowsNoScoreFailsTheRun) {
  LoadOptions asked = options();
  asked.read = Read::source;
  asked.rate = 2'000;
  asked.duration_s = 0.2;
  EXPECT_EQ(run_load(asked), 1);
  EXPECT_GT(report().at("unexpected_answers"), 0);
  EXPECT_LE(report().at("unexpected_answers"), 400);  // No read beside the schedule.
  EXPECT_EQ(report().at("reads"), 0);
}

TEST_F(LoadTest, RefusesOptionsThatMakeNoSense) {
  LoadOptions asked = options();
  asked.api = Api::twosignal;
  EXPECT_THROW(static_cast<void>(run_load(asked)), std::runtime_error);
  asked = options();
  asked.key.clear();
  asked.data = directory_;
  EXPECT_THROW(static_cast<void>(run_load(asked)), std::runtime_error);
  asked = options();
  asked.read = Read::source;
  asked.requests_max = 0;
  EXPECT_THROW(static_cast<void>(run_load(asked)), std::runtime_error);
  asked = options();
  asked.audit_only = true;
  EXPECT_THROW(static_cast<void>(run_load(asked)), std::runtime_error);
}

}  // namespace
}  // namespace sluice::load
