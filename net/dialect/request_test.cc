#include "net/dialect/request.h"

#include <gtest/gtest.h>

#include "net/dialect/dialect.h"

namespace sluice {
namespace {

std::string render(std::string_view query) {
  std::string storage;
  std::vector<QueryParam> params;
  if (!parse_query(query, storage, params).ok()) return "refused";
  std::string out;
  for (const QueryParam& param : params) {
    out.append("[").append(param.name).append("|").append(param.value).append("]");
  }
  return out;
}

TEST(ParseQueryTest, DecodesNamesAndValuesInOrder) {
  struct Case {
    std::string_view query;
    std::string_view expected;
  };
  constexpr Case kCases[] = {
      {"", ""},
      {"a=b", "[a|b]"},
      {"a=b&c=d&a=e", "[a|b][c|d][a|e]"},
      {"a", "[a|]"},
      {"a=", "[a|]"},
      {"=b", "[|b]"},
      {"a=b=c", "[a|b=c]"},
      {"&&a=1&&", "[a|1]"},
      {"a=x+y%20z", "[a|x y z]"},
      {"a=%41%6a%4B", "[a|AjK]"},
      {"a%3Db=%26", "[a=b|&]"},
      {"a=%", "refused"},
      {"a=%4", "refused"},
      {"a=%4g", "refused"},
      {"%zz=1", "refused"},
  };
  for (const Case& c : kCases) EXPECT_EQ(render(c.query), c.expected) << c.query;
}

TEST(ParseQueryTest, RefusesTheSixtyFifthParameter) {
  std::string query = "a=1";
  for (int i = 1; i < 64; ++i) query += "&a=1";
  EXPECT_NE(render(query), "refused");
  EXPECT_EQ(render(query + "&a=1"), "refused");
}

TEST(ReplyTest, ResetRestoresTheDefaults) {
  Reply reply;
  reply.status = 500;
  reply.body = "text";
  reply.content_type = "text/plain";
  reply.retry_after_seconds = 3;
  reply.extra_header = "A: b";
  reply.close = true;
  reply.reset();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.retry_after_seconds, 0);
  EXPECT_EQ(reply.extra_header, "");
  EXPECT_FALSE(reply.close);
}

TEST(ReplyTest, AnAnswerThatWasLargeKeepsNoMemory) {
  Reply reply;
  reply.body.assign(1u << 20, 'x');
  reply.reset();
  EXPECT_LT(reply.body.capacity(), 1000u);
}

TEST(DefaultStatusTest, OverloadIs429AndUnknownOutcomeIs503) {
  EXPECT_EQ(default_status(Errc::overloaded), 429);
  EXPECT_EQ(default_status(Errc::disk_full), 507);
  EXPECT_EQ(default_status(Errc::stopping), 503);
  EXPECT_EQ(default_status(Errc::outcome_unknown), 503);
  EXPECT_EQ(default_status(Errc::malformed_json), 400);
  EXPECT_EQ(default_status(Errc::unauthenticated), 401);
}

}  // namespace
}  // namespace sluice
