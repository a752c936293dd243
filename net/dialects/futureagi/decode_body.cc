#include "engine/base/limits.h"
#include "net/dialect/field_reader.h"
#include "net/dialect/rest_shape.h"
#include "net/dialects/futureagi/body_reader.h"
#include "net/dialects/futureagi/decode.h"
#include "net/dialects/futureagi/error_body.h"

namespace sluice::futureagi {
namespace {

constexpr Field kCreateFields[] = {Field::source_type, Field::source_id,    Field::label_id,     Field::value,
                                   Field::notes,       Field::score_source, Field::queue_item_id};
constexpr Field kBulkFields[] = {Field::source_type,  Field::source_id,  Field::scores,
                                 Field::notes,        Field::span_notes, Field::span_notes_source_id,
                                 Field::queue_item_id};
constexpr Field kItemFields[] = {Field::label_id, Field::value, Field::notes, Field::score_source};
constexpr Field kPatchFields[] = {Field::value, Field::notes, Field::score_source};

/// A bulk call's own notes, counted once for each item that takes them: log and answer hold no more of them than a body
/// could have named one by one. Without it 64 KiB of notes and 100,000 items are 6.4 GB of log.
constexpr std::size_t kNotesBytes = limits::kDecodedBodyBytes;

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// What create and a bulk item have in common.
struct ScoreFields {
  std::string_view label_id;
  ScoreRecord record;
};

Errc read_score_field(BodyReader& reader, Field field, JsonValue value, Problems& problems, ScoreFields& fields) {
  ScoreRecord& record = fields.record;
  switch (field) {
    case Field::label_id:
      return reader.uuid(value, field, false, problems, fields.label_id);
    case Field::value:
      return reader.score_value(value, problems, record.value, record.verdict);
    case Field::notes:
      record.has_notes = true;
      return reader.text(value, field, limits::kStringBytes, false, problems, record.notes);
    case Field::score_source:
      return reader.choice(value, field, is_score_source, problems, record.score_source);
    default:
      return value.skip();
  }
}

/// The same for both levels of a bulk call and for create.
struct SourceFields {
  std::string_view type;
  std::string_view id;
  std::string_view queue_item;
};

Errc read_source_field(BodyReader& reader, Field field, JsonValue value, Problems& problems, SourceFields& source) {
  switch (field) {
    case Field::source_type:
      return reader.choice(value, field, is_source_type, problems, source.type);
    case Field::source_id: {
      const bool is_null = value.kind() == JsonKind::null;
      const bool is_text = value.kind() == JsonKind::string || value.kind() == JsonKind::number;
      const Errc code = reader.text(value, field, limits::kSourceIdBytes, false, problems, source.id);
      source.id = trimmed(source.id);
      if (code == Errc::ok && !is_null && is_text && source.id.empty())
        problems.add(field, "blank", "This field may not be blank.");
      return code;
    }
    default:
      return reader.uuid(value, field, true, problems, source.queue_item);
  }
}

SourceRef source_ref(Arena& arena, const SourceFields& fields) {
  SourceRef source;
  source.spelling = source_spelling(fields.type);
  source.id = canonical(source.spelling) == SourceSpelling::span ? fields.id : lower_if_uuid(arena, fields.id);
  return source;
}

void finish_score(ScoreFields& fields) {
  ScoreRecord& record = fields.record;
  record.identity = IdentityKind::natural;
  record.label.kind = LabelRef::Kind::id;
  if (const std::optional<Uuid> id = parse_canonical_uuid(fields.label_id)) record.label.id = *id;
  if (record.score_source.empty()) record.score_source = "human";
}

void require(std::span<const Field> fields, std::uint32_t seen, Problems& problems) {
  for (const Field field : fields)
    if ((seen & BodyReader::bit(field)) == 0) problems.add_required(field);
}

/// One item, or the body of a call for one score.
void check_size(BodyReader& reader, std::size_t bytes, Problems& problems) {
  if (bytes > limits::kLineBytes) (void)reader.structure(Errc::item_too_long, Field::body, problems);
}

/// Parses the body as one object; false: the refusal stands in the reply, or `problems` says what is wrong.
template <class Member>
bool parse_body(Exchange& exchange, BodyReader& reader, std::span<const Field> allowed, Problems& problems,
                std::uint32_t& seen, Member&& member) {
  bool is_object = false;
  const Errc code = reader.document().parse({exchange.request.body.data(), exchange.request.body.size()},
                                            [&](JsonValue& root) -> Errc {
                                              is_object = root.kind() == JsonKind::object;
                                              if (!is_object) return reader.not_an_object(root, problems);
                                              return reader.object(root, allowed, problems, seen, member);
                                            });
  if (reader.camel()) exchange.flags |= kCamel;
  if (reader.document().broken()) {
    write_plain_error(exchange.reply, 400, "parse_error", "JSON parse error - " + broken_text(reader.document(), code));
    return false;
  }
  if (!is_object) write_field_errors(exchange.reply, problems.settled(), false);
  return is_object;
}

bool refuse_fields(Exchange& exchange, Problems& problems) {
  write_field_errors(exchange.reply, problems.settled(), (exchange.flags & kCamel) != 0);
  return false;
}

Errc read_item(BodyReader& reader, JsonValue value, std::uint32_t index, Exchange& exchange) {
  Problems problems;
  ScoreFields fields;
  std::uint32_t seen = 0;
  const bool is_object = value.kind() == JsonKind::object;
  const std::size_t begins = value.offset();
  const Errc code = is_object ? reader.object(value, kItemFields, problems, seen,
                                              [&](Field field, JsonValue inner) -> Errc {
                                                return read_score_field(reader, field, inner, problems, fields);
                                              })
                              : reader.not_an_object(value, problems);
  if (code != Errc::ok) return code;
  check_size(reader, reader.document().position() - begins, problems);
  if (is_object) {
    constexpr Field kRequired[] = {Field::label_id, Field::value};
    require(kRequired, seen, problems);
  }
  if (problems.ok()) {
    finish_score(fields);
    fields.record.item = index;
    exchange.batch.records.push_back(fields.record);
  } else {
    const std::string text = sentence_of(problems.settled(), reader.camel());
    exchange.item_errors.push_back({index, Errc::item_malformed, {}, exchange.arena.copy(text)});
  }
  return Errc::ok;
}

Errc read_scores(BodyReader& reader, JsonValue value, Problems& problems, Exchange& exchange) {
  if (value.kind() == JsonKind::null) {
    problems.add_null(Field::scores);
    return value.skip();
  }
  if (value.kind() != JsonKind::array) {
    std::string text = "Expected a list of items but got type \"";
    problems.add(Field::scores, "not_a_list", text.append(type_name(value.kind())).append("\"."));
    return value.skip();
  }
  const Errc code = value.array([&](std::size_t index, JsonValue& item) -> Errc {
    exchange.items = static_cast<std::uint32_t>(index) + 1;
    if (index >= limits::kItems) return item.skip();
    return read_item(reader, item, static_cast<std::uint32_t>(index), exchange);
  });
  if (exchange.items == 0) problems.add(Field::scores, "invalid", "At least one score is required.");
  return reader.structure(code, Field::scores, problems);
}

}  // namespace

bool decode_create(Exchange& exchange) {
  BodyReader reader(exchange);
  Problems problems;
  SourceFields source;
  ScoreFields fields;
  std::uint32_t seen = 0;
  const bool parsed =
      parse_body(exchange, reader, kCreateFields, problems, seen, [&](Field field, JsonValue value) -> Errc {
        if (field == Field::source_type || field == Field::source_id || field == Field::queue_item_id)
          return read_source_field(reader, field, value, problems, source);
        return read_score_field(reader, field, value, problems, fields);
      });
  if (!parsed) return false;
  check_size(reader, exchange.request.body.size(), problems);
  constexpr Field kRequired[] = {Field::source_type, Field::source_id, Field::label_id, Field::value};
  require(kRequired, seen, problems);
  if (!problems.ok()) return refuse_fields(exchange, problems);
  finish_score(fields);
  fields.record.source = source_ref(exchange.arena, source);
  fields.record.queue_item = source.queue_item;
  exchange.items = 1;
  exchange.batch.records.push_back(fields.record);
  return true;
}

bool decode_bulk(Exchange& exchange) {
  BodyReader reader(exchange);
  Problems problems;
  SourceFields source;
  std::string_view notes;
  std::string_view span_notes;
  std::string_view span_notes_source;
  std::uint32_t seen = 0;
  const bool parsed =
      parse_body(exchange, reader, kBulkFields, problems, seen, [&](Field field, JsonValue value) -> Errc {
        switch (field) {
          case Field::scores:
            return read_scores(reader, value, problems, exchange);
          case Field::notes:
            return reader.text(value, field, limits::kStringBytes, false, problems, notes);
          case Field::span_notes:
            return reader.text(value, field, limits::kStringBytes, true, problems, span_notes);
          case Field::span_notes_source_id:
            return reader.text(value, field, limits::kSourceIdBytes, true, problems, span_notes_source);
          default:
            return read_source_field(reader, field, value, problems, source);
        }
      });
  if (!parsed) return false;
  constexpr Field kRequired[] = {Field::source_type, Field::source_id, Field::scores};
  require(kRequired, seen, problems);
  if (!problems.ok()) return refuse_fields(exchange, problems);
  if (exchange.items > limits::kItems) {
    write_plain_error(exchange.reply, 413, {},
                      "scores: a call takes at most " + std::to_string(limits::kItems) + " items.");
    return false;
  }
  if (exchange.options->futureagi_envelope && !exchange.item_errors.empty()) {
    write_item_errors(exchange.reply, exchange.item_errors, exchange.items);
    return false;
  }
  if (!span_notes.empty()) exchange.flags |= kSpanNotes;
  const SourceRef ref = source_ref(exchange.arena, source);
  std::size_t notes_bytes = 0;
  for (ScoreRecord& record : exchange.batch.records) {
    record.source = ref;
    record.queue_item = source.queue_item;
    if (record.has_notes) continue;
    record.notes = notes;
    record.has_notes = (seen & BodyReader::bit(Field::notes)) != 0;
    notes_bytes += notes.size();
  }
  if (notes_bytes <= kNotesBytes) return true;
  write_plain_error(exchange.reply, 413, {},
                    "notes: repeated for each item they come to more than " + std::to_string(kNotesBytes) +
                        " bytes; shorten them, or send fewer items.");
  return false;
}

bool decode_patch(Exchange& exchange, bool whole) {
  BodyReader reader(exchange);
  Problems problems;
  ScoreFields fields;
  std::uint32_t seen = 0;
  const bool parsed =
      parse_body(exchange, reader, kPatchFields, problems, seen, [&](Field field, JsonValue value) -> Errc {
        if (field != Field::notes) return read_score_field(reader, field, value, problems, fields);
        fields.record.has_notes = true;
        return reader.text(value, field, limits::kStringBytes, true, problems, fields.record.notes);
      });
  if (!parsed) return false;
  check_size(reader, exchange.request.body.size(), problems);
  if (whole) {
    constexpr Field kRequired[] = {Field::value};
    require(kRequired, seen, problems);
  } else if (seen == 0 && problems.ok()) {
    problems.add(Field::body, "invalid", "At least one of value, notes, or score_source is required.");
  }
  if (!problems.ok()) return refuse_fields(exchange, problems);
  ScoreRecord& record = fields.record;
  record.kind = EventKind::patch;
  unsigned carried = 0;
  if ((seen & BodyReader::bit(Field::value)) != 0) carried |= kPatchValue | kPatchVerdict;
  if ((seen & BodyReader::bit(Field::notes)) != 0) carried |= kPatchNotes;
  if ((seen & BodyReader::bit(Field::score_source)) != 0) carried |= kPatchScoreSource;
  record.patch_fields = static_cast<std::uint8_t>(carried);
  exchange.items = 1;
  exchange.batch.records.push_back(record);
  return true;
}

}  // namespace sluice::futureagi
