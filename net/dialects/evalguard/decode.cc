#include "net/dialects/evalguard/decode.h"

#include <charconv>

#include "engine/base/limits.h"
#include "net/dialect/field_reader.h"
#include "net/dialect/json_writer.h"
#include "net/dialect/rest_shape.h"

namespace sluice::evalguard {
namespace {

Refusal bad_request(Errc code, std::string message) {
  Refusal refusal;
  refusal.code = code;
  refusal.message = std::move(message);
  return refusal;
}

/// Both bodies at once: which one it is stands anywhere in it.
struct Body {
  explicit Body(const JsonDocument& document) : common(document), documented(document), sdk(document) {}

  bool has_target_id = false;
  bool has_target_type = false;
  bool has_log_id = false;
  bool has_project_id = false;
  bool has_notes = false;
  bool has_comment = false;
  std::string_view target_id, target_type, comment, queue_id;
  std::string_view log_id, project_id, notes;
  std::string_view label;
  ValueInput score;
  // Problems of fields that both have, or one: a bad field of the other body is dropped like any other key.
  FieldReader common, documented, sdk;
};

Errc read_field(std::string_view key, JsonValue value, Body& body) {
  bool given = false;
  if (key == "score") return body.common.number(value, key, true, body.score);
  if (key == "label") return body.common.optional_text(value, key, limits::kStringBytes, body.label, given);
  if (key == "target_id") {
    body.has_target_id = true;
    return body.documented.required_text(value, key, limits::kSourceIdBytes, body.target_id);
  }
  if (key == "target_type") {
    body.has_target_type = true;
    return body.documented.required_text(value, key, limits::kIdentifierBytes, body.target_type);
  }
  if (key == "comment")
    return body.documented.optional_text(value, key, limits::kStringBytes, body.comment, body.has_comment);
  if (key == "queue_id")
    return body.documented.optional_text(value, key, limits::kIdentifierBytes, body.queue_id, given);
  if (key == "logId") {
    body.has_log_id = true;
    return body.sdk.required_text(value, key, limits::kSourceIdBytes, body.log_id);
  }
  if (key == "projectId") {
    body.has_project_id = true;
    return body.sdk.required_text(value, key, limits::kSourceIdBytes, body.project_id);
  }
  if (key == "notes") return body.sdk.optional_text(value, key, limits::kStringBytes, body.notes, body.has_notes);
  return body.common.ignored(value);
}

void finish_documented(Body& body, Arena& arena, ScoreRecord& record) {
  const SourceSpelling spelling = source_spelling(body.target_type);
  if (!body.has_target_type) {
    body.documented.bad("target_type", "is required.");
  } else if (!is_target_type(spelling) && !body.target_type.empty()) {
    body.documented.bad("target_type", "must be eval_case, trace or pairwise.");
  }
  if (!body.queue_id.empty()) {
    const std::optional<Uuid> queue = parse_any_uuid(body.queue_id);
    if (queue) {
      record.queue_item = arena.copy(to_text(*queue));
    } else {
      body.documented.bad("queue_id", "must be a UUID.");
    }
  }
  record.source.spelling = spelling;
  record.source.id = body.target_id;
  record.verdict = body.label;
  record.value = body.score;
  record.notes = body.comment;
  record.has_notes = body.has_comment;
}

/// The server gives a label without a score one of its own.
std::string_view default_score(std::string_view label) noexcept {
  if (label == "good") return "1.0";
  if (label == "bad") return "0.0";
  if (label == "unsure") return "0.5";
  return {};
}

void finish_sdk(Body& body, Arena& arena, ScoreRecord& record) {
  if (!body.has_project_id) body.sdk.bad("projectId", "is required.");
  const std::string_view score = default_score(body.label);
  if (score.empty() && body.common.ok()) body.sdk.bad("label", "must be good, bad or unsure.");
  record.value = body.score;
  if (record.value.kind == ValueInput::Kind::absent) {
    record.value.kind = ValueInput::Kind::number;
    record.value.text = score;
  }
  record.source.spelling = SourceSpelling::trace;
  record.source.id = body.log_id;
  record.verdict = body.label;
  record.notes = body.notes;
  record.has_notes = body.has_notes;
  record.metadata = project_metadata(arena, body.project_id);
}

std::string joined(const std::string& first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  return first + " " + second;
}

}  // namespace

bool is_target_type(SourceSpelling spelling) noexcept {
  return spelling == SourceSpelling::eval_case || spelling == SourceSpelling::trace ||
         spelling == SourceSpelling::pairwise;
}

bool may_be_of_project(const Row& row, std::string_view project) noexcept {
  if (project.empty() || row.dialect != DialectCode::evalguard) return true;
  return row.metadata.empty() || row.metadata == project;
}

std::string_view project_metadata(Arena& arena, std::string_view project_id) {
  if (project_id.empty()) return {};
  std::string text = "{";
  append_json_field(text, "projectId", project_id);
  text.push_back('}');
  return arena.copy(text);
}

std::optional<Refusal> decode_annotation(Exchange& exchange) {
  JsonDocument document(*exchange.json, exchange.arena);
  Body body(document);
  bool is_object = false;
  const Errc code =
      document.parse({exchange.request.body.data(), exchange.request.body.size()}, [&](JsonValue& root) -> Errc {
        is_object = root.kind() == JsonKind::object;
        if (!is_object) return root.skip();
        return body.common.structure("The body", root.object([&](std::string_view key, JsonValue& value) -> Errc {
          return read_field(key, value, body);
        }));
      });
  if (document.broken()) return bad_request(code, broken_text(document, code));
  if (!is_object) return bad_request(Errc::wrong_type, "The body must be a JSON object.");

  ScoreRecord record;
  record.label.kind = LabelRef::Kind::annotation;
  std::string problems;
  if (body.has_log_id && !body.has_target_id) {
    finish_sdk(body, exchange.arena, record);
    problems = joined(body.common.problems(), body.sdk.problems());
  } else {
    if (!body.has_target_id)
      body.documented.bad("target_id", "is required (or logId, in the form that the SDKs send).");
    finish_documented(body, exchange.arena, record);
    problems = joined(body.common.problems(), body.documented.problems());
  }
  if (!problems.empty()) return bad_request(Errc::item_malformed, std::move(problems));
  exchange.items = 1;
  exchange.batch.records.push_back(record);
  return std::nullopt;
}

std::optional<Refusal> decode_list(Exchange& exchange) {
  if (!parse_query(exchange.request.query, exchange.query_storage, exchange.query).ok())
    return bad_request(Errc::unknown_parameter, "The query is malformed.");
  ScoreQuery& query = exchange.read.query;
  query.by = ScoreQuery::By::workspace;
  query.workspace = exchange.principal.workspace;
  query.limit = limits::kPageLimit;
  for (const QueryParam& param : exchange.query) {
    if (param.name == "projectId" || param.name == "project_id") continue;  // Looked at in every score found.
    if (param.name == "cursor") {
      query.cursor = param.value;
    } else if (param.name == "limit") {
      const char* const end = param.value.data() + param.value.size();
      const auto [at, error] = std::from_chars(param.value.data(), end, query.limit);
      if (error != std::errc() || at != end || query.limit == 0 || query.limit > limits::kPageLimit)
        return bad_request(Errc::parameter_out_of_range,
                           "limit must be from 1 to " + std::to_string(limits::kPageLimit) + ".");
    } else {
      return bad_request(Errc::unknown_parameter, "Unknown parameter: " + shown(param.name));
    }
  }
  return std::nullopt;
}

}  // namespace sluice::evalguard
