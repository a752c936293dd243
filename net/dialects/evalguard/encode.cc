#include "net/dialects/evalguard/encode.h"

#include "net/dialect/json_writer.h"
#include "net/dialect/rest_shape.h"

namespace sluice::evalguard {
namespace {

constexpr std::string_view kProjectBegin = "{\"projectId\":";

struct Annotation {
  Uuid id;
  SourceRef source;
  const Decimal* score = nullptr;
  std::string_view label;
  std::string_view notes;
  bool has_notes = false;
  std::string_view queue_id;
  std::string_view metadata;
  WallTime created_at = 0;
};

void append_text_or_null(std::string& out, std::string_view name, std::string_view text, bool given) {
  append_json_key(out, name);
  if (given) {
    append_json_string(out, text);
  } else {
    out.append("null");
  }
}

void append_annotation(std::string& out, const Annotation& annotation) {
  out.append("{\"id\":");
  append_json_uuid(out, annotation.id);
  append_json_field(out, "target_id", annotation.source.id);
  append_json_field(out, "target_type", annotation.source.type());
  append_text_or_null(out, "label", annotation.label, !annotation.label.empty());
  append_json_key(out, "score");
  if (annotation.score != nullptr) {
    append_decimal(out, *annotation.score);
  } else {
    out.append("null");
  }
  append_text_or_null(out, "comment", annotation.notes, annotation.has_notes);
  append_text_or_null(out, "queue_id", annotation.queue_id, !annotation.queue_id.empty());
  append_json_key(out, "projectId");
  if (annotation.metadata.starts_with(kProjectBegin)) {
    out.append(annotation.metadata.substr(kProjectBegin.size(), annotation.metadata.size() - kProjectBegin.size() - 1));
  } else {
    out.append("null");
  }
  append_json_field(out, "logId", annotation.source.id);
  append_text_or_null(out, "notes", annotation.notes, annotation.has_notes);
  append_json_key(out, "createdAt");
  append_json_time(out, annotation.created_at);
  out.push_back('}');
}

}  // namespace

void encode_created(const Exchange& exchange, std::string& out) {
  const ScoreRecord& record = exchange.batch.records.front();
  Annotation annotation;
  annotation.id = stored_score_id(*exchange.keys, exchange.batch, record, exchange.batch.outcomes.front());
  annotation.source = record.source;
  Decimal score;
  if (record.value.kind == ValueInput::Kind::number) {
    score = *parse_decimal(record.value.text);
    annotation.score = &score;
  }
  annotation.label = record.verdict;
  annotation.notes = record.notes;
  annotation.has_notes = record.has_notes;
  annotation.queue_id = record.queue_item;
  annotation.metadata = record.metadata;
  annotation.created_at = exchange.batch.inserted_at;
  out.append("{\"success\":true,\"data\":");
  append_annotation(out, annotation);
  out.push_back('}');
}

void encode_listed(const Score& score, std::string& out) {
  if (out.back() != '[') out.push_back(',');
  Annotation annotation;
  annotation.id = score.id;
  annotation.source = score.row.source;
  if (score.row.value.kind == Value::Kind::number) annotation.score = &score.row.value.number;
  annotation.label = score.row.verdict;
  annotation.notes = score.row.notes;
  annotation.has_notes = score.row.has_notes;
  annotation.queue_id = score.row.queue_item;
  if (score.row.dialect == DialectCode::evalguard) annotation.metadata = score.row.metadata;
  annotation.created_at = score.created_at;
  append_annotation(out, annotation);
}

void encode_error(std::string_view code, std::string_view message, std::string_view request_id, std::string& out) {
  out.append("{\"success\":false,\"error\":{");
  append_json_field(out, "code", code);
  append_json_field(out, "message", message);
  append_json_field(out, "requestId", request_id);
  out.append("}}");
}

Refusal refusal_of_record(const ScoreRecord& record, Errc code) {
  Refusal refusal = refusal_of(code);
  if (code == Errc::source_not_found) {
    const bool is_sdk = !record.metadata.empty();
    refusal.message = is_sdk ? "logId: no " : "target_id: no ";
    refusal.message.append(record.source.type()).append(" with the id ").append(record.source.id).append(".");
  }
  return refusal;
}

}  // namespace sluice::evalguard
