#include "net/dialects/futureagi/encode.h"

#include <algorithm>
#include <unordered_map>

#include "engine/base/limits.h"
#include "net/dialect/dialect.h"
#include "net/dialect/json_writer.h"
#include "net/dialect/value_json.h"
#include "net/dialects/futureagi/decode.h"

namespace sluice::futureagi {
namespace {

/// Writes the members of one object in the case that the request used.
class Members {
 public:
  Members(std::string& out, bool camel) : out_(out), camel_(camel) { out_.push_back('{'); }
  ~Members() { out_.push_back('}'); }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  /// The caller writes the value.
  void key(std::string_view snake, std::string_view camel) { append_json_key(out_, camel_ ? camel : snake); }
  void text(std::string_view snake, std::string_view camel, std::string_view value) {
    key(snake, camel);
    append_json_string(out_, value);
  }
  /// Null when it is empty.
  void text_or_null(std::string_view snake, std::string_view camel, std::string_view value) {
    key(snake, camel);
    if (value.empty()) {
      out_.append("null");
    } else {
      append_json_string(out_, value);
    }
  }
  void time(std::string_view snake, std::string_view camel, WallTime value) {
    key(snake, camel);
    append_json_time(out_, value);
  }

 private:
  std::string& out_;
  const bool camel_;
};

bool camel_case(const Exchange& exchange) noexcept { return (exchange.flags & kCamel) != 0; }

void append_label(const Label* label, Members& members, std::string& out) {
  members.key("label_id", "labelId");
  if (label == nullptr) {
    out.append("null");
    return;
  }
  append_json_uuid(out, label->id);
  members.text("label_name", "labelName", label->name);
  members.text("label_type", "labelType", to_string(label->type));
  members.key("label_settings", "labelSettings");
  out.append(label->settings_json.empty() ? "{}" : label->settings_json);
  members.key("label_allow_notes", "labelAllowNotes");
  out.append(label->allow_notes ? "true" : "false");
}

void append_history(const Score& score, LabelType type, std::string& out) {
  out.push_back('[');
  for (const OlderValue& older : score.history) {
    if (out.back() != '[') out.push_back(',');
    out.append("{\"value\":");
    append_value_json(out, older.value, type, older.verdict);
    out.append(",\"at\":");
    append_json_time(out, older.written_at);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_annotator(const Annotator* annotator, Members& members, std::string& out) {
  members.key("annotator", "annotator");
  if (annotator == nullptr) {
    out.append("null");
  } else {
    append_json_uuid(out, annotator->id);
  }
  members.text_or_null("annotator_name", "annotatorName", annotator == nullptr ? std::string_view() : annotator->name);
  members.text_or_null("annotator_email", "annotatorEmail",
                       annotator == nullptr ? std::string_view() : annotator->email);
}

std::string_view label_name(const Exchange& exchange, const Score& score) noexcept {
  const Label* const label = exchange.catalogue->label(score.row.label);
  return label == nullptr ? std::string_view() : std::string_view(label->name);
}

/// A score that this call's items without a client id write, in the queue item that all of them share.
bool is_own(const Exchange& exchange, const Row& row, std::string_view queue_item) noexcept {
  return row.identity == IdentityKind::natural && !row.parent_in_identity &&
         row.annotator == exchange.batch.principal.annotator && row.queue_item == queue_item;
}

enum class History : std::uint8_t { shown, left_out };

void encode_with(const Exchange& exchange, const Score& score, History history, std::string& out) {
  const Row& row = score.row;
  const Label* const label = exchange.catalogue->label(row.label);
  const LabelType type = label == nullptr ? LabelType::numeric : label->type;
  Members members(out, camel_case(exchange));
  members.key("id", "id");
  append_json_uuid(out, score.id);
  members.text("source_type", "sourceType", row.source.type());
  members.text("source_id", "sourceId", row.source.id);
  append_label(label, members, out);
  members.key("value", "value");
  append_value_json(out, row.value, type, row.verdict);
  members.key("value_history", "valueHistory");
  if (history == History::shown) {
    append_history(score, type, out);
  } else {
    out.append("[]");
  }
  // Dialects without a word for it speak for programs.
  members.text("score_source", "scoreSource", row.score_source.empty() ? "api" : row.score_source);
  members.text("notes", "notes", row.notes);
  append_annotator(exchange.catalogue->annotator(row.annotator), members, out);
  members.text_or_null("queue_item", "queueItem", row.queue_item);
  members.key("queue_id", "queueId");
  out.append("null");
  members.time("created_at", "createdAt", score.created_at);
  members.time("updated_at", "updatedAt", score.updated_at);
}

/// A label's score among those read back, and the last record of the call that wrote it.
struct Written {
  const Score* score = nullptr;
  std::size_t last = 0;
};

std::unordered_map<LabelNumber, Written> written_by_call(const Exchange& exchange) {
  const Batch& batch = exchange.batch;
  std::unordered_map<LabelNumber, Written> written;
  for (const Score& score : exchange.read.page.scores)
    if (is_own(exchange, score.row, batch.records.front().queue_item))
      written.try_emplace(score.row.label, Written{&score, 0});
  for (std::size_t i = 0; i < batch.outcomes.size(); ++i) {
    if (!batch.outcomes[i].stored()) continue;
    if (const auto found = written.find(batch.outcomes[i].label); found != written.end()) found->second.last = i;
  }
  return written;
}

/// One score for each stored item, in their order; its history stands at the last of those that wrote it, or the
/// answer would grow with the square of the call. A repeat still shows settings, notes and value, of up to 64 KiB
/// each: once the answer is as large as the largest call, repeats are left out.
void append_written(const Exchange& exchange, std::string& out) {
  const Batch& batch = exchange.batch;
  if (batch.records.empty()) return;
  const std::unordered_map<LabelNumber, Written> written = written_by_call(exchange);
  for (std::size_t i = 0; i < batch.outcomes.size(); ++i) {
    if (!batch.outcomes[i].stored()) continue;
    const auto found = written.find(batch.outcomes[i].label);
    if (found == written.end()) continue;  // Deleted by another call between this call's own events.
    const bool last = found->second.last == i;
    if (!last && out.size() > limits::kDecodedBodyBytes) continue;
    if (out.back() != '[') out.push_back(',');
    encode_with(exchange, *found->second.score, last ? History::shown : History::left_out, out);
  }
}

bool is_value_code(Errc code) noexcept { return code >= Errc::value_blank && code <= Errc::value_not_thumb; }

}  // namespace

Verdict verdict_of(const Exchange& exchange, const ScoreRecord& record, const RecordOutcome& outcome) {
  Verdict verdict;
  const Label* const label = exchange.catalogue->label(outcome.label);
  if (outcome.code == Errc::source_not_found) {
    verdict.status = 404;
    verdict.text = "Source not found: ";
    verdict.text.append(record.source.type()).append("=").append(record.source.id);
  } else if (outcome.code == Errc::label_not_found || outcome.code == Errc::label_archived) {
    verdict.status = 404;  // Archived is this API's deleted.
    verdict.text = "Label not found: ";
    append_uuid(verdict.text, record.label.id);
  } else if (is_value_code(outcome.code) && label != nullptr) {
    verdict.about_value = true;
    append_value_text(verdict.text, outcome.code, *label);
  } else {
    verdict.status = default_status(outcome.code);
    verdict.text = default_message(outcome.code);
  }
  return verdict;
}

const Score* find_own(const Exchange& exchange, const ScoreRecord& record, const RecordOutcome& outcome) {
  for (const Score& score : exchange.read.page.scores)
    if (score.row.label == outcome.label && is_own(exchange, score.row, record.queue_item)) return &score;
  return nullptr;
}

void encode_score(const Exchange& exchange, const Score& score, std::string& out) {
  encode_with(exchange, score, History::shown, out);
}

void begin_result(const Exchange& exchange, std::string& out) {
  if (exchange.options->futureagi_envelope) out.append("{\"status\":true,\"result\":");
}

void end_result(const Exchange& exchange, std::string& out) {
  if (exchange.options->futureagi_envelope) out.push_back('}');
}

void encode_bulk(const Exchange& exchange, std::string& out) {
  const Batch& batch = exchange.batch;
  begin_result(exchange, out);
  out.append("{\"scores\":[");
  append_written(exchange, out);
  out.append("],\"errors\":[");
  const auto append = [&out](std::string_view text) {
    if (out.back() != '[') out.push_back(',');
    append_json_string(out, text);
  };
  std::size_t record = 0;
  const auto append_refused_before = [&](std::uint32_t item) {
    for (; record < batch.outcomes.size() && batch.records[record].item < item; ++record)
      if (!batch.outcomes[record].stored())
        append(verdict_of(exchange, batch.records[record], batch.outcomes[record]).text);
  };
  for (const ItemError& error : exchange.item_errors) {
    append_refused_before(error.item);
    std::string text = "scores[" + std::to_string(error.item) + "]: ";
    append(text.append(error.detail));
  }
  append_refused_before(exchange.items);
  if ((exchange.flags & kSpanNotes) != 0) append("span_notes: not stored, this server keeps no notes on spans.");
  out.append("]}");
  end_result(exchange, out);
}

void encode_for_source(Exchange& exchange, std::string& out) {
  std::vector<Score>& scores = exchange.read.page.scores;
  std::stable_sort(scores.begin(), scores.end(), [&](const Score& a, const Score& b) {
    const int names = label_name(exchange, a).compare(label_name(exchange, b));
    return names != 0 ? names < 0 : a.first > b.first;
  });
  begin_result(exchange, out);
  out.push_back('[');
  for (const Score& score : scores) {
    if (out.back() != '[') out.push_back(',');
    encode_score(exchange, score, out);
  }
  out.push_back(']');
  const bool is_span = canonical(exchange.read.query.source.spelling) == SourceSpelling::span;
  if (exchange.options->futureagi_envelope && is_span) out.append(",\"span_notes\":[]");
  end_result(exchange, out);
}

namespace {

/// A relative link to the same list with `parameter` set: the scheme a client reached us by is not ours to know.
void append_link(const Exchange& exchange, std::string_view parameter, std::string_view value, std::string& out) {
  constexpr std::string_view kUnreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string link(exchange.request.path);
  char separator = '?';
  const auto append = [&](std::string_view name, std::string_view text) {
    link.push_back(separator);
    separator = '&';
    link.append(name).push_back('=');
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (kUnreserved.find(c) != std::string_view::npos) {
        link.push_back(c);
      } else {
        link.append({'%', kHex[byte >> 4], kHex[byte & 15]});
      }
    }
  };
  for (const QueryParam& param : exchange.query)
    if (param.name != "page" && param.name != "cursor") append(param.name, param.value);
  append(parameter, value);
  append_json_string(out, link);
}

}  // namespace

void encode_list(Exchange& exchange, std::string& out) {
  const std::vector<Score>& scores = exchange.read.page.scores;
  const ListPage page = list_page(exchange);
  const bool counted = (exchange.flags & kBySource) != 0;
  const std::size_t begin = counted ? std::min(scores.size(), (page.page - 1) * page.size) : 0;
  const std::size_t end = counted ? std::min(scores.size(), begin + page.size) : scores.size();
  Members members(out, camel_case(exchange));
  members.key("count", "count");
  // Everything in a workspace is not counted for one page of it.
  out.append(counted ? std::to_string(scores.size()) : "null");
  members.key("next", "next");
  if (counted && end < scores.size()) {
    append_link(exchange, "page", std::to_string(page.page + 1), out);
  } else if (!counted && !exchange.read.page.next_cursor.empty()) {
    append_link(exchange, "cursor", exchange.read.page.next_cursor, out);
  } else {
    out.append("null");
  }
  members.key("previous", "previous");
  if (counted && page.page > 1) {
    append_link(exchange, "page", std::to_string(page.page - 1), out);
  } else {
    out.append("null");
  }
  members.key("results", "results");
  out.push_back('[');
  for (std::size_t i = begin; i < end; ++i) {
    if (i != begin) out.push_back(',');
    encode_score(exchange, scores[i], out);
  }
  out.push_back(']');
  members.key("total_pages", "totalPages");
  out.append(counted ? std::to_string(std::max<std::size_t>(1, (scores.size() + page.size - 1) / page.size)) : "null");
  members.key("current_page", "currentPage");
  // Pages behind a cursor have no number.
  out.append(counted || exchange.read.query.cursor.empty() ? std::to_string(page.page) : "null");
}

}  // namespace sluice::futureagi
