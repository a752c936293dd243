#include "net/dialect/label_settings.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "net/dialect/value_json.h"

namespace sluice {
namespace {

/// "ok", or why not.
std::string check(LabelType type, std::string settings, SettingsKeys keys, LabelRules* rules = nullptr) {
  JsonParser parser;
  Arena arena;
  LabelRules own;
  std::string why;
  const std::size_t size = settings.size();
  settings.append(limits::kPadding, ' ');
  const bool ok = read_label_settings(parser, arena, type, std::string_view(settings).substr(0, size), keys,
                                      rules == nullptr ? own : *rules, why);
  return ok ? "ok" : why;
}

struct Case {
  LabelType type;
  const char* settings;
  const char* expected;
};

TEST(LabelSettingsTest, ChecksEachTypeInItsOrder) {
  const Case kCases[] = {
      {LabelType::numeric, R"({"min":0,"max":1,"step_size":0.1,"display_type":"slider"})", "ok"},
      {LabelType::numeric, R"({"max":1})", "ok"},
      {LabelType::numeric, R"({"min":null})", "min cannot be null"},
      {LabelType::numeric, R"({"min":"0"})", "min must be an float"},
      {LabelType::numeric, R"({"max":true})", "max must be an float"},
      {LabelType::numeric, R"({"min":-1,"max":1})", "ok"},
      {LabelType::numeric, R"({"max":-1})", "ok"},
      {LabelType::numeric, R"({"min":-1,"max":-2})", "min must be less than max"},
      {LabelType::numeric, R"({"min":1,"max":1})", "min must be less than max"},
      {LabelType::numeric, R"({"step_size":0})", "step_size must be greater than 0"},
      {LabelType::numeric, R"({"display_type":"dial"})", "display_type must be either 'slider' or 'button'"},
      {LabelType::numeric, R"({"step":1})",
       "'step' is no setting of a numeric label; it has min, max, step_size, display_type"},
      {LabelType::numeric, R"({"min":0,"min":1})", "settings has the key 'min' twice"},
      {LabelType::numeric, R"([])", "settings must be a JSON object"},
      {LabelType::text, R"({"placeholder":"p","max_length":5,"min_length":1})", "ok"},
      {LabelType::text, R"({"placeholder":1})", "placeholder must be a string"},
      {LabelType::text, R"({"max_length":1.5})", "max_length must be an integer"},
      {LabelType::text, R"({"max_length":-1e300})", "max_length cannot be negative"},
      {LabelType::text, R"({"max_length":5,"min_length":5})", "min_length must be less than max_length"},
      {LabelType::categorical, R"({"options":[{"label":"a"},{"label":"b","value":"B"}],"multi_choice":true})", "ok"},
      {LabelType::categorical, R"({"options":["a","b"]})", "ok"},
      {LabelType::categorical, R"({"options":{}})", "options must be a list"},
      {LabelType::categorical, R"({"options":[{"name":"a"}]})",
       "Each option must be a dictionary with a 'label' field"},
      {LabelType::categorical, R"({"options":[{"label":" "},{"label":"b"}]})", "Option labels cannot be empty"},
      {LabelType::categorical, R"({"options":[{"label":"a "},{"label":"A"}]})",
       "Categorical option labels must be unique"},
      {LabelType::categorical, R"({"options":[{"label":"a"}]})", "There must be at least two options"},
      {LabelType::categorical, R"({"multi_choice":1})", "multi_choice must be a boolean"},
      {LabelType::categorical, R"({"rule_prompt":1})", "rule_prompt must be a string"},
      {LabelType::categorical, R"({"strategy":"x"})", "Strategy must be 'Rag' or None."},
      {LabelType::categorical, R"({"strategy":null,"auto_annotate":0})", "auto_annotate must be a boolean"},
      {LabelType::star, R"({"no_of_stars":7})", "ok"},
      {LabelType::star, R"({"no_of_stars":0})", "no_of_stars must be greater than 0"},
      {LabelType::star, R"({"no_of_stars":"5"})", "no_of_stars must be an integer"},
      {LabelType::thumbs_up_down, R"({})", "ok"},
      {LabelType::thumbs_up_down, R"({"a":1})", "'a' is no setting of a thumbs_up_down label"},
  };
  for (const Case& c : kCases) EXPECT_EQ(check(c.type, c.settings, SettingsKeys::any), c.expected) << c.settings;
}

TEST(LabelSettingsTest, AllKeysAreNamedWhereTheyMustBe) {
  const Case kCases[] = {
      {LabelType::numeric, R"({"min":0})",
       "Numeric type requires {'min', 'max', 'step_size', 'display_type'} settings"},
      {LabelType::numeric, R"({"min":0,"max":1,"step_size":1,"display_type":"button","more":1})", "ok"},
      {LabelType::numeric, R"({"min":-1,"max":1,"step_size":1,"display_type":"button"})", "min cannot be negative"},
      {LabelType::numeric, R"({"min":-2,"max":-1,"step_size":1,"display_type":"button"})", "min cannot be negative"},
      {LabelType::numeric, R"({})", "ok"},
      {LabelType::text, R"({"placeholder":""})",
       "Text type requires {'placeholder', 'max_length', 'min_length'} settings"},
      {LabelType::star, R"({"x":1})", "Star type requires {'no_of_stars'} settings"},
      {LabelType::categorical,
       R"({"rule_prompt":"","multi_choice":false,"options":["a","b"],"auto_annotate":false,"strategy":null})",
       "Each option must be a dictionary with a 'label' field"},
      {LabelType::thumbs_up_down, R"({"x":1})", "ok"},
  };
  for (const Case& c : kCases) EXPECT_EQ(check(c.type, c.settings, SettingsKeys::all), c.expected) << c.settings;
}

TEST(LabelSettingsTest, FillsTheRules) {
  LabelRules rules;
  ASSERT_EQ(check(LabelType::numeric, R"({"min":0,"max":1.5,"step_size":0.1})", SettingsKeys::any, &rules), "ok");
  EXPECT_EQ(rules.min, (Decimal{0, 0}));
  EXPECT_EQ(rules.max, (Decimal{15, -1}));
  EXPECT_EQ(rules.step, (Decimal{1, -1}));
  ASSERT_EQ(check(LabelType::categorical, R"({"options":[{"label":"a","value":"1"},"b"],"multi_choice":true})",
                  SettingsKeys::any, &rules),
            "ok");
  ASSERT_EQ(rules.options.size(), 2u);
  EXPECT_EQ(rules.options[0].value, "1");
  EXPECT_EQ(rules.options[1].label, "b");
  EXPECT_TRUE(rules.multi_choice);
  EXPECT_FALSE(rules.min.has_value());
}

TEST(ValueJsonTest, WritesTheCanonicalShapes) {
  const std::string_view options[] = {"a", "b\""};
  Value value;
  const auto shape = [&](LabelType type, std::string_view verdict = {}) {
    std::string out;
    append_value_json(out, value, type, verdict);
    return out;
  };
  EXPECT_EQ(shape(LabelType::numeric), "null");
  EXPECT_EQ(shape(LabelType::numeric, "pass"), R"({"label":"pass"})");
  value.kind = Value::Kind::number;
  value.number = Decimal{35, -1};
  EXPECT_EQ(shape(LabelType::numeric, "pass"), R"({"value":3.5,"label":"pass"})");
  EXPECT_EQ(shape(LabelType::star), R"({"rating":3.5})");
  value.kind = Value::Kind::selection;
  value.selection = options;
  EXPECT_EQ(shape(LabelType::categorical), R"({"selected":["a","b\""]})");
  value.kind = Value::Kind::thumb_down;
  EXPECT_EQ(shape(LabelType::thumbs_up_down), R"({"value":"down"})");
  value.text = "boom";
  value.kind = Value::Kind::text;
  EXPECT_EQ(shape(LabelType::text), R"({"text":"boom"})");
  value.kind = Value::Kind::failure;
  EXPECT_EQ(shape(LabelType::numeric), R"({"error":"boom"})");
}

}  // namespace
}  // namespace sluice
