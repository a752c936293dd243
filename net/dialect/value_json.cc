#include "net/dialect/value_json.h"

#include "net/dialect/json_writer.h"

namespace sluice {
namespace {

std::string_view payload_key(const Value& value, LabelType type) noexcept {
  switch (value.kind) {
    case Value::Kind::none: return {};
    case Value::Kind::number: return type == LabelType::star ? "rating" : "value";
    case Value::Kind::text: return "text";
    case Value::Kind::selection: return "selected";
    case Value::Kind::thumb_up:
    case Value::Kind::thumb_down: return "value";
    case Value::Kind::failure: return "error";
  }
  return {};
}

}  // namespace

void append_bare_value_json(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::number: append_decimal(out, value.number); return;
    case Value::Kind::text: append_json_string(out, value.text); return;
    case Value::Kind::thumb_up: out += "\"up\""; return;
    case Value::Kind::thumb_down: out += "\"down\""; return;
    case Value::Kind::selection:
      out += '[';
      for (std::size_t i = 0; i < value.selection.size(); ++i) {
        if (i != 0) out += ',';
        append_json_string(out, value.selection[i]);
      }
      out += ']';
      return;
    case Value::Kind::none:
    case Value::Kind::failure: break;
  }
  out += "null";
}

void append_value_json(std::string& out, const Value& value, LabelType type, std::string_view verdict) {
  const std::string_view key = payload_key(value, type);
  if (key.empty() && verdict.empty()) {
    out += "null";
    return;
  }
  out += '{';
  if (!key.empty()) {
    append_json_key(out, key);
    if (value.kind == Value::Kind::failure) {
      append_json_string(out, value.text);
    } else {
      append_bare_value_json(out, value);
    }
  }
  if (!verdict.empty()) append_json_field(out, "label", verdict);
  out += '}';
}

}  // namespace sluice
