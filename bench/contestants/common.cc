#include <ctime>
#include <stdexcept>

#include <sys/resource.h>
#include <xxhash.h>

#include "bench/contestants/contestants.h"

namespace sluice::bench {
namespace {

double seconds_of(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; }

void set_value(ValueInput& value, const load::PlannedScore& score, std::string& text) {
  switch (score.kind) {
    case load::ValueKind::numeric: {
      char digits[16];
      std::snprintf(digits, sizeof digits, "0.%06u", score.value);
      text = digits;
      value.kind = ValueInput::Kind::number;
      break;
    }
    case load::ValueKind::option:
      text = std::string("option-") + static_cast<char>('a' + score.value % 26);
      value.kind = ValueInput::Kind::text;
      break;
    case load::ValueKind::star:
      text = std::to_string(score.value + 1);
      value.kind = ValueInput::Kind::number;
      break;
    case load::ValueKind::thumb:
      text = score.value == 1 ? "up" : "down";
      value.kind = ValueInput::Kind::text;
      break;
  }
  value.text = text;
}

}  // namespace

load::PlanOptions plan_options(const RunOptions& options) {
  load::LoadOptions load;
  load.seed = options.seed;
  load.batch = options.batch;
  load.text = 0;  // The contestants without HTTP take no notes: the same rows for everybody.
  return load::plan_options(load);
}

std::uint64_t source_sum(std::string_view source_id) noexcept {
  return XXH3_64bits(source_id.data(), source_id.size());
}

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void fill(PlannedBatch& out, const load::Plan& plan, std::uint64_t request, const std::vector<Uuid>& labels) {
  const std::uint32_t items = plan.options().batch;
  out.batch.reset();
  out.batch.records.resize(items);
  out.texts.resize(2 * items);
  for (std::uint32_t i = 0; i < items; ++i) {
    const load::PlannedScore score = plan.score(request, i);
    std::string& id = out.texts[2 * i];
    id.resize(36);
    write_uuid(id.data(), plan.source_uuid(score.source));
    ScoreRecord& record = out.batch.records[i];
    record = ScoreRecord{};
    record.item = i;
    record.source.spelling = source_spelling(plan.source_type(score.source));
    record.source.id = id;
    record.label.kind = LabelRef::Kind::id;
    record.label.id = labels[score.label];
    set_value(record.value, score, out.texts[2 * i + 1]);
  }
}

std::vector<Uuid> create_labels(Catalogue& catalogue, WorkspaceNumber workspace, const load::Plan& plan) {
  std::vector<Uuid> ids;
  const auto names = load::planned_labels(plan);
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    const load::LabelShape& shape = load::label_shape(i);
    CreateLabel change;
    change.workspace = workspace;
    change.name = names[i].name;
    change.settings_json = "{}";
    change.allow_notes = true;
    // The rules the HTTP contestant's labels have, so that validation costs the same.
    switch (shape.kind) {
      case load::ValueKind::numeric:
        change.type = LabelType::numeric;
        change.rules.min = Decimal{0, 0};
        change.rules.max = Decimal{1, 0};
        change.rules.step = Decimal{1, -6};
        break;
      case load::ValueKind::option:
        change.type = LabelType::categorical;
        for (char c = 'a'; c <= 'h'; ++c) change.rules.options.push_back({std::string("option-") + c, ""});
        break;
      case load::ValueKind::star:
        change.type = LabelType::star;
        break;
      case load::ValueKind::thumb:
        change.type = LabelType::thumbs_up_down;
        break;
    }
    const auto made = catalogue.apply(change, wall_now());
    if (!made) throw std::runtime_error("cannot create a label");
    ids.push_back(made->label->id);
  }
  return ids;
}

}  // namespace sluice::bench
