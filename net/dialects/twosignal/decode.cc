#include "net/dialects/twosignal/decode.h"

#include "engine/base/limits.h"
#include "net/dialect/field_reader.h"
#include "net/dialect/rest_shape.h"

namespace sluice::twosignal {
namespace {

std::string_view body_of(const Exchange& exchange) noexcept {
  return {exchange.request.body.data(), exchange.request.body.size()};
}

Refusal broken_body(const JsonDocument& document, Errc code) {
  Refusal refusal = refusal_of(code);
  refusal.message = broken_text(document, code);
  return refusal;
}

Refusal bad_fields(std::string message) {
  Refusal refusal;
  refusal.code = Errc::item_malformed;
  refusal.message = std::move(message);
  return refusal;
}

SourceRef source_of(SourceSpelling spelling, std::string_view id) noexcept {
  SourceRef source;
  source.spelling = spelling;
  source.id = id;
  return source;
}

/// A span's identity is its trace and itself: span ids repeat from trace to trace.
void set_source(ScoreRecord& record, std::string_view trace_id, std::string_view span_id) noexcept {
  const SourceRef trace = source_of(SourceSpelling::trace, trace_id);
  if (span_id.empty()) {
    record.source = trace;
    return;
  }
  record.source = source_of(SourceSpelling::span, span_id);
  record.parent = trace;
  record.parent_in_identity = true;
}

/// Which of the required fields were there, whatever their value.
struct Seen {
  bool trace_id = false;
  bool evaluator = false;
  bool value = false;
};

void check_range(const ValueInput& value, FieldReader& fields) {
  if (value.kind != ValueInput::Kind::number) return;
  const Result<Decimal> number = parse_decimal(value.text);
  if (!number.ok()) return;
  if (compare(*number, Decimal{0, 0}) < 0 || compare(*number, Decimal{1, 0}) > 0)
    fields.bad("value", "must be between 0 and 1.");
}

struct Event {
  std::string_view type;
  std::string_view id;  // Of the body; without one, the event's own.
  std::string_view event_id;
  std::string_view trace_id;
  bool body_seen = false;
};

Errc read_event_body(JsonValue body, Event& event, FieldReader& fields) {
  event.body_seen = true;
  const Errc code = body.object([&](std::string_view key, JsonValue& value) -> Errc {
    if (key == "id") return fields.required_text(value, "body.id", limits::kSourceIdBytes, event.id);
    if (key == "traceId" || key == "trace_id")
      return fields.required_text(value, "body.traceId", limits::kSourceIdBytes, event.trace_id);
    return fields.ignored(value);
  });
  return fields.structure("body", code);
}

Errc read_event(JsonValue value, Event& event, FieldReader& fields) {
  const Errc code = value.object([&](std::string_view key, JsonValue& member) -> Errc {
    if (key == "id") return fields.required_text(member, "id", limits::kSourceIdBytes, event.event_id);
    if (key == "type") return fields.required_text(member, "type", limits::kIdentifierBytes, event.type);
    if (key == "body") return read_event_body(member, event, fields);
    return fields.ignored(member);
  });
  return fields.structure("event", code);
}

/// What the event registers; notes what is missing.
void finish_event(const Event& event, FieldReader& fields, ScoreRecord& record) {
  const bool is_span = event.type == "span-create";
  if (!is_span && event.type != "trace-create") fields.bad("type", "must be trace-create or span-create.");
  if (!event.body_seen) fields.bad("body", "is required.");
  const std::string_view id = event.id.empty() ? event.event_id : event.id;
  if (id.empty()) fields.bad("body.id", "is required.");
  if (is_span && event.trace_id.empty()) fields.bad("body.traceId", "is required for a span.");
  if (!fields.ok()) return;
  record.kind = EventKind::source;
  if (is_span) {
    set_source(record, event.trace_id, id);
  } else {
    set_source(record, id, {});
  }
}

Errc read_batch(JsonDocument& document, JsonValue list, Exchange& exchange) {
  return list.array([&](std::size_t index, JsonValue& value) -> Errc {
    exchange.items = static_cast<std::uint32_t>(index) + 1;
    if (index >= limits::kItems) return value.skip();
    const std::string where = "batch[" + std::to_string(index) + "].";
    FieldReader fields(document, where);
    ScoreRecord record;
    Event event;
    if (value.kind() != JsonKind::object) {
      if (const Errc code = value.skip(); document.broken()) return code;
      fields.bad_sentence(where.substr(0, where.size() - 1) + " must be an object.");
    } else {
      if (const Errc code = read_event(value, event, fields); code != Errc::ok) return code;
      if (fields.ok()) finish_event(event, fields, record);
    }
    record.item = static_cast<std::uint32_t>(index);
    if (fields.ok()) {
      exchange.batch.records.push_back(record);
    } else {
      exchange.item_errors.push_back({record.item, Errc::item_malformed, {}, exchange.arena.copy(fields.problems())});
    }
    return Errc::ok;
  });
}

}  // namespace

std::optional<Refusal> decode_score(Exchange& exchange) {
  JsonDocument document(*exchange.json, exchange.arena);
  FieldReader fields(document);
  Seen seen;
  bool is_object = false;
  std::string_view trace_id;
  std::string_view span_id;
  bool span_given = false;
  bool label_given = false;
  ScoreRecord record;
  const auto member = [&](std::string_view key, JsonValue& value) -> Errc {
    if (key == "traceId") {
      seen.trace_id = true;
      return fields.required_text(value, key, limits::kSourceIdBytes, trace_id);
    }
    if (key == "spanId") return fields.optional_text(value, key, limits::kSourceIdBytes, span_id, span_given);
    if (key == "evaluatorName") {
      seen.evaluator = true;
      return fields.required_text(value, key, limits::kNameBytes, record.label.name);
    }
    if (key == "value") {
      seen.value = true;
      return fields.number(value, key, false, record.value);
    }
    if (key == "label") return fields.optional_text(value, key, limits::kStringBytes, record.verdict, label_given);
    if (key == "reasoning")
      return fields.optional_text(value, key, limits::kStringBytes, record.notes, record.has_notes);
    return fields.ignored(value);
  };
  const Errc code = document.parse(body_of(exchange), [&](JsonValue& root) -> Errc {
    is_object = root.kind() == JsonKind::object;
    if (is_object) return fields.structure("The body", root.object(member));
    fields.bad_sentence("The body must be a JSON object.");
    return root.skip();
  });
  if (document.broken()) return broken_body(document, code);

  if (is_object) {
    if (!seen.trace_id) fields.bad("traceId", "is required.");
    if (!seen.evaluator) fields.bad("evaluatorName", "is required.");
    if (!seen.value) fields.bad("value", "is required.");
  }
  if (span_given && span_id.empty()) fields.bad("spanId", "must be a non-empty string or null.");
  check_range(record.value, fields);
  if (!fields.ok()) return bad_fields(fields.problems());

  set_source(record, trace_id, span_id);
  record.label.kind = LabelRef::Kind::evaluator;
  exchange.items = 1;
  exchange.batch.records.push_back(record);
  return std::nullopt;
}

std::optional<Refusal> decode_traces(Exchange& exchange) {
  JsonDocument document(*exchange.json, exchange.arena);
  FieldReader fields(document);
  bool seen = false;
  const Errc code = document.parse(body_of(exchange), [&](JsonValue& root) -> Errc {
    if (root.kind() != JsonKind::object) {
      fields.bad_sentence("The body must be a JSON object.");
      return root.skip();
    }
    return fields.structure("The body", root.object([&](std::string_view key, JsonValue& value) -> Errc {
      if (key != "batch") return fields.ignored(value);
      seen = true;
      if (value.kind() != JsonKind::array) {
        fields.bad(key, "must be an array of events.");
        return value.skip();
      }
      return read_batch(document, value, exchange);
    }));
  });
  if (document.broken()) return broken_body(document, code);
  if (fields.ok() && !seen) fields.bad("batch", "is required.");
  if (fields.ok() && exchange.items == 0) fields.bad("batch", "must hold at least one event.");
  if (!fields.ok()) return bad_fields(fields.problems());
  if (exchange.items > limits::kItems) return refusal_of(Errc::too_many_items);
  if (!exchange.batch.records.empty()) return std::nullopt;
  std::string problems;
  for (const ItemError& error : exchange.item_errors) {
    if (error.item == 20) break;  // Enough to see the pattern by; the first ones are the ones people look at.
    if (!problems.empty()) problems.push_back(' ');
    problems.append(error.detail);
  }
  return bad_fields(std::move(problems));
}

}  // namespace sluice::twosignal
