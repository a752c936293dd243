#include "engine/base/decimal.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <random>

#include "engine/base/decimal_cases.h"

namespace sluice {
namespace {

Decimal parsed(std::string_view token) {
  const Result<Decimal> result = parse_decimal(token);
  EXPECT_TRUE(result.ok()) << token << ": " << to_string(result.ok() ? Errc::ok : result.error().code);
  return result.ok() ? *result : Decimal{};
}

Errc error_of(const Result<Decimal>& result) { return result.ok() ? Errc::ok : result.error().code; }

TEST(DecimalTest, ParsesWhatPythonParses) {
  for (const auto& c : decimal_cases::kParse) {
    const Result<Decimal> result = parse_decimal(c.token);
    EXPECT_EQ(error_of(result), c.error) << c.token;
    if (result.ok() && c.error == Errc::ok) {
      EXPECT_EQ(*result, c.value) << c.token << " gave " << result->mantissa << "e" << result->exponent;
    }
  }
}

TEST(DecimalTest, RefusesWhatIsNotTheGrammar) {
  for (const char* token : {"", "-", "+1", "01", "-01", "00", ".5", "5.", "1.e5", "1e", "1e+", "1e-", "e5", "1 ", " 1",
                            "1x", "0x10", "1_000", "1,5", "--1", "NaN", "Infinity", "-Infinity", "1e5.5", "1.2.3",
                            "\"1\"", "1\n"})
    EXPECT_EQ(error_of(parse_decimal(token)), Errc::value_not_number) << token;
  EXPECT_EQ(error_of(parse_decimal(std::string_view("1\0", 2))), Errc::value_not_number);
}

TEST(DecimalTest, CountlessZerosCostNothing) {
  const std::string zeros(100'000, '0');
  EXPECT_EQ(parsed("0." + zeros + "25e100001"), (Decimal{25, -1}));
  EXPECT_EQ(parsed("25" + zeros + "e-100001"), (Decimal{25, -1}));
  EXPECT_EQ(parsed("1." + zeros), (Decimal{1, 0}));
  EXPECT_EQ(error_of(parse_decimal("1" + zeros)), Errc::value_not_finite);
  EXPECT_EQ(error_of(parse_decimal("0." + zeros + "1")), Errc::value_not_exact);
  EXPECT_EQ(error_of(parse_decimal("1." + zeros + "1")), Errc::value_not_exact);
}

TEST(DecimalTest, EveryDoubleComesBackBitForBit) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    // A third each: any bits, whole numbers, and what measurements look like.
    double value = std::bit_cast<double>(random());
    if (i % 3 == 1) value = static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 63));
    if (i % 3 == 2) value = static_cast<double>(random() >> 11) * 0x1p-53;
    if (!std::isfinite(value)) continue;
    char text[40];
    const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    const Decimal decimal = parsed({text, static_cast<std::size_t>(end - text)});
    ASSERT_EQ(to_double(decimal), value) << text;
    ASSERT_EQ(parsed(to_text(decimal)), decimal) << to_text(decimal);
  }
}

TEST(DecimalTest, UpToFifteenDigitsAreAlwaysTheShortestForm) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200'000; ++i) {
    std::int64_t mantissa = static_cast<std::int64_t>(random() % 1'000'000'000'000'000);
    mantissa /= static_cast<std::int64_t>(std::pow(10, random() % 15));
    const int exponent = static_cast<int>(random() % 560) - 290;
    const std::string token = std::to_string(mantissa) + "e" + std::to_string(exponent);
    double value = 0;
    std::from_chars(token.data(), token.data() + token.size(), value);
    char text[40];
    const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    ASSERT_EQ(parsed(token), parsed({text, static_cast<std::size_t>(end - text)})) << token;
  }
}

