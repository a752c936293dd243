#include "tests/dialects/describe_record.h"

namespace sluice::cases {
namespace {

std::string describe(const SourceRef& source) {
  return std::string(source.type()) + ':' + std::string(source.id);
}

std::string describe(const LabelRef& label) {
  switch (label.kind) {
    case LabelRef::Kind::none: return {};
    case LabelRef::Kind::id: return " label_id=" + to_text(label.id);
    case LabelRef::Kind::name: return " label_name=" + std::string(label.name);
    case LabelRef::Kind::evaluator: return " evaluator=" + std::string(label.name);
    case LabelRef::Kind::annotation: return " label=annotation";
    case LabelRef::Kind::number: return " label_number=" + std::to_string(label.number);
  }
  return {};
}

std::string describe(const ValueInput& value) {
  constexpr const char* kShapes[] = {"", "value:", "rating:", "selected:", "text:"};
  const std::string shape = kShapes[static_cast<int>(value.shape)];
  switch (value.kind) {
    case ValueInput::Kind::absent: return {};
    case ValueInput::Kind::null: return " value=" + shape + "null";
    case ValueInput::Kind::boolean: return " value=" + shape + (value.boolean ? "true" : "false");
    case ValueInput::Kind::number: return " value=" + shape + "number " + std::string(value.text);
    case ValueInput::Kind::text: return " value=" + shape + "text " + std::string(value.text);
    case ValueInput::Kind::failure: return " value=failure " + std::string(value.text);
    case ValueInput::Kind::invalid: return " value=" + shape + "invalid";
    case ValueInput::Kind::list: break;
  }
  std::string out = " value=" + shape + "list";
  for (const std::string_view option : value.list) (out += ' ') += option;
  return out;
}

std::string one_line(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\n");
  return text;
}

}  // namespace

std::string describe_record(const ScoreRecord& record) {
  constexpr const char* kKinds[] = {"record ", "patch ", "delete ", "source "};
  constexpr const char* kIdentities[] = {"", " identity=client_id", " identity=natural", " identity=idempotency"};
  std::string out = kKinds[static_cast<int>(record.kind)] + std::to_string(record.item) + ' ' + describe(record.source);
  const auto add = [&out](const char* name, std::string_view text) {
    if (!text.empty()) (out += name) += text;
  };
  if (!record.parent.empty()) out += " parent=" + describe(record.parent);
  if (record.parent_in_identity) out += " parent_in_identity";
  out += describe(record.label);
  if (record.kind == EventKind::patch) out += " fields=" + std::to_string(record.patch_fields);
  out += describe(record.value);
  add(" verdict=", record.verdict);
  if (record.has_notes) out += " notes=" + std::string(record.notes);
  add(" score_source=", record.score_source);
  out += kIdentities[static_cast<int>(record.identity)];
  add(" client_id=", record.client_id);
  add(" queue_item=", record.queue_item);
  add(" metadata=", record.metadata);
  if (record.event_time) {
    out += " event_time=";
    append_rfc3339(out, *record.event_time);
  }
  return one_line(std::move(out));
}

}  // namespace sluice::cases
