#include "net/dialects/futureagi/fields.h"

#include <algorithm>

namespace sluice::futureagi {
namespace {

struct Names {
  std::string_view snake;
  std::string_view camel;
};

// By Field.
constexpr Names kNames[] = {
    {"source_type", "sourceType"},
    {"source_id", "sourceId"},
    {"scores", "scores"},
    {"label_id", "labelId"},
    {"annotator_id", "annotatorId"},
    {"value", "value"},
    {"notes", "notes"},
    {"span_notes", "spanNotes"},
    {"span_notes_source_id", "spanNotesSourceId"},
    {"score_source", "scoreSource"},
    {"queue_item_id", "queueItemId"},
    {"page", "page"},
    {"page_size", "pageSize"},
    {"cursor", "cursor"},
    {"non_field_errors", "non_field_errors"},
    {"", ""},
};
static_assert(std::size(kNames) == static_cast<std::size_t>(Field::unknown) + 1);

}  // namespace

std::string_view field_name(Field field, bool camel) noexcept {
  const Names& names = kNames[static_cast<std::size_t>(field)];
  return camel ? names.camel : names.snake;
}

Field find_field(std::string_view name, std::span<const Field> allowed, bool& camel) noexcept {
  for (const Field field : allowed) {
    if (name == field_name(field, false)) return field;
    if (name == field_name(field, true)) {
      camel = true;
      return field;
    }
  }
  return Field::unknown;
}

void Problems::add(Field field, std::string_view code, std::string text) {
  list_.push_back({field, {}, code, std::move(text)});
}

void Problems::add_unknown(std::string_view key) {
  // A query may have a name many times, and long names are cut: the answer's `details` has each once.
  const auto is_same = [&](const Problem& problem) { return problem.field == Field::unknown && problem.key == key; };
  if (std::any_of(list_.begin(), list_.end(), is_same)) return;
  list_.push_back({Field::unknown, std::string(key), "invalid", "Unknown field."});
}

std::span<const Problem> Problems::settled() {
  const auto is_unknown = [](const Problem& problem) { return problem.field == Field::unknown; };
  if (std::any_of(list_.begin(), list_.end(), is_unknown)) {
    std::erase_if(list_, [&](const Problem& problem) { return !is_unknown(problem); });
  } else {
    std::stable_sort(list_.begin(), list_.end(), [](const Problem& a, const Problem& b) { return a.field < b.field; });
  }
  return list_;
}

std::string_view name_of(const Problem& problem, bool camel) noexcept {
  return problem.field == Field::unknown ? std::string_view(problem.key) : field_name(problem.field, camel);
}

std::string sentence_of(std::span<const Problem> problems, bool camel) {
  std::string out;
  for (const Problem& problem : problems) {
    if (!out.empty()) out.append("; ");
    if (problem.field != Field::body) out.append(name_of(problem, camel)).append(": ");
    out.append(problem.text);
  }
  return out;
}

}  // namespace sluice::futureagi
