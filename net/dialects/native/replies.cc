#include "net/dialects/native/replies.h"

#include <algorithm>

#include "net/dialect/dialect.h"
#include "net/dialect/json_writer.h"
#include "net/dialect/value_json.h"
#include "net/dialects/registry.h"

namespace sluice::native {

Refusal refusal(Errc code, std::string message, std::string_view field) {
  return Refusal{default_status(code), code, std::move(message), field, 0};
}

Next refuse(Exchange& exchange, const Refusal& refusal) {
  native_dialect().refuse(refusal, exchange.request, exchange.reply);
  return Next::reply;
}

Next refuse(Exchange& exchange, Errc code, std::string message, std::string_view field) {
  return refuse(exchange, refusal(code, std::move(message), field));
}

Next refuse(Exchange& exchange, Errc code) { return refuse(exchange, code, std::string(default_message(code))); }

Next refuse_batch(Exchange& exchange) { return refuse(exchange, exchange.batch.status); }

void append_text_or_null(std::string& out, std::string_view name, std::string_view text) {
  append_json_key(out, name);
  if (text.empty()) {
    out += "null";
  } else {
    append_json_string(out, text);
  }
}

void append_time_or_null(std::string& out, std::string_view name, const std::optional<WallTime>& time) {
  append_json_key(out, name);
  if (time) {
    append_json_time(out, *time);
  } else {
    out += "null";
  }
}

void append_annotator(std::string& out, const Annotator* annotator) {
  if (annotator == nullptr) {
    out += "null";
    return;
  }
  out += "{\"id\":";
  append_json_uuid(out, annotator->id);
  append_text_or_null(out, "name", annotator->name);
  append_text_or_null(out, "email", annotator->email);
  out += '}';
}

namespace {

std::string_view to_string(LabelOrigin origin) noexcept {
  switch (origin) {
    case LabelOrigin::user:
      return "user";
    case LabelOrigin::evaluator:
      return "evaluator";
    case LabelOrigin::annotation:
      return "annotation";
  }
  return "user";
}

}  // namespace

void append_label(std::string& out, const Label& label) {
  out += "{\"id\":";
  append_json_uuid(out, label.id);
  append_json_field(out, "name", label.name);
  append_json_field(out, "type", sluice::to_string(label.type));
  append_json_key(out, "settings");
  out += label.settings_json.empty() ? std::string_view("{}") : std::string_view(label.settings_json);
  append_text_or_null(out, "description", label.description);
  append_text_or_null(out, "project", label.project);
  append_json_key(out, "allow_notes");
  out += label.allow_notes ? "true" : "false";
  append_json_field(out, "origin", to_string(label.origin));
  append_json_key(out, "archived");
  out += label.archived ? "true" : "false";
  append_json_key(out, "created_at");
  append_json_time(out, label.created_at);
  append_json_key(out, "updated_at");
  append_json_time(out, label.updated_at);
  out += '}';
}

namespace {

/// `key` with its comma, quotes and colon: a score has twenty members, and most of its text are their names.
void append_member(std::string& out, std::string_view key, std::string_view text) {
  out += key;
  if (text.empty()) {
    out += "null";
  } else {
    append_json_string(out, text);
  }
}

void append_history(std::string& out, const Score& score, LabelType type) {
  append_json_key(out, "value_history");
  out += '[';
  for (const OlderValue& older : score.history) {
    if (out.back() != '[') out += ',';
    out += "{\"value\":";
    append_value_json(out, older.value, type);
    append_text_or_null(out, "verdict", older.verdict);
    append_json_key(out, "at");
    append_json_time(out, older.written_at);
    out += '}';
  }
  out += ']';
}

}  // namespace

void append_score(std::string& out, const Score& score, const CatalogueSnapshot& catalogue) {
  const Row& row = score.row;
  const Label* const label = catalogue.label(row.label);
  const LabelType type = label == nullptr ? LabelType::numeric : label->type;
  out += "{\"id\":";
  append_json_uuid(out, score.id);
  append_member(out, ",\"source_type\":", row.source.empty() ? std::string_view() : row.source.type());
  append_member(out, ",\"source_id\":", row.source.id);
  append_member(out, ",\"parent_type\":", row.parent.empty() ? std::string_view() : row.parent.type());
  append_member(out, ",\"parent_id\":", row.parent.id);
  if (label == nullptr) {
    out += ",\"label_id\":null,\"label_name\":null,\"label_type\":null";
  } else {
    out += ",\"label_id\":";
    append_json_uuid(out, label->id);
    out += ",\"label_name\":";
    append_json_string(out, label->name);
    out += ",\"label_type\":";
    append_json_string(out, sluice::to_string(type));
  }
  out += ",\"value\":";
  append_value_json(out, row.value, type);
  append_member(out, ",\"verdict\":", row.verdict);
  out += ",\"notes\":";
  if (row.has_notes) {
    append_json_string(out, row.notes);
  } else {
    out += "null";
  }
  append_member(out, ",\"score_source\":", row.score_source);
  out += ",\"annotator\":";
  append_annotator(out, catalogue.annotator(row.annotator));
  append_member(out, ",\"client_id\":", row.client_id);
  append_member(out, ",\"queue_item\":", row.queue_item);
  out += ",\"metadata\":";
  out += row.metadata.empty() ? std::string_view("null") : row.metadata;
  append_time_or_null(out, "event_time", row.event_time);
  out += ",\"created_at\":";
  append_json_time(out, score.created_at);
  out += ",\"updated_at\":";
  append_json_time(out, score.updated_at);
  out += ",\"dialect\":";
  append_json_string(out, sluice::to_string(row.dialect));
  append_history(out, score, type);
  out += '}';
}

void append_item_error(std::string& out, std::uint32_t index, Errc code, std::string_view field,
                       std::string_view message) {
  out += "{\"index\":";
  append_json_uint(out, index);
  append_json_field(out, "code", sluice::to_string(code));
  append_text_or_null(out, "field", field);
  append_json_field(out, "message", message);
  out += '}';
}

void describe_item_error(const ItemError& error, std::string& message) {
  message.clear();
  if (error.field.empty()) {
    message += "The item";
  } else {
    message += error.field;
  }
  message += ' ';
  message += error.detail;
}

void describe_outcome(const ScoreRecord& record, const RecordOutcome& outcome, const CatalogueSnapshot& catalogue,
                      std::string& message, std::string_view& field) {
  message.clear();
  field = {};
  const Label* const label = outcome.label == 0 ? nullptr : catalogue.label(outcome.label);
  const std::string_view label_field = record.label.kind == LabelRef::Kind::name ? "label_name" : "label_id";
  const auto name_label = [&] {
    if (record.label.kind == LabelRef::Kind::name) {
      ((message += '\'') += record.label.name) += '\'';
    } else {
      append_uuid(message, record.label.id);
    }
  };
  switch (outcome.code) {
    case Errc::label_not_found:
      field = label_field;
      message += "No label ";
      name_label();
      message += " exists in this workspace.";
      return;
    case Errc::label_archived:
      field = label_field;
      message += "The label ";
      name_label();
      message += " is archived; restore it before scoring with it.";
      return;
    case Errc::label_ambiguous:
      field = label_field;
      message += "Several labels are named ";
      name_label();
      message += "; give the label_id of one.";
      return;
    case Errc::source_not_found:
      field = "source_id";
      ((message += "The source ") += record.source.type()) += ' ';
      message += record.source.id;
      message += " is not registered, and this workspace takes registered sources only.";
      return;
    case Errc::atomic_sibling:
      message += "This item is good; it was not stored because another item of this atomic request is bad.";
      return;
    default:
      break;
  }
  if (outcome.code >= Errc::value_blank && outcome.code <= Errc::value_not_thumb) {
    field = "value";
    if (label != nullptr) {
      append_value_text(message, outcome.code, *label);
      return;
    }
  }
  message += default_message(outcome.code);
}

}  // namespace sluice::native
