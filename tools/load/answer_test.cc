#include "tools/load/answer.h"

#include <gtest/gtest.h>

namespace sluice::load {
namespace {

TEST(AnswerTest, FirstScalarLooksInside) {
  struct Case {
    const char* raw;
    const char* scalar;
  };
  constexpr Case kCases[] = {
      {"0.25", "0.25"},
      {R"("up")", "up"},
      {R"({"value":1e-06})", "1e-06"},
      {R"({"selected":["a","b"]})", "a"},
      {R"({"text":"a\n\u00e9"})", "a\né"},
      {R"({"rating": 4, "label":"x"})", "4"},
      {"[]", ""},
      {"null", "null"},
  };
  for (const Case& c : kCases) EXPECT_EQ(first_scalar(c.raw), c.scalar) << c.raw;
}

TEST(AnswerTest, ReadsThePartsOfAScoreThatAreCompared) {
  std::vector<ReadScore> scores;
  std::string cursor;
  ASSERT_TRUE(read_scores(R"({"count":2,"scores":[
      {"id":"x","label_id":"l1","label_name":"n","value":{"value":0.5},"client_id":null,
       "annotator":{"id":"a","label_id":"no"}},
      {"client_id":"c2","value":"up","label_id":"l2"}],"next_cursor":"abc"})",
                          scores, cursor));
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0].label_id, "l1");
  EXPECT_EQ(scores[0].value, "0.5");
  EXPECT_EQ(scores[0].client_id, "");
  EXPECT_EQ(scores[1].client_id, "c2");
  EXPECT_EQ(cursor, "abc");
}

TEST(AnswerTest, BrokenJsonIsFalseNotACrash) {
  std::vector<ReadScore> scores;
  std::string cursor;
  for (const char* text :
       {"", "{", R"({"scores":[{)", R"({"scores":[{"a")", R"({"a":"\)", "[1", R"({"scores":})", "nul"}) {
    EXPECT_FALSE(read_scores(text, scores, cursor)) << text;
  }
}

TEST(AnswerTest, FindsNumbersByName) {
  EXPECT_EQ(find_number(R"({"stored":99,"rejected": 1})", "\"rejected\""), 1u);
  EXPECT_EQ(find_number(R"({"stored":99})", "\"rejected\""), std::nullopt);
  EXPECT_EQ(find_number(R"({"rejected":"x"})", "\"rejected\""), std::nullopt);
}

}  // namespace
}  // namespace sluice::load
