#include "engine/model/label.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"

namespace sluice {
namespace {

using Kind = ValueInput::Kind;
using Shape = ValueInput::Shape;

[[nodiscard]] ValueInput number(std::string_view token, Shape shape = Shape::bare) {
  return {shape, Kind::number, false, token, {}};
}
[[nodiscard]] ValueInput text(std::string_view content, Shape shape = Shape::bare) {
  return {shape, Kind::text, false, content, {}};
}
[[nodiscard]] ValueInput boolean(bool value, Shape shape = Shape::bare) {
  return {shape, Kind::boolean, value, {}, {}};
}
[[nodiscard]] ValueInput of(Kind kind, Shape shape = Shape::bare) { return {shape, kind, false, {}, {}}; }
[[nodiscard]] ValueInput list(std::span<const std::string_view> items, Shape shape = Shape::bare) {
  return {shape, Kind::list, false, {}, items};
}

[[nodiscard]] Decimal decimal(std::string_view token) { return *parse_decimal(token); }

[[nodiscard]] Label label_of(LabelType type) {
  Label label;
  label.type = type;
  label.name = "n";
  return label;
}
[[nodiscard]] Label numeric(std::string_view min, std::string_view max, std::string_view step) {
  Label label = label_of(LabelType::numeric);
  if (!min.empty()) label.rules.min = decimal(min);
  if (!max.empty()) label.rules.max = decimal(max);
  if (!step.empty()) label.rules.step = decimal(step);
  return label;
}

struct Case {
  const char* name;
  ValueInput input;
  const char* text;  // Of the refusal; "" when the value is good.
};

/// Checks that each input is refused with exactly that text, or accepted.
void expect_texts(const Label& label, std::span<const Case> cases) {
  for (const Case& c : cases) {
    Value value;
    std::string_view scratch;
    const Result<void> checked = check_value(label, c.input, value, scratch);
    std::string said;
    if (!checked) append_value_text(said, checked.error().code, label);
    EXPECT_EQ(said, c.text) << c.name;
    EXPECT_EQ(checked.ok(), said.empty()) << c.name;
  }
}

TEST(CheckValueTest, NumericChecksBoundsAndStepsInDecimal) {
  const Case kCases[] = {
      {"inside", number("0.3"), ""},
      {"on the minimum", number("0"), ""},
      {"on the maximum", number("1"), ""},
      {"wrapped", number("0.3", Shape::value), ""},
      {"numeric text", text("0.3"), ""},
      {"numeric text with blanks", text(" 0.3 "), ""},
      {"three steps of a tenth, one too many", number("0.30000000000000004"), "n must match the configured step size."},
      {"below", number("-0.1"), "n must be between 0 and 1."},
      {"above", number("1.1"), "n must be between 0 and 1."},
      {"off the step", number("0.25"), "n must match the configured step size."},
      {"a word", text("high"), "n must be a number."},
      {"true", boolean(true), "n must be a number."},
      {"a list", list({}), "n must be a number."},
      {"another wrapper", number("0.3", Shape::rating), "n must be a number."},
      {"an object", of(Kind::invalid), "n must be a number."},
      {"null", of(Kind::null), "n must be a number."},
      {"absent", of(Kind::absent), "n must be a number."},
      {"empty text", text(""), "n must be a number."},
      {"wrapped null", of(Kind::null, Shape::value), "n must be a number."},
      {"too large for a double", number("1e999"), "n must be a finite number."},
      {"NaN", text("NaN"), "n must be a finite number."},
      {"more digits than a double", number("0.12345678901234567890123"),
       "n must be a number that a double holds exactly as written."},
  };
  expect_texts(numeric("0", "1", "0.1"), kCases);
}

TEST(CheckValueTest, NumericStepsBeginAtTheMinimumAndTheMaximumIsAlwaysGood) {
  const Case kCases[] = {
      {"first step", number("3.5"), ""},
      {"whole number", number("3"), "n must match the configured step size."},
      {"the maximum, off every step", number("10"), ""},
      {"beyond", number("10.5"), "n must be between 0.5 and 10."},
  };
  expect_texts(numeric("0.5", "10", "3"), kCases);
  const Case kBadStep[] = {{"any", number("1"), "n has an invalid step size."}};
  expect_texts(numeric("0", "2", "0"), kBadStep);
  expect_texts(numeric("0", "2", "-1"), kBadStep);
}

TEST(CheckValueTest, AbsentSettingsAreNotChecked) {
  const Case kAny[] = {{"negative", number("-12345.678"), ""}, {"large", number("1e300"), ""}};
  expect_texts(numeric("", "", ""), kAny);
  const Case kMinOnly[] = {{"above", number("1e300"), ""}, {"below", number("0.5"), "n must be at least 1."}};
  expect_texts(numeric("1", "", ""), kMinOnly);
  const Case kMaxOnly[] = {{"below", number("-1e300"), ""}, {"above", number("2"), "n must be at most 1.25."}};
  expect_texts(numeric("", "1.25", ""), kMaxOnly);
  const Case kStepOnly[] = {{"on", number("-0.3"), ""},
                            {"off", number("0.25"), "n must match the configured step size."}};
  expect_texts(numeric("", "", "0.1"), kStepOnly);
}

TEST(CheckValueTest, StarsAreWholeAndInRange) {
  Label label = label_of(LabelType::star);
  const Case kCases[] = {
      {"one", number("1"), ""},
      {"five", number("5", Shape::rating), ""},
      {"four, as a value", number("4", Shape::value), ""},
      {"four, written 4.0", number("4.0"), ""},
      {"numeric text", text("4"), ""},
      {"zero", number("0"), "n must be between 1 and 5."},
      {"six", number("6"), "n must be between 1 and 5."},
      {"huge", number("1e300"), "n must be between 1 and 5."},
      {"negative", number("-1"), "n must be between 1 and 5."},
      {"half a star", number("4.5"), "n must be a whole-star rating."},
      {"a word", text("four"), "n must be a number."},
      {"a rating of zero is blank", number("0", Shape::rating), "n must be a number."},
      {"a blank rating", text("", Shape::rating), "n must be a number."},
      {"true", boolean(true), "n must be a number."},
      {"another wrapper", number("4", Shape::selected), "n must be a number."},
  };
  expect_texts(label, kCases);
  label.rules.stars = 10;
  const Case kTen[] = {{"ten", number("10"), ""}, {"eleven", number("11"), "n must be between 1 and 10."}};
  expect_texts(label, kTen);
}

TEST(CheckValueTest, TextLengthCountsCodePoints) {
  Label label = label_of(LabelType::text);
  label.rules.min_length = 2;
  label.rules.max_length = 3;
  const Case kCases[] = {
      {"two", text("ab"), ""},
      {"three of two bytes each", text("\xc3\xa9\xc3\xa9\xc3\xa9"), ""},
      {"one of four bytes", text("\xf0\x9f\x98\x80"), "n must be at least 2 characters."},
      {"four", text("abcd"), "n must be at most 3 characters."},
      {"wrapped", text("abc", Shape::text), ""},
      {"another wrapper", text("abc", Shape::value), "n must be text."},
      {"a number", number("12"), "n must be text."},
      {"a boolean", boolean(false), "n must be text."},
      {"empty", text(""), "n must be text."},
      {"null", of(Kind::null, Shape::text), "n must be text."},
  };
  expect_texts(label, kCases);
  const Case kUnbounded[] = {{"one", text("a"), ""}};
  expect_texts(label_of(LabelType::text), kUnbounded);
}

TEST(CheckValueTest, SelectionsComeFromTheOptions) {
  Label label = label_of(LabelType::categorical);
  label.rules.options = {{"Good", "good"}, {"Bad", ""}};
  constexpr std::string_view kGood[] = {"good"};
  constexpr std::string_view kBoth[] = {"Good", "Bad"};
  constexpr std::string_view kUnknown[] = {"ugly"};
  constexpr std::string_view kBlank[] = {""};
  const Case kSingle[] = {
      {"bare label", text("Good"), ""},
      {"bare value", text("good"), ""},
      {"list", list(kGood), ""},
      {"selected list", list(kGood, Shape::selected), ""},
      {"selected text", text("Bad", Shape::selected), ""},
      {"unknown", list(kUnknown), "n contains an option that is not configured."},
      {"an option without a value is not the empty text", list(kBlank), "n contains an option that is not configured."},
      {"other case", text("GOOD"), "n contains an option that is not configured."},
      {"two", list(kBoth), "n allows only one selected option."},
      {"number", number("1"), "n must select one of the configured options."},
      {"another wrapper", text("good", Shape::value), "n must select one of the configured options."},
      {"empty list", list({}), "n must select one of the configured options."},
      {"selected null", of(Kind::null, Shape::selected), "n must select one of the configured options."},
  };
  expect_texts(label, kSingle);
  label.rules.multi_choice = true;
  const Case kMulti[] = {{"two", list(kBoth), ""}};
  expect_texts(label, kMulti);
  const std::vector<std::string_view> many(limits::kSelectedOptions + 1, "good");
  const Case kMany[] = {{"too many", list(many), "n allows at most 256 selected options."}};
  expect_texts(label, kMany);
  Label open = label_of(LabelType::categorical);
  const Case kOpen[] = {{"any", text("whatever"), ""},
                        {"but not none", list(kBlank), "n contains an option that is not configured."}};
  expect_texts(open, kOpen);
}

TEST(CheckValueTest, ThumbsAreUpOrDown) {
  const Case kCases[] = {
      {"up", text("up"), ""},
      {"down", text("down", Shape::value), ""},
      {"true", boolean(true), "n must be thumbs up or thumbs down."},
      {"other case", text("Up"), "n must be thumbs up or thumbs down."},
      {"number", number("1"), "n must be thumbs up or thumbs down."},
      {"another wrapper", text("up", Shape::text), "n must be thumbs up or thumbs down."},
      {"blank", text("", Shape::value), "n must be thumbs up or thumbs down."},
  };
  expect_texts(label_of(LabelType::thumbs_up_down), kCases);
}

TEST(CheckValueTest, EvaluatorsTakeOnlyNumbersFromZeroToOne) {
  Label label = numeric("0", "1", "");
  label.origin = LabelOrigin::evaluator;
  const Case kCases[] = {
      {"zero", number("0"), ""},
      {"one", number("1.0"), ""},
      {"above", number("1.01"), "n must be between 0 and 1."},
      {"below", number("-0.01"), "n must be between 0 and 1."},
      {"text", text("0.5"), "n must be a number."},
      {"absent", of(Kind::absent), "n must be a number."},
  };
  expect_texts(label, kCases);
}

TEST(CheckValueTest, AnnotationsMayHaveAnyNumberOrNone) {
  Label label = label_of(LabelType::numeric);
  label.origin = LabelOrigin::annotation;
  const Case kCases[] = {
      {"any number", number("-17.5"), ""},
      {"absent", of(Kind::absent), ""},
      {"null", of(Kind::null), ""},
      {"text", text("5"), "n must be a number."},
      {"infinite", number("1e999"), "n must be a finite number."},
  };
  expect_texts(label, kCases);
  Value value;
  std::string_view scratch;
  ASSERT_TRUE(check_value(label, of(Kind::absent), value, scratch).ok());
  EXPECT_EQ(value.kind, Value::Kind::none);
}

TEST(CheckValueTest, FailuresAreNeverAValue) {
  for (const LabelType type :
       {LabelType::text, LabelType::categorical, LabelType::numeric, LabelType::star, LabelType::thumbs_up_down}) {
    Value value;
    std::string_view scratch;
    const ValueInput input{Shape::bare, Kind::failure, false, "timed out", {}};
    ASSERT_TRUE(check_value(label_of(type), input, value, scratch).ok()) << to_string(type);
    EXPECT_EQ(value.kind, Value::Kind::failure);
    EXPECT_EQ(value.text, "timed out");
  }
}

TEST(CheckValueTest, FillsTheTypedValue) {
  Value value;
  std::string_view scratch;
  ASSERT_TRUE(check_value(label_of(LabelType::numeric), number("3.50"), value, scratch).ok());
  EXPECT_EQ(value.kind, Value::Kind::number);
  EXPECT_EQ(value.number, (Decimal{35, -1}));
  ASSERT_TRUE(check_value(label_of(LabelType::star), number("4"), value, scratch).ok());
  EXPECT_EQ(value.number, (Decimal{4, 0}));
  ASSERT_TRUE(check_value(label_of(LabelType::thumbs_up_down), text("down"), value, scratch).ok());
  EXPECT_EQ(value.kind, Value::Kind::thumb_down);
  ASSERT_TRUE(check_value(label_of(LabelType::text), text("fine"), value, scratch).ok());
  EXPECT_EQ(value.kind, Value::Kind::text);
  EXPECT_EQ(value.text, "fine");
  ASSERT_TRUE(check_value(label_of(LabelType::categorical), text("b"), value, scratch).ok());
  EXPECT_EQ(value.kind, Value::Kind::selection);
  ASSERT_EQ(value.selection.size(), 1u);
  EXPECT_EQ(value.selection[0], "b");
  EXPECT_EQ(value.selection.data(), &scratch);
}

TEST(CheckValueTest, ARefusedValueLeavesNothingBehind) {
  Value value;
  std::string_view scratch;
  value.kind = Value::Kind::number;
  value.number = {1, 0};
  EXPECT_FALSE(check_value(label_of(LabelType::numeric), text("x"), value, scratch).ok());
  EXPECT_EQ(value.kind, Value::Kind::none);
}

TEST(ValueTest, EqualityComparesContent) {
  constexpr std::string_view kOne[] = {"a"};
  constexpr std::string_view kTwo[] = {"a", "b"};
  const std::string copy = "a";
  const std::string_view kCopied[] = {copy};
  using enum Value::Kind;
  EXPECT_EQ((Value{number, {5, -1}, {}, {}}), (Value{number, {5, -1}, {}, {}}));
  EXPECT_FALSE((Value{number, {5, -1}, {}, {}}) == (Value{number, {5, 0}, {}, {}}));
  EXPECT_EQ((Value{selection, {}, {}, kOne}), (Value{selection, {}, {}, kCopied}));
  EXPECT_FALSE((Value{selection, {}, {}, kOne}) == (Value{selection, {}, {}, kTwo}));
  EXPECT_FALSE((Value{text, {}, "a", {}}) == (Value{failure, {}, "a", {}}));
  EXPECT_FALSE((Value{text, {}, "a", {}}) == (Value{text, {}, "b", {}}));
  EXPECT_EQ((Value{thumb_up, {}, {}, {}}), (Value{thumb_up, {}, {}, {}}));
}

TEST(ValueTest, NamesAreTheWireNames) {
  EXPECT_EQ(to_string(LabelType::thumbs_up_down), "thumbs_up_down");
  EXPECT_EQ(to_string(LabelType::categorical), "categorical");
  EXPECT_EQ(to_string(DialectCode::futureagi), "futureagi");
  EXPECT_EQ(to_string(static_cast<DialectCode>(99)), "");
}

}  // namespace
}  // namespace sluice
