#include "net/dialects/twosignal/encode.h"

#include "net/dialect/json_writer.h"
#include "net/dialect/rest_shape.h"

namespace sluice::twosignal {
namespace {

void append_text_or_null(std::string& out, std::string_view name, std::string_view text, bool given) {
  append_json_key(out, name);
  if (given) {
    append_json_string(out, text);
  } else {
    out.append("null");
  }
}

}  // namespace

void encode_score(const Exchange& exchange, std::string& out) {
  const ScoreRecord& record = exchange.batch.records.front();
  const bool is_span = record.parent_in_identity;
  out.append("{\"id\":");
  append_json_uuid(out, stored_score_id(*exchange.keys, exchange.batch, record, exchange.batch.outcomes.front()));
  append_json_field(out, "traceId", is_span ? record.parent.id : record.source.id);
  append_text_or_null(out, "spanId", record.source.id, is_span);
  append_json_field(out, "evaluatorName", record.label.name);
  append_json_key(out, "value");
  append_decimal(out, *parse_decimal(record.value.text));
  append_text_or_null(out, "label", record.verdict, !record.verdict.empty());
  append_text_or_null(out, "reasoning", record.notes, record.has_notes);
  out.push_back('}');
}

void encode_accepted(const Exchange& exchange, std::string& out, std::size_t errors_bytes) {
  std::uint64_t accepted = 0;
  for (const RecordOutcome& outcome : exchange.batch.outcomes) accepted += outcome.stored() ? 1 : 0;
  out.append("{\"accepted\":");
  append_json_uint(out, accepted);
  if (!exchange.item_errors.empty()) {
    out.append(",\"errors\":[");
    std::size_t listed = 0;
    for (const ItemError& error : exchange.item_errors) {
      if (out.size() >= errors_bytes) break;
      if (listed++ != 0) out.push_back(',');
      append_json_string(out, error.detail);
    }
    if (const std::size_t more = exchange.item_errors.size() - listed; more != 0)
      out.append(",\"and ").append(std::to_string(more)).append(" more.\"");
    out.push_back(']');
  }
  out.push_back('}');
}

void encode_error(std::string_view code, std::string_view message, std::string& out) {
  out.append("{\"error\":{");
  append_json_field(out, "code", code);
  append_json_field(out, "message", message);
  out.append("}}");
}

Refusal refusal_of_record(const ScoreRecord& record, Errc code) {
  Refusal refusal = refusal_of(code);
  switch (code) {
    case Errc::source_not_found:
      refusal.message = record.parent_in_identity ? "Span not found: " : "Trace not found: ";
      refusal.message.append(record.source.id);
      if (record.parent_in_identity) refusal.message.append(" in trace ").append(record.parent.id);
      break;
    case Errc::value_out_of_range:
      refusal.message = "value must be between 0 and 1.";
      break;
    case Errc::label_limit:
      refusal.message = "evaluatorName: the workspace has too many evaluators already.";
      break;
    default:
      break;
  }
  return refusal;
}

}  // namespace sluice::twosignal
