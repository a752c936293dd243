#include <atomic>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/ingest/engine_test_support.h"
#include "engine/read/score_reader.h"

namespace sluice {
namespace {

/// Every view waits until it may go on.
class HeldReader final : public RecordReader {
 public:
  explicit HeldReader(RecordReader& records) : records_(records) {}
  std::unique_ptr<ReadView> view() override {
    entered.store(true);
    entered.notify_all();
    go_on.wait(false);
    return records_.view();
  }
  std::unique_ptr<ReadView> memory_view() override { return records_.memory_view(); }

  std::atomic<bool> entered{false};
  std::atomic<bool> go_on{false};

 private:
  RecordReader& records_;
};

TEST(ReadPoolTest, SoManyQueriesWaitAndNotOneMore) {
  MemoryLog log{test_keys()};
  HeldReader held(log);
  const ScoreReader reader(test_keys(), held);
  CollectingCompletion completion;
  ReadPool pool(1, reader, completion);
  std::vector<std::unique_ptr<ReadRequest>> requests;
  const auto submit = [&] {
    requests.push_back(std::make_unique<ReadRequest>());
    requests.back()->query.by = ScoreQuery::By::workspace;
    requests.back()->query.workspace = 1;
    return pool.submit(*requests.back());
  };
  ASSERT_TRUE(submit());
  held.entered.wait(false);  // One is being answered; from here on they wait.
  for (std::size_t i = 0; i < limits::kReadQueue; ++i) ASSERT_TRUE(submit()) << i;
  EXPECT_EQ(pool.waiting(), limits::kReadQueue);
  EXPECT_FALSE(submit());
  held.go_on.store(true);
  held.go_on.notify_all();
  for (std::size_t delivered = 1; delivered <= limits::kReadQueue + 1; ++delivered) {
    completion.wait_for_reads(delivered);
    pool.taken();
  }
  EXPECT_TRUE(submit()) << "there is room again";
  pool.stop();
  EXPECT_FALSE(submit());
}

TEST(ReadPoolTest, AnswersDoNotPileUpForAThreadThatIsBehind) {
  MemoryLog log{test_keys()};
  const ScoreReader reader(test_keys(), log);
  CollectingCompletion completion;
  ReadPool pool(1, reader, completion);
  std::vector<std::unique_ptr<ReadRequest>> requests;
  for (std::size_t i = 0; i < limits::kReadsAhead + 2; ++i) {
    requests.push_back(std::make_unique<ReadRequest>());
    requests.back()->query.by = ScoreQuery::By::workspace;
    requests.back()->query.workspace = 1;
    ASSERT_TRUE(pool.submit(*requests.back()));
  }
  completion.wait_for_reads(limits::kReadsAhead);
  EXPECT_EQ(pool.waiting(), 2u) << "nobody has taken an answer";
  pool.taken();
  completion.wait_for_reads(limits::kReadsAhead + 1);
  EXPECT_EQ(pool.waiting(), 1u);
  pool.stop();
  completion.wait_for_reads(limits::kReadsAhead + 2);
}

}  // namespace
}  // namespace sluice
