#include <stdexcept>

#include "net/dialect/json_writer.h"
#include "net/dialect/value_json.h"
#include "store/log_scan.h"
#include "tools/backup/checkpoint_copy.h"
#include "tools/backup/export.h"

namespace sluice {
namespace {

void append_text(std::string& line, std::string_view name, std::string_view text) {
  if (!text.empty()) append_json_field(line, name, text);
}

void append_number(std::string& line, std::string_view name, std::uint64_t number) {
  append_json_key(line, name);
  append_json_uint(line, number);
}

std::string_view name_of(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::set:
      return "set";
    case EventKind::patch:
      return "patch";
    case EventKind::erase:
      return "delete";
    case EventKind::source:
      return "source";
  }
  return "";
}

void append_fields(std::string& line, std::uint8_t fields) {
  append_json_key(line, "fields");
  line += '[';
  constexpr std::pair<PatchField, const char*> kNames[] = {
      {kPatchValue, "value"}, {kPatchNotes, "notes"}, {kPatchScoreSource, "score_source"}, {kPatchVerdict, "verdict"}};
  for (const auto& [field, name] : kNames) {
    if ((fields & field) == 0) continue;
    if (line.back() != '[') line += ',';
    append_json_string(line, name);
  }
  line += ']';
}

/// Which score a patch or delete is about: the event that made it, or what identifies it.
void append_target(std::string& line, const TargetIdentity& target) {
  append_json_key(line, "target");
  line += '{';
  switch (target.kind) {
    case IdentityKind::positional:
      append_number(line, "block", target.origin.block);
      append_number(line, "slot", target.origin.slot);
      break;
    case IdentityKind::natural:
      append_number(line, "generation", target.generation);
      break;
    case IdentityKind::idempotency:
      append_number(line, "item", target.item);
      break;
    case IdentityKind::client_id:
      break;  // The event's own client_id.
  }
  line += '}';
}

void append_annotator(std::string& line, const Annotator& annotator) {
  append_json_key(line, "annotator");
  line += "{\"id\":";
  append_json_uuid(line, annotator.id);
  append_text(line, "name", annotator.name);
  append_text(line, "email", annotator.email);
  line += '}';
}

void append_label(std::string& line, const Label& label) {
  append_json_key(line, "label_id");
  append_json_uuid(line, label.id);
  append_json_field(line, "label_name", label.name);
}

void append_value(std::string& line, const Row& row, const Label* label) {
  append_json_key(line, "value");
  append_value_json(line, row.value, label == nullptr ? LabelType::numeric : label->type);
}

void append_event(std::string& line, const Row& row, Position at, WallTime inserted_at,
                  const CatalogueSnapshot& catalogue) {
  const Label* const label = catalogue.label(row.label);
  line = "{";
  append_json_field(line, "event", name_of(row.kind));
  append_number(line, "block", at.block);
  append_number(line, "slot", at.slot);
  append_json_key(line, "at");
  append_json_time(line, inserted_at);
  append_json_field(line, "source_type", row.source.type());
  append_json_field(line, "source_id", row.source.id);
  if (!row.parent.empty()) {
    append_json_field(line, "parent_type", row.parent.type());
    append_json_field(line, "parent_id", row.parent.id);
  }
  if (label != nullptr) append_label(line, *label);
  const bool patch = row.kind == EventKind::patch;
  if (row.kind == EventKind::set || (patch && (row.patch_fields & kPatchValue) != 0)) append_value(line, row, label);
  append_text(line, "verdict", row.verdict);
  if (row.has_notes) append_json_field(line, "notes", row.notes);
  append_text(line, "score_source", row.score_source);
  append_text(line, "client_id", row.client_id);
  append_text(line, "queue_item", row.queue_item);
  if (row.event_time) {
    append_json_key(line, "event_time");
    append_json_time(line, *row.event_time);
  }
  if (!row.metadata.empty()) {
    append_json_key(line, "metadata");
    line += row.metadata;
  }
  if (patch) append_fields(line, row.patch_fields);
  if (patch || row.kind == EventKind::erase) append_target(line, row.target);
  if (const Annotator* const annotator = catalogue.annotator(row.annotator)) append_annotator(line, *annotator);
  append_json_field(line, "dialect", to_string(row.dialect));
  line += "}\n";
}

}  // namespace

ExportCounts export_events(HttpClient& client, const Settings& settings, const ExportOptions& options, std::FILE* out) {
  const CheckpointCopy copy(client, settings.data);
  Catalogue catalogue;
  CataloguePtr names;
  const Workspace* workspace = nullptr;
  ExportCounts counts;
  Row row;
  RowScratch scratch;
  std::string line;
  scan_log(copy.path(), catalogue, [&](const BlockView& block) {
    if (names == nullptr) {  // The catalogue is complete before the first block.
      names = catalogue.snapshot();
      workspace = names->workspace_by_name(options.workspace);
      if (workspace == nullptr) throw std::runtime_error("no workspace is named '" + options.workspace + "'");
    }
    for (std::uint16_t slot = 0; slot < block.rows(); ++slot) {
      if (!block.row(slot, row, scratch) || row.workspace != workspace->number) continue;
      const Annotator* const annotator = names->annotator(row.annotator);
      if (!options.annotator.empty() && (annotator == nullptr || to_text(annotator->id) != options.annotator)) continue;
      append_event(line, row, {block.sequence(), slot}, block.inserted_at(), *names);
      std::fwrite(line.data(), 1, line.size(), out);
      ++counts.scores;
    }
  });
  return counts;
}

}  // namespace sluice
