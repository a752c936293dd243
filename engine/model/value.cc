#include "engine/model/value.h"

#include <algorithm>

namespace sluice {

std::string_view to_string(LabelType type) noexcept {
  switch (type) {
    case LabelType::text: return "text";
    case LabelType::categorical: return "categorical";
    case LabelType::numeric: return "numeric";
    case LabelType::star: return "star";
    case LabelType::thumbs_up_down: return "thumbs_up_down";
  }
  return "";
}

bool operator==(const Value& a, const Value& b) noexcept {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Value::Kind::number: return a.number == b.number;
    case Value::Kind::text:
    case Value::Kind::failure: return a.text == b.text;
    case Value::Kind::selection: return std::ranges::equal(a.selection, b.selection);
    case Value::Kind::none:
    case Value::Kind::thumb_up:
    case Value::Kind::thumb_down: return true;
  }
  return false;
}

}  // namespace sluice
