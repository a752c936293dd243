#include "net/dialect/field_reader.h"

#include "engine/base/decimal.h"

namespace sluice {

std::string_view structure_text(Errc code) noexcept {
  switch (code) {
    case Errc::duplicate_key:
      return "has the same key twice.";
    case Errc::too_deep:
      return "is nested too deeply.";
    case Errc::too_many_members:
      return "has too many members.";
    case Errc::too_many_items:
      return "has too many items.";
    case Errc::item_too_long:
      return "is too long.";
    case Errc::string_too_long:
      return "holds a text that is too long.";
    case Errc::invalid_utf8:
      return "holds a text that is not valid Unicode.";
    case Errc::field_null:
      return "must not be null.";
    case Errc::wrong_type:
      return "has the wrong type.";
    default:
      return "is not valid.";
  }
}

std::string broken_text(const JsonDocument& document, Errc code) {
  if (code == Errc::invalid_utf8) return "The body is not valid UTF-8.";
  std::string text =
      code == Errc::trailing_bytes ? "The body goes on behind its JSON value" : "The body is not valid JSON";
  if (document.broken_at() != 0) text.append(" at byte ").append(std::to_string(document.broken_at()));
  text.push_back('.');
  return text;
}

void FieldReader::bad_sentence(std::string_view sentence) {
  if (!problems_.empty()) problems_.push_back(' ');
  problems_.append(sentence);
}

void FieldReader::bad(std::string_view field, std::string_view text) {
  if (!problems_.empty()) problems_.push_back(' ');
  problems_.append(where_).append(field).append(" ").append(text);
}

Errc FieldReader::structure(std::string_view what, Errc code) {
  if (code == Errc::ok || document_.broken()) return code;
  if (code == Errc::duplicate_key) {
    std::string text = "has the key \"";
    text.append(document_.bad_key()).append("\" twice.");
    bad(what, text);
  } else {
    bad(what, structure_text(code));
  }
  return Errc::ok;
}

Errc FieldReader::ignored(JsonValue value) {
  const Errc code = value.skip();
  return document_.broken() ? code : Errc::ok;
}

Errc FieldReader::note(std::string_view field, Errc code, std::string_view expected) {
  if (code == Errc::ok || document_.broken()) return code;
  if (code == Errc::string_too_long) {
    bad(field, "is too long.");
  } else if (code == Errc::wrong_type || code == Errc::field_null) {
    bad(field, expected);
  } else {
    return structure(field, code);
  }
  return Errc::ok;
}

Errc FieldReader::required_text(JsonValue value, std::string_view field, std::size_t bytes_max, std::string_view& out) {
  constexpr std::string_view kExpected = "must be a non-empty string.";
  const Errc code = value.text(out, bytes_max);
  if (code == Errc::ok && out.empty()) bad(field, kExpected);
  return note(field, code, kExpected);
}

Errc FieldReader::optional_text(JsonValue value, std::string_view field, std::size_t bytes_max, std::string_view& out,
                                bool& given) {
  if (value.kind() == JsonKind::null) return note(field, value.skip(), "must be a string or null.");
  const Errc code = value.text(out, bytes_max);
  given = code == Errc::ok;
  return note(field, code, "must be a string or null.");
}

Errc FieldReader::number(JsonValue value, std::string_view field, bool null_allowed, ValueInput& out) {
  const std::string_view expected = null_allowed ? "must be a number or null." : "must be a number.";
  if (null_allowed && value.kind() == JsonKind::null) return note(field, value.skip(), expected);
  std::string_view token;
  const Errc code = value.number(token);
  if (code != Errc::ok) return note(field, code, expected);
  const Result<Decimal> parsed = parse_decimal(token);
  if (!parsed.ok()) {
    switch (parsed.error().code) {
      case Errc::value_not_finite:
        bad(field, "must be a finite number.");
        break;
      case Errc::value_not_exact:
        bad(field, "has more digits than a double can hold.");
        break;
      default:
        bad(field, expected);
        break;
    }
    return Errc::ok;
  }
  out.shape = ValueInput::Shape::bare;
  out.kind = ValueInput::Kind::number;
  out.text = token;
  return Errc::ok;
}

}  // namespace sluice