TEST(DecimalTest, TextMayHaveSpacesAndPlus) {
  const struct {
    const char* text;
    Errc error;
    Decimal value;
  } kCases[] = {
      {" 4.5 ", Errc::ok, {45, -1}},
      {"\t-4.5\n", Errc::ok, {-45, -1}},
      {"+4.5", Errc::ok, {45, -1}},
      {"", Errc::value_not_number, {}},
      {"   ", Errc::value_not_number, {}},
      {"+", Errc::value_not_number, {}},
      {"+-1", Errc::value_not_number, {}},
      {"++1", Errc::value_not_number, {}},
      {"+ 1", Errc::value_not_number, {}},
      {"1 2", Errc::value_not_number, {}},
      {"four", Errc::value_not_number, {}},
      {"nano", Errc::value_not_number, {}},
      {"NaN", Errc::value_not_finite, {}},
      {"-nan", Errc::value_not_finite, {}},
      {" Infinity ", Errc::value_not_finite, {}},
      {"-INF", Errc::value_not_finite, {}},
      {"+inf", Errc::value_not_finite, {}},
      {"1e999", Errc::value_not_finite, {}},
  };
  for (const auto& c : kCases) {
    const Result<Decimal> result = parse_decimal_text(c.text);
    EXPECT_EQ(error_of(result), c.error) << c.text;
    if (result.ok()) {
      EXPECT_EQ(*result, c.value) << c.text;
    }
  }
}

TEST(DecimalTest, ComparesExactly) {
  for (const auto& c : decimal_cases::kCompare) {
    EXPECT_EQ(compare(c.a, c.b), c.order) << c.a.mantissa << "e" << c.a.exponent << " " << to_text(c.b);
    EXPECT_EQ(compare(c.b, c.a), -c.order) << c.a.mantissa << "e" << c.a.exponent << " " << to_text(c.b);
  }
}

TEST(DecimalTest, FindsWholeMultiples) {
  for (const auto& c : decimal_cases::kMultiple) {
    EXPECT_EQ(is_multiple(c.value, c.base, c.step), c.multiple)
        << to_text(c.value) << " from " << to_text(c.base) << " by " << to_text(c.step);
    // The difference's sign does not matter.
    EXPECT_EQ(is_multiple(c.base, c.value, c.step), c.multiple) << to_text(c.value) << " from " << to_text(c.base);
  }
}

TEST(DecimalTest, SmallMultiplesAgreeWithIntegerArithmetic) {
  // Every combination in thousandths, the step in tenths and hundredths as well.
  for (std::int64_t step : {1, 2, 3, 7, 10, 25, 100, 300, 1000})
    for (std::int64_t base = -12; base <= 12; base += 3)
      for (std::int64_t value = -1010; value <= 1010; ++value)
        ASSERT_EQ(is_multiple({value, -3}, {base, -3}, {step, -3}), (value - base) % step == 0)
            << value << " " << base << " " << step;
}

TEST(DecimalTest, KnowsIntegers) {
  EXPECT_TRUE(is_integer(parsed("4")));
  EXPECT_TRUE(is_integer(parsed("4.0")));
  EXPECT_TRUE(is_integer(parsed("0")));
  EXPECT_TRUE(is_integer(parsed("1e300")));
  EXPECT_FALSE(is_integer(parsed("4.5")));
  EXPECT_FALSE(is_integer(parsed("1e-300")));
}

TEST(DecimalTest, PrintsPlainDigitsWhileShort) {
  const struct {
    const char* token;
    const char* printed;
  } kCases[] = {
      {"0", "0"},
      {"-0.0", "0"},
      {"4.50", "4.5"},
      {"-4.5", "-4.5"},
      {"100", "100"},
      {"1e20", "100000000000000000000"},
      {"1e21", "1e+21"},
      {"-1.25e21", "-1.25e+21"},
      {"1e-7", "0.0000001"},
      {"1.5e-7", "0.00000015"},
      {"9.9e-8", "9.9e-8"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"0.1", "0.1"},
      {"123456.789", "123456.789"},
      {"0.05", "0.05"},
  };
  for (const auto& c : kCases) EXPECT_EQ(to_text(parsed(c.token)), c.printed);
}

TEST(DecimalTest, EveryPairOfFieldsConverts) {
  EXPECT_EQ(to_double({INT64_MIN, 0}), -0x1p63);
  EXPECT_EQ(to_double({1, 400}), INFINITY);
  EXPECT_EQ(to_double({-1, 400}), -INFINITY);
  EXPECT_EQ(to_double({1, -400}), 0.0);
  EXPECT_EQ(to_text({INT64_MIN, 0}), "-9223372036854775808");
}

TEST(DecimalDeathTest, StepMustBePositive) { EXPECT_DEATH((void)is_multiple({1, 0}, {0, 0}, {0, 0}), "step"); }

}  // namespace
}  // namespace sluice
