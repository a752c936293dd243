#include "tools/backup/json_slices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(JsonSlicesTest, CutsAnObjectIntoTheTextsOfItsValues) {
  EXPECT_THAT(json_members(R"({"a":1.50,"b":"x\"},{","c":{"d":["]",{}]},"e":null,"f":[]})"),
              ElementsAre(Pair("a", "1.50"), Pair("b", R"("x\"},{")"), Pair("c", R"({"d":["]",{}]})"),
                          Pair("e", "null"), Pair("f", "[]")));
  EXPECT_THAT(json_members("{}"), IsEmpty());
}

TEST(JsonSlicesTest, CutsAListIntoItsValues) {
  EXPECT_THAT(json_elements(R"([{"a":[1,2]},"\\",true,-3e5,"\\\""])"),
              ElementsAre(R"({"a":[1,2]})", R"("\\")", "true", "-3e5", R"("\\\"")"));
  EXPECT_THAT(json_elements("[]"), IsEmpty());
}

TEST(JsonSlicesTest, RefusesWhatIsCutOff) {
  for (const char* const text :
       {"", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"\\", "{\"a\":[1}", "{}}", "[1]", "null"})
    EXPECT_THROW((void)json_members(text), std::runtime_error) << text;
  for (const char* const text : {"", "[", "[1", "[1,", "[\"]", "[[1]", "[]x", "{}"})
    EXPECT_THROW((void)json_elements(text), std::runtime_error) << text;
}

}  // namespace
}  // namespace sluice
