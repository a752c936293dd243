#include "net/dialects/native/score_item.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::native {
namespace {

struct FieldText {
  std::string_view name;
  std::string_view expects;
};

constexpr std::string_view kIdentifierText = "must be 1 to 64 letters, digits, '_', '-' or '.'.";
constexpr std::string_view kSourceIdText = "must be a string of 1 to 256 bytes without control characters.";
constexpr std::string_view kTextText = "must be a string of at most 65536 bytes.";
static_assert(limits::kIdentifierBytes == 64 && limits::kSourceIdBytes == 256 && limits::kStringBytes == 65536 &&
                  limits::kClientIdBytes == 128 && limits::kNameBytes == 256 && limits::kMetadataBytes == 16384 &&
                  limits::kJsonDepth == 16 && limits::kJsonMembers == 64 && limits::kKeyBytes == 128 &&
                  limits::kSelectedOptions == 256 && limits::kLineBytes == 1u << 20,
              "the texts here name these numbers");

constexpr std::array<FieldText, 14> kFields = {{
    {"source_type", kIdentifierText},
    {"source_id", kSourceIdText},
    {"label_id", "must be a UUID."},
    {"label_name", "must be a string of 1 to 256 bytes."},
    {"value",
     "must be a number, a string, a list of at most 256 strings, or an object with one of value, rating, selected, "
     "text, error; texts of at most 65536 bytes."},
    {"id", "must be a string of 1 to 128 bytes without control characters."},
    {"verdict", kTextText},
    {"notes", kTextText},
    {"score_source", kIdentifierText},
    {"event_time", "must be an RFC 3339 time (2026-01-31T23:59:59Z) or whole milliseconds since 1970."},
    {"parent_id", kSourceIdText},
    {"parent_type", kIdentifierText},
    {"queue_item", kSourceIdText},
    {"metadata", "must be a JSON object of at most 16384 bytes."},
}};

constexpr std::string_view kUnknownText =
    "is not a member of a score; these are: source_type, source_id, label_id, label_name, value, id, verdict, notes, "
    "score_source, event_time, parent_id, parent_type, queue_item, metadata.";

const FieldText& text_of(Field field) noexcept { return kFields[static_cast<std::size_t>(field)]; }

/// What the walk itself can find wrong, wherever it happens.
std::string_view structure_text(Errc code) noexcept {
  switch (code) {
    case Errc::duplicate_key:
      return "appears twice in one object.";
    case Errc::too_many_members:
      return "is one member too many; an object has at most 64.";
    case Errc::string_too_long:
      return "is longer than 128 bytes, which no member's name may be.";
    case Errc::too_deep:
      return "is nested more than 16 levels deep.";
    case Errc::invalid_utf8:
      return "holds a lone surrogate escape, which no text can hold.";
    default:
      return {};
  }
}

/// Inside a value: the field is known, the key only matters to people.
std::string_view inner_text(Errc code) noexcept {
  switch (code) {
    case Errc::duplicate_key:
      return "has an object with a key twice.";
    case Errc::too_many_members:
      return "has too many members (64 per object, 256 per list).";
    case Errc::too_deep:
      return structure_text(code);
    case Errc::invalid_utf8:
      return structure_text(code);
    default:
      return {};
  }
}

std::optional<Field> field_of(std::string_view key) noexcept {
  const auto is = [&](Field field) -> std::optional<Field> {
    return key == text_of(field).name ? std::optional(field) : std::nullopt;
  };
  switch (key.size()) {
    case 2:
      return is(Field::id);
    case 5:
      return key[0] == 'v' ? is(Field::value) : is(Field::notes);
    case 7:
      return is(Field::verdict);
    case 8:
      return key[0] == 'l' ? is(Field::label_id) : is(Field::metadata);
    case 9:
      return key[0] == 's' ? is(Field::source_id) : is(Field::parent_id);
    case 10:
      return key[0] == 'l' ? is(Field::label_name) : key[0] == 'e' ? is(Field::event_time) : is(Field::queue_item);
    case 11:
      return key[0] == 's' ? is(Field::source_type) : is(Field::parent_type);
    case 12:
      return is(Field::score_source);
    default:
      return {};
  }
}

/// JSON allows no raw control character: only a text that was unescaped, and so lies outside the body, can hold one.
bool has_control_character(const Exchange& exchange, std::string_view text) noexcept {
  const std::span<const char> body = exchange.request.body;
  if (text.data() >= body.data() && text.data() < body.data() + body.size()) return false;
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

void set_type(SourceRef& source, std::string_view type) noexcept {
  source.spelling = source_spelling(type);
  source.type_text = source.spelling == SourceSpelling::other ? type : std::string_view();
}

}  // namespace

std::optional<WallTime> parse_milliseconds(std::string_view token) noexcept {
  std::int64_t milliseconds = 0;
  const auto result = std::from_chars(token.data(), token.data() + token.size(), milliseconds);
  constexpr std::int64_t kPerMillisecond = 1'000'000;
  if (result.ec != std::errc() || result.ptr != token.data() + token.size()) return {};
  if (milliseconds > INT64_MAX / kPerMillisecond || milliseconds < INT64_MIN / kPerMillisecond) return {};
  return milliseconds * kPerMillisecond;
}

void ItemDecoder::begin(std::uint32_t index) {
  exchange_.batch.records.emplace_back().item = index;
  seen_ = 0;
  error_ = {index, Errc::ok, {}, {}};
}

void ItemDecoder::fault(Errc code, std::string_view field, std::string_view detail) {
  if (error_.code != Errc::ok) return;
  error_.code = code;
  error_.field = field;
  error_.detail = detail;
}

void ItemDecoder::fault(Errc code, Field field) {
  const std::string_view inner = inner_text(code);
  fault(code, text_of(field).name, inner.empty() ? text_of(field).expects : inner);
}

bool ItemDecoder::text(JsonValue& value, Field field, std::size_t bytes_max, bool optional, std::string_view& out) {
  const Errc code = value.text(out, bytes_max);
  if (code == Errc::ok && (!out.empty() || optional)) return true;
  out = {};
  if (code == Errc::field_null && optional) return false;
  fault(code == Errc::ok ? Errc::field_blank : code, field);
  return false;
}

bool ItemDecoder::opaque_id(JsonValue& value, Field field, std::size_t bytes_max, bool optional,
                            std::string_view& out) {
  if (!text(value, field, bytes_max, optional, out)) return false;
  if (out.empty()) {
    fault(Errc::field_blank, field);
    return false;
  }
  if (has_control_character(exchange_, out)) {
    fault(Errc::bad_identifier, field);
    return false;
  }
  return true;
}

bool ItemDecoder::identifier(JsonValue& value, Field field, bool optional, std::string_view& out) {
  if (!text(value, field, limits::kIdentifierBytes, optional, out)) return false;
  if (is_identifier(out)) return true;
  fault(out.empty() ? Errc::field_blank : Errc::bad_identifier, field);
  return false;
}

void ItemDecoder::source_type(JsonValue& value, Field field, bool optional, SourceRef& source) {
  std::string_view type;
  if (!text(value, field, limits::kIdentifierBytes, optional, type)) return;
  source.spelling = source_spelling(type);
  if (source.spelling != SourceSpelling::other) return;  // The known spellings are identifiers.
  source.type_text = type;
  if (!is_identifier(type)) fault(type.empty() ? Errc::field_blank : Errc::bad_identifier, field);
}

void ItemDecoder::label_id(JsonValue& value) {
  std::string_view id;
  if (!text(value, Field::label_id, limits::kNameBytes, true, id)) return forget(Field::label_id);
  std::optional<Uuid> uuid = parse_canonical_uuid(id);
  if (!uuid) uuid = parse_any_uuid(id);
  if (!uuid) return fault(Errc::bad_uuid, Field::label_id);
  record().label.kind = LabelRef::Kind::id;
  record().label.id = *uuid;
}

void ItemDecoder::event_time(JsonValue& value) {
  std::string_view token;
  std::optional<WallTime> time;
  if (value.kind() == JsonKind::null) {
    (void)value.skip();
    return;
  }
  if (value.kind() == JsonKind::number) {
    if (value.number(token) != Errc::ok) return;  // The document is broken.
    time = parse_milliseconds(token);
  } else {
    const Errc code = value.text(token, limits::kIdentifierBytes);
    if (code != Errc::ok) return fault(code, Field::event_time);
    time = parse_rfc3339(token);
  }
  if (!time) return fault(Errc::bad_timestamp, Field::event_time);
  record().event_time = time;
}

void ItemDecoder::metadata(JsonValue& value) {
  if (value.kind() == JsonKind::null) {
    (void)value.skip();
    return;
  }
  const bool is_object = value.kind() == JsonKind::object;
  std::string_view raw;
  const Errc code = value.raw(raw);
  if (!is_object) return fault(Errc::wrong_type, Field::metadata);
  if (code != Errc::ok) {
    const std::string_view inner = inner_text(code);
    return fault(code, "metadata", inner.empty() ? "has a member whose name is longer than 128 bytes." : inner);
  }
  if (raw.size() > limits::kMetadataBytes) return fault(Errc::string_too_long, Field::metadata);
  record().metadata = raw;
}

void ItemDecoder::decode(Field field, JsonValue& value) {
  ScoreRecord& out = record();
  switch (field) {
    case Field::source_type:
      return source_type(value, field, false, out.source);
    case Field::source_id:
      (void)opaque_id(value, field, limits::kSourceIdBytes, false, out.source.id);
      return;
    case Field::label_id:
      return label_id(value);
    case Field::label_name:
      if (!text(value, field, limits::kNameBytes, true, out.label.name)) return forget(field);
      if (out.label.name.empty()) return fault(Errc::field_blank, field);
      out.label.kind = LabelRef::Kind::name;
      return;
    case Field::value: {
      std::string_view verdict;  // The item's own verdict goes before the value's, whichever comes first.
      const Errc code = read_value_input(value, exchange_.arena, out.value, verdict);
      if (code != Errc::ok) fault(code, field);
      if (!has(Field::verdict)) out.verdict = verdict;
      return;
    }
    case Field::id:
      if (opaque_id(value, field, limits::kClientIdBytes, true, out.client_id)) out.identity = IdentityKind::client_id;
      return;
    case Field::verdict: {
      std::string_view verdict;
      if (!text(value, field, limits::kStringBytes, true, verdict)) return forget(field);
      out.verdict = verdict;
      return;
    }
    case Field::notes:
      out.has_notes = text(value, field, limits::kStringBytes, true, out.notes);
      return;
    case Field::score_source:
      (void)identifier(value, field, true, out.score_source);
      return;
    case Field::event_time:
      return event_time(value);
    case Field::parent_id:
      (void)opaque_id(value, field, limits::kSourceIdBytes, true, out.parent.id);
      return;
    case Field::parent_type:
      return source_type(value, field, true, out.parent);
    case Field::queue_item:
      (void)opaque_id(value, field, limits::kSourceIdBytes, true, out.queue_item);
      return;
    case Field::metadata:
      return metadata(value);
  }
}

Errc ItemDecoder::member(std::string_view key, JsonValue& value) {
  const std::optional<Field> field = field_of(key);
  if (!field) {
    fault(Errc::unknown_field, key, kUnknownText);
    return value.skip();
  }
  seen_ |= 1u << static_cast<unsigned>(*field);
  decode(*field, value);
  return Errc::ok;
}

void ItemDecoder::end(Errc code, std::size_t bytes) {
  if (bytes > limits::kLineBytes) fault(Errc::item_too_long, {}, "is longer than 1048576 bytes.");
  // What the object itself is guilty of; values have noted their own faults.
  if (code != Errc::ok && error_.code == Errc::ok) {
    if (code == Errc::wrong_type || code == Errc::field_null) {
      fault(Errc::item_not_object, {}, "must be a JSON object.");
    } else if (code == Errc::too_deep) {
      fault(code, {}, structure_text(code));
    } else {
      fault(code, document_.bad_key(), structure_text(code));
    }
  }
  ScoreRecord& out = record();
  if (error_.code == Errc::ok) {
    if (!has(Field::source_type)) {
      fault(Errc::field_missing, "source_type", "is required.");
    } else if (!has(Field::source_id)) {
      fault(Errc::field_missing, "source_id", "is required.");
    } else if (out.label.kind == LabelRef::Kind::none) {
      fault(Errc::field_missing, "label_id", "or label_name is required.");
    } else if (has(Field::label_id) && has(Field::label_name)) {
      fault(Errc::bad_choice, "label_name", "must not stand beside label_id; give one of the two.");
    } else if (!has(Field::value)) {
      fault(Errc::field_missing, "value", "is required.");
    } else if (out.parent.spelling != SourceSpelling::other || !out.parent.type_text.empty()) {
      if (out.parent.id.empty()) fault(Errc::field_missing, "parent_id", "is required beside parent_type.");
    } else if (!out.parent.id.empty()) {
      out.parent.spelling = SourceSpelling::trace;
    }
  }
  if (error_.code == Errc::ok) return;
  exchange_.batch.records.pop_back();
  exchange_.item_errors.push_back(error_);
}

Errc ItemDecoder::item(std::uint32_t index, JsonValue& value) {
  begin(index);
  const std::size_t begins = value.offset();
  const Errc code = value.object([this](std::string_view key, JsonValue& inner) { return member(key, inner); });
  if (document_.broken()) {
    exchange_.batch.records.pop_back();
    return code;
  }
  end(code, document_.position() - begins);
  return Errc::ok;
}

void ItemDecoder::bad_item(std::uint32_t index, Errc code, std::string_view detail) {
  exchange_.item_errors.push_back({index, code, {}, detail});
}

Errc decode_source_item(Exchange& exchange, const JsonDocument& document, std::uint32_t index, JsonValue& value) {
  ScoreRecord record;
  record.kind = EventKind::source;
  record.item = index;
  ItemError error{index, Errc::ok, {}, {}};
  const auto fault = [&error](Errc code, std::string_view field, std::string_view detail) {
    if (error.code == Errc::ok) error = {error.item, code, field, detail};
  };
  const auto read_text = [&](JsonValue& member, std::string_view field, bool is_type, std::string_view& out) -> Errc {
    const Errc code = member.text(out, is_type ? limits::kIdentifierBytes : limits::kSourceIdBytes);
    const std::string_view expects = is_type ? kIdentifierText : kSourceIdText;
    if (code != Errc::ok) {
      fault(code, field, expects);
    } else if (is_type ? !is_identifier(out) : out.empty() || has_control_character(exchange, out)) {
      fault(out.empty() ? Errc::field_blank : Errc::bad_identifier, field, expects);
    }
    return Errc::ok;
  };
  std::string_view type, parent_type;
  const Errc code = value.object([&](std::string_view key, JsonValue& member) -> Errc {
    if (key == "type") return read_text(member, "type", true, type);
    if (key == "id") return read_text(member, "id", false, record.source.id);
    if (key == "parent_type") return read_text(member, "parent_type", true, parent_type);
    if (key == "parent_id") return read_text(member, "parent_id", false, record.parent.id);
    fault(Errc::unknown_field, key, "is not a member of a source; these are: type, id, parent_type, parent_id.");
    return member.skip();
  });
  if (document.broken()) return code;
  if (code == Errc::wrong_type || code == Errc::field_null) fault(Errc::item_not_object, {}, "must be a JSON object.");
  if (code != Errc::ok)
    fault(code, code == Errc::too_deep ? std::string_view() : document.bad_key(), structure_text(code));
  if (type.empty()) fault(Errc::field_missing, "type", "is required.");
  if (record.source.id.empty()) fault(Errc::field_missing, "id", "is required.");
  if (!parent_type.empty() && record.parent.id.empty())
    fault(Errc::field_missing, "parent_id", "is required beside parent_type.");
  if (error.code != Errc::ok) {
    exchange.item_errors.push_back(error);
    return Errc::ok;
  }
  set_type(record.source, type);
  if (!record.parent.id.empty()) set_type(record.parent, parent_type.empty() ? "trace" : parent_type);
  exchange.batch.records.push_back(record);
  return Errc::ok;
}

}  // namespace sluice::native
