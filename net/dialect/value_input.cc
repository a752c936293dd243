#include "engine/base/limits.h"
#include "net/dialect/json_cursor.h"

/// read_value_input(): what a score's value looks like on the wire, in every dialect.

namespace sluice {
namespace {

using Kind = ValueInput::Kind;
using Shape = ValueInput::Shape;

/// Room for a list's texts that is not filled with anything first: 4 KiB for what is mostly one text.
union ListTexts {
  ListTexts() {}
  std::string_view at[limits::kSelectedOptions];
};

Errc read_list(JsonValue value, Arena& arena, ValueInput& out) {
  ListTexts found;
  std::size_t count = 0;
  bool only_texts = true;
  const Errc code = value.array([&](std::size_t, JsonValue& element) -> Errc {
    if (element.kind() != JsonKind::string) {
      only_texts = false;
      return element.skip();
    }
    std::string_view text;
    const Errc read = element.text(text, limits::kStringBytes);
    if (read != Errc::ok) return read;
    if (count == limits::kSelectedOptions) return Errc::too_many_members;
    found.at[count++] = text;
    return Errc::ok;
  });
  if (code != Errc::ok) return code;
  out.kind = only_texts ? Kind::list : Kind::invalid;
  if (only_texts) out.list = arena.copy(std::span<const std::string_view>(found.at, count));
  return Errc::ok;
}

/// Anything but an object.
Errc read_payload(JsonValue value, Arena& arena, ValueInput& out) {
  switch (value.kind()) {
    case JsonKind::null:
      out.kind = Kind::null;
      return value.skip();
    case JsonKind::boolean:
      out.kind = Kind::boolean;
      return value.boolean(out.boolean);
    case JsonKind::number:
      out.kind = Kind::number;
      return value.number(out.text);
    case JsonKind::string:
      out.kind = Kind::text;
      return value.text(out.text, limits::kStringBytes);
    case JsonKind::array:
      return read_list(value, arena, out);
    case JsonKind::object:
      out.kind = Kind::invalid;
      return value.skip();
  }
  return Errc::internal;
}

}  // namespace

Errc read_value_input(JsonValue value, Arena& arena, ValueInput& out, std::string_view& verdict) {
  out = {};
  if (value.kind() != JsonKind::object) return read_payload(value, arena, out);
  bool odd = false;
  int payloads = 0;
  std::string_view label;
  const Errc code = value.object([&](std::string_view key, JsonValue& member) -> Errc {
    if (key == "label") {
      if (member.kind() == JsonKind::null) return member.skip();
      odd = odd || member.kind() != JsonKind::string;
      return odd ? member.skip() : member.text(label, limits::kStringBytes);
    }
    ++payloads;
    if (key == "value")
      out.shape = Shape::value;
    else if (key == "rating")
      out.shape = Shape::rating;
    else if (key == "selected")
      out.shape = Shape::selected;
    else if (key == "text")
      out.shape = Shape::text;
    else if (key == "error" && member.kind() == JsonKind::string) {
      const Errc read = member.text(out.text, limits::kStringBytes);
      out.kind = Kind::failure;
      return read;
    } else {
      odd = true;
      return member.skip();
    }
    return read_payload(member, arena, out);
  });
  if (code != Errc::ok) return code;
  if (odd || payloads != 1) {
    out = {};
    out.kind = Kind::invalid;
    return Errc::ok;
  }
  if (!label.empty()) verdict = label;
  return Errc::ok;
}

}  // namespace sluice
