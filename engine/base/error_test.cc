#include "engine/base/error.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace sluice {
namespace {

TEST(ErrorTest, EveryCodeHasItsOwnSnakeCaseName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Errc::malformed_request); ++code) {
    const std::string_view name = to_string(static_cast<Errc>(code));
    EXPECT_NE(name, "unknown") << code;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos) << name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Errc::malformed_request) + 1);
  EXPECT_EQ(to_string(Errc::ok), "ok");
  EXPECT_EQ(to_string(Errc::value_off_step), "value_off_step");
  EXPECT_EQ(to_string(static_cast<Errc>(60'000)), "unknown");
}

TEST(ErrorTest, AResultHoldsAValueOrAnError) {
  Result<std::unique_ptr<int>> good = std::make_unique<int>(3);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(**good, 3);
  const Result<std::string> bad = Error{Errc::bad_uuid, 7, "id"};
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::bad_uuid);
  EXPECT_EQ(bad.error().index, 7u);
  EXPECT_TRUE(Result<void>().ok());
  EXPECT_FALSE(Result<void>(Errc::corrupt).ok());
}

TEST(ErrorDeathTest, TheValueOfAnErrorIsAProgrammersMistake) {
  Result<int> bad = Errc::internal;
  EXPECT_DEATH((void)bad.value(), "error.h.*check failed");
}

}  // namespace
}  // namespace sluice
