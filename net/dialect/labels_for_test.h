#pragma once

#include "engine/model/label.h"

/// The labels that the dialects' cases and fuzz targets find, under ids that are easy to read.

namespace sluice {

struct FixtureLabel {
  const char* id;
  LabelType type;
  const char* name;
  const char* settings;
  bool archived = false;
};

inline constexpr FixtureLabel kFixtureLabels[] = {
    {"11111111-1111-4111-8111-111111111111", LabelType::numeric, "accuracy", R"({"min":0,"max":1})"},
    {"22222222-2222-4222-8222-222222222222", LabelType::star, "stars", R"({"no_of_stars":5})"},
    {"33333333-3333-4333-8333-333333333333", LabelType::thumbs_up_down, "thumb", "{}"},
    {"44444444-4444-4444-8444-444444444444", LabelType::categorical, "quality",
     R"({"options":[{"label":"Good"},{"label":"Bad"}],"multi_choice":false})"},
    {"55555555-5555-4555-8555-555555555555", LabelType::text, "comment", R"({"min_length":2,"max_length":20})"},
    {"66666666-6666-4666-8666-666666666666", LabelType::numeric, "old", "{}", true},
};

/// What its settings say.
[[nodiscard]] inline LabelRules rules_of(const FixtureLabel& label) {
  LabelRules rules;
  switch (label.type) {
    case LabelType::numeric:
      if (label.archived) break;
      rules.min = Decimal{0, 0};
      rules.max = Decimal{1, 0};
      break;
    case LabelType::categorical:
      rules.options = {{"Good", ""}, {"Bad", ""}};
      break;
    case LabelType::text:
      rules.min_length = 2;
      rules.max_length = 20;
      break;
    case LabelType::star:
    case LabelType::thumbs_up_down:
      break;
  }
  return rules;
}

}  // namespace sluice
