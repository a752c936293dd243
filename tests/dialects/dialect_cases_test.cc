#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "tests/dialects/case_file.h"
#include "tests/dialects/case_server.h"

namespace sluice::cases {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::vector<std::string> case_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_CASES))
    if (entry.path().extension() == ".txt" && entry.path().stem() != "CMakeLists")
      names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class DialectCasesTest : public testing::TestWithParam<std::string> {};

TEST_P(DialectCasesTest, AnswersAsTheTableSays) {
  const std::filesystem::path path = std::filesystem::path(SLUICE_CASES) / (GetParam() + ".txt");
  const bool update = std::getenv("SLUICE_UPDATE_CASES") != nullptr;
  std::vector<CaseText> cases = parse_cases(read_file(path));
  ASSERT_FALSE(cases.empty());
  for (CaseText& each : cases) {
    const std::string expected = render(each);
    CaseServer server(each.settings);
    for (ExchangeText& exchange : each.exchanges) {
      EXPECT_TRUE(update || !exchange.reply.empty()) << each.name() << " has no reply; SLUICE_UPDATE_CASES=1 writes it";
      server.run(exchange);
    }
    if (update) continue;
    EXPECT_EQ(render(each), expected) << each.name();
  }
  if (update) std::ofstream(path, std::ios::binary) << render(cases);
}

INSTANTIATE_TEST_SUITE_P(Files, DialectCasesTest, testing::ValuesIn(case_files()),
                         [](const auto& file) { return file.param; });

TEST(CaseFileTest, ATableReadsAndRendersTheSame) {
  const std::string text =
      "# One.\n! strict scopes=read\n> GET /a\n< 200\n< {}\n> POST /b\n> {}\n>\n= record 0 x\n< 201\n\n# Two.\n> GET "
      "/c\n";
  const std::vector<CaseText> cases = parse_cases(text);
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[0].exchanges.size(), 2u);
  EXPECT_EQ(cases[0].exchanges[1].request.size(), 3u);
  EXPECT_EQ(render(cases), text);
}

TEST(CaseFileTest, ALineOfNoKindIsNamed) {
  try {
    (void)parse_cases("# One.\n? what\n");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "line 2 begins with none of # ! > = <: ? what");
  }
}

TEST(CaseServerTest, AnAnswerWithoutRoomIsShortHoweverManyItemsAreBad) {
  constexpr int kItems = 5000;
  for (const bool native : {true, false}) {
    CaseText each;
    each.settings = {"crowded"};
    std::string body = native ? "[1" : "{\"batch\":[{\"id\":\"e\",\"type\":\"trace-create\",\"body\":{\"id\":\"t\"}}";
    for (int i = 1; i < kItems; ++i) body += ",1";
    each.exchanges.emplace_back().request = {native ? "POST /v1/scores" : "POST /api/v1/traces",
                                             body + (native ? "]" : "]}")};
    CaseServer server(each.settings);
    server.run(each.exchanges[0]);
    const std::string& answer = each.exchanges[0].reply.back();
    EXPECT_GT(answer.size(), limits::kShortReplyBytes) << native;
    EXPECT_LT(answer.size(), limits::kCountedReplyBytes) << native;
    const char* const told = native ? "{\"stored\":0,\"rejected\":5000," : "{\"accepted\":1,";
    EXPECT_EQ(answer.substr(0, std::string_view(told).size()), told);
    EXPECT_NE(answer.find(native ? "],\"results_cut\":true}" : " more.\"]}"), std::string::npos) << native;
  }
}

TEST(CaseServerTest, AWrongTableFails) {
  // The canary: what the runner compares depends on the request.
  const auto reply_to = [](const char* request) {
    std::vector<CaseText> cases = parse_cases(request);
    CaseServer server(cases[0].settings);
    server.run(cases[0].exchanges[0]);
    return cases[0].exchanges[0].reply;
  };
  EXPECT_NE(reply_to("> GET /v1/labels?limit=1\n"), reply_to("> GET /v1/labels?limit=2\n"));
}

}  // namespace
}  // namespace sluice::cases
