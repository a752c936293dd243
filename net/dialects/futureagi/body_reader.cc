#include "net/dialects/futureagi/body_reader.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "net/dialect/field_reader.h"

namespace sluice::futureagi {
namespace {

constexpr std::size_t kChoiceBytesShown = 64;

}  // namespace

std::string_view type_name(JsonKind kind) noexcept {
  switch (kind) {
    case JsonKind::null:
      return "NoneType";
    case JsonKind::boolean:
      return "bool";
    case JsonKind::number:
      return "int";
    case JsonKind::string:
      return "str";
    case JsonKind::array:
      return "list";
    case JsonKind::object:
      return "dict";
  }
  return "object";
}

bool is_source_type(std::string_view text) {
  switch (source_spelling(text)) {
    case SourceSpelling::trace:
    case SourceSpelling::span:
    case SourceSpelling::generation:
    case SourceSpelling::observation_span:
    case SourceSpelling::session:
    case SourceSpelling::trace_session:
    case SourceSpelling::dataset_row:
    case SourceSpelling::prototype_run:
    case SourceSpelling::call_execution:
      return true;
    default:
      return false;
  }
}

bool is_score_source(std::string_view text) {
  constexpr std::string_view kKnown[] = {"human", "api", "auto", "imported", "automation", "sdk"};
  return std::find(std::begin(kKnown), std::end(kKnown), text) != std::end(kKnown);
}

std::string bad_choice_text(std::string_view choice) {
  std::size_t size = choice.size();
  if (size > kChoiceBytesShown) {
    size = kChoiceBytesShown;
    while (size > 0 && (static_cast<unsigned char>(choice[size]) & 0xC0) == 0x80) --size;  // Not inside a character.
  }
  std::string text = "\"";
  text.append(choice.substr(0, size)).append(size < choice.size() ? "…" : "").append("\" is not a valid choice.");
  return text;
}

std::string_view lower_if_uuid(Arena& arena, std::string_view text) {
  constexpr std::size_t kCanonicalSize = 36;
  if (text.size() != kCanonicalSize) return text;
  if (parse_canonical_uuid(text)) return text;
  const std::optional<Uuid> uuid = parse_any_uuid(text);
  return uuid ? arena.copy(to_text(*uuid)) : text;
}

Errc BodyReader::structure(Errc code, Field field, Problems& problems) {
  if (code == Errc::ok || document_.broken()) return code;
  std::string text = field == Field::body ? "The object " : "This field ";
  if (code == Errc::duplicate_key) {
    text.append("has the key \"").append(document_.bad_key()).append("\" twice.");
  } else {
    text.append(structure_text(code));
  }
  problems.add(field, "invalid", std::move(text));
  return Errc::ok;
}

Errc BodyReader::not_an_object(JsonValue value, Problems& problems) {
  std::string text = "Invalid data. Expected a dictionary, but got ";
  text.append(type_name(value.kind())).append(".");
  const Errc code = value.skip();
  if (document_.broken()) return code;
  problems.add(Field::body, "invalid", std::move(text));
  return Errc::ok;
}

Errc BodyReader::text(JsonValue value, Field field, std::size_t bytes_max, bool null_allowed, Problems& problems,
                      std::string_view& out) {
  Errc code = Errc::ok;
  switch (value.kind()) {
    case JsonKind::string:
      code = value.text(out, bytes_max);
      break;
    case JsonKind::number:
      code = value.number(out);
      if (code == Errc::ok && out.size() > bytes_max) code = Errc::string_too_long;
      break;
    case JsonKind::null:
      if (!null_allowed) problems.add_null(field);
      return value.skip();
    default:
      code = value.skip();
      if (code == Errc::ok) problems.add(field, "invalid", "Not a valid string.");
      break;
  }
  if (code != Errc::string_too_long) return structure(code, field, problems);
  problems.add(field, "max_length", "Ensure this field has no more than " + std::to_string(bytes_max) + " bytes.");
  return Errc::ok;
}

Errc BodyReader::uuid(JsonValue value, Field field, bool null_allowed, Problems& problems, std::string_view& out) {
  if (value.kind() == JsonKind::null) {
    if (!null_allowed) problems.add_null(field);
    return value.skip();
  }
  std::string_view sent;
  const Errc code = value.text(sent, limits::kIdentifierBytes);
  if (document_.broken()) return code;
  const std::optional<Uuid> uuid = code == Errc::ok ? parse_any_uuid(sent) : std::nullopt;
  if (uuid) {
    out = parse_canonical_uuid(sent) ? sent : arena_.copy(to_text(*uuid));
  } else {
    problems.add(field, "invalid", "Must be a valid UUID.");
  }
  return Errc::ok;
}

Errc BodyReader::choice(JsonValue value, Field field, bool (*known)(std::string_view), Problems& problems,
                        std::string_view& out) {
  if (value.kind() == JsonKind::null) {
    problems.add_null(field);
    return value.skip();
  }
  const bool is_text = value.kind() == JsonKind::string;
  const Errc code = is_text ? value.text(out, limits::kStringBytes) : value.raw(out);
  if (code != Errc::ok) return structure(code, field, problems);
  if (!is_text || !known(out)) problems.add(field, "invalid_choice", bad_choice_text(out));
  return Errc::ok;
}

Errc BodyReader::score_value(JsonValue value, Problems& problems, ValueInput& out, std::string_view& verdict) {
  if (value.kind() == JsonKind::null) {
    problems.add_null(Field::value);
    return value.skip();
  }
  return structure(read_value_input(value, arena_, out, verdict), Field::value, problems);
}

}  // namespace sluice::futureagi
