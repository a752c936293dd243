#include "engine/ingest/record_checker.h"

namespace sluice {
namespace {

/// Whether `label`, found for another reference of the same kind, is what `ref` means.
bool names(const LabelRef& ref, const Label& label) noexcept {
  switch (ref.kind) {
    case LabelRef::Kind::none:
      return false;
    case LabelRef::Kind::annotation:
      return true;
    case LabelRef::Kind::id:
      return label.id == ref.id;
    case LabelRef::Kind::name:
    case LabelRef::Kind::evaluator:
      return label.name == ref.name;
    case LabelRef::Kind::number:
      return label.number == ref.number;
  }
  return false;
}

/// Any number that tells most labels apart.
std::size_t number_of(const LabelRef& ref) noexcept {
  if (ref.kind == LabelRef::Kind::id) return ref.id.bytes.back();
  if (ref.name.empty()) return ref.number;
  return ref.name.size() * 7 + static_cast<unsigned char>(ref.name.back());
}

/// What a dry run checks against where a real one would create the label.
const Label& label_to_be(LabelOrigin origin) {
  static const Label evaluator = [] {
    Label label;
    label.origin = LabelOrigin::evaluator;
    label.rules.min = Decimal{0, 0};
    label.rules.max = Decimal{1, 0};
    return label;
  }();
  static const Label annotation = [] {
    Label label;
    label.origin = LabelOrigin::annotation;
    return label;
  }();
  return origin == LabelOrigin::evaluator ? evaluator : annotation;
}

}  // namespace

void RecordChecker::begin(const Batch& batch) {
  if (batch.principal.workspace != workspace_) recent_.fill({});
  workspace_ = batch.principal.workspace;
  take_newest();
  dry_run_ = batch.options.dry_run;
}

void RecordChecker::take_newest() {
  const CatalogueSnapshot* const now = newest_.newest().get();
  if (now != snapshot_) recent_.fill({});  // They point into the older one.
  snapshot_ = now;
}

Errc RecordChecker::check(const ScoreRecord& record, CheckedRecord& checked) {
  checked.label = 0;
  checked.value = {};
  if (record.precheck != Errc::ok) return record.precheck;
  const bool is_set = record.kind == EventKind::set;
  const bool has_value = is_set || (record.kind == EventKind::patch && (record.patch_fields & kPatchValue) != 0);
  if (record.label.kind == LabelRef::Kind::none) return has_value ? Errc::label_not_found : Errc::ok;

  const Label* label = nullptr;
  if (const Errc code = find_label(record.label, label); code != Errc::ok) return code;
  checked.label = label->number;
  if (is_set && label->archived) return Errc::label_archived;
  if (!has_value) return Errc::ok;
  const auto result = check_value(*label, record.value, checked.value, checked.scratch);
  return result.ok() ? Errc::ok : result.error().code;
}

Errc RecordChecker::find_label(const LabelRef& ref, const Label*& label) {
  Recent& recent = recent_[number_of(ref) % recent_.size()];
  if (recent.kind == ref.kind && recent.label != nullptr && names(ref, *recent.label)) {
    label = recent.label;
    return Errc::ok;
  }
  if (const Errc code = look_up(ref, label); code != Errc::ok) return code;
  if (!dry_run_) recent = {ref.kind, label};  // A dry run's may be a stand-in for one that does not exist.
  return Errc::ok;
}

Errc RecordChecker::look_up(const LabelRef& ref, const Label*& label) {
  switch (ref.kind) {
    case LabelRef::Kind::none:
      break;
    case LabelRef::Kind::id:
      label = snapshot_->label_by_id(workspace_, ref.id);
      break;
    case LabelRef::Kind::number:
      label = snapshot_->label(ref.number);
      break;
    case LabelRef::Kind::name: {
      const auto found = snapshot_->label_by_name(workspace_, ref.name);
      if (!found) return found.error().code;
      label = *found;
      break;
    }
    case LabelRef::Kind::evaluator:
      return dialect_label(LabelOrigin::evaluator, ref.name, label);
    case LabelRef::Kind::annotation:
      return dialect_label(LabelOrigin::annotation, "annotation", label);
  }
  return label != nullptr && label->workspace == workspace_ ? Errc::ok : Errc::label_not_found;
}

Errc RecordChecker::dialect_label(LabelOrigin origin, std::string_view name, const Label*& label) {
  label = snapshot_->dialect_label(workspace_, origin, name);
  if (label != nullptr) return Errc::ok;
  if (dry_run_) {
    label = &label_to_be(origin);
    return Errc::ok;
  }
  const auto made = catalogue_.ensure_dialect_label(workspace_, origin, name, clock_());
  if (!made) return made.error().code == Errc::limit_reached ? Errc::label_limit : made.error().code;
  take_newest();
  label = snapshot_->label(made->label->number);
  return Errc::ok;
}

}  // namespace sluice
