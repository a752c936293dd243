#include "tools/load/bodies.h"

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/base/uuid.h"

namespace sluice::load {
namespace {

constexpr std::string_view kUuidGap = "00000000-0000-4000-8000-000000000000";
constexpr std::string_view kUnknownLabel = "0badc0de-0000-4000-8000-000000000bad";

constexpr std::array<std::string_view, 6> kNotes{
    "ok",
    "The answer names the right document but not the page.",
    "Groundedness judged against three retrieved passages; the second one contradicts the claim in the last sentence.",
    "caf\u00e9 \u2013 na\u00efve r\u00e9sum\u00e9",
    R"(quoted: \"yes\", tab\there, path C:\\temp)",
    "Retry of an earlier run after the judge model timed out.",
};
constexpr std::array<std::string_view, 4> kScoreSources{"automation", "sdk", "api", "human"};

// "000" to "999" in one run of text.
struct Digits {
  std::array<char, 3000> text{};
  constexpr Digits() {
    for (std::size_t n = 0; n < 1000; ++n) {
      text[n * 3] = static_cast<char>('0' + n / 100);
      text[n * 3 + 1] = static_cast<char>('0' + n / 10 % 10);
      text[n * 3 + 2] = static_cast<char>('0' + n % 10);
    }
  }
};
constexpr Digits kDigits;

void write_millionths(char* out, std::uint32_t value) noexcept {
  std::copy_n(kDigits.text.data() + value / 1000 * 3, 3, out);
  std::copy_n(kDigits.text.data() + value % 1000 * 3, 3, out + 3);
}

std::string_view path_of(Api api, bool bulk, bool results_all) {
  switch (api) {
    case Api::native: return results_all ? "/v1/scores" : "/v1/scores?results=errors";
    case Api::futureagi: return bulk ? "/model-hub/scores/bulk/" : "/model-hub/scores/";
    case Api::evalguard: return "/api/v1/annotations";
    case Api::twosignal: return "/api/v1/scores";
  }
  return "/";
}

}  // namespace

std::vector<LoadLabel> planned_labels(const Plan& plan) {
  std::vector<LoadLabel> labels(plan.options().labels);
  for (std::uint32_t i = 0; i < labels.size(); ++i) {
    switch (plan.options().api) {
      case Api::evalguard: labels[i].name = "annotation"; break;
      case Api::twosignal: labels[i].name = "load evaluator " + std::to_string(i); break;
      default: labels[i].name = "load " + std::string(label_shape(i).type) + " " + std::to_string(i); break;
    }
  }
  return labels;
}

// Appends one template's body and remembers where the bytes that change stand.
struct BodyPool::Writer {
  const Plan& plan;
  const std::vector<LoadLabel>& labels;
  std::uint32_t index;
  std::string body;
  std::vector<ItemPatch> items;
  std::uint64_t draws = 0;

  [[nodiscard]] std::uint64_t draw() {
    return mix(plan.options().seed ^ (std::uint64_t{index} << 40) ^ draws++ ^ 0x626F6479u);
  }
  [[nodiscard]] bool chance(double share) { return static_cast<double>(draw() >> 11) * 0x1p-53 < share; }
  [[nodiscard]] std::uint32_t at() const { return static_cast<std::uint32_t>(body.size()); }

  void source_id(ItemPatch& patch) {
    body += '"';
    patch.source_at = at();
    body += kUuidGap;
    body += '"';
  }

  void number(ItemPatch& patch) {
    body += "0.";
    patch.value_at = at();
    body += "000001";
  }

  // The scalar itself, in quotes where it is text.
  void scalar(ItemPatch& patch, std::uint32_t item) {
    switch (patch.kind) {
      case ValueKind::numeric: number(patch); return;
      case ValueKind::option:
        body += "\"option-";
        patch.value_at = at();
        body += "a\"";
        return;
      case ValueKind::star:
        patch.value_at = at();
        body += '1';
        return;
      case ValueKind::thumb: body += plan.thumb_up_in(index, item) ? "\"up\"" : "\"down\""; return;
    }
  }

  // Canonical objects and, where `bare_too`, bare scalars: what the clients send.
  void value(ItemPatch& patch, std::uint32_t item, bool bare_too) {
    if (bare_too && chance(0.6)) return scalar(patch, item);
    switch (patch.kind) {
      case ValueKind::numeric:
      case ValueKind::thumb: body += R"({"value":)"; break;
      case ValueKind::star: body += R"({"rating":)"; break;
      case ValueKind::option: body += R"({"selected":[)"; break;
    }
    scalar(patch, item);
    body += patch.kind == ValueKind::option ? "]}" : "}";
  }

  void bad_value(ValueKind kind) {
    switch (kind) {
      case ValueKind::numeric: body += "17.5"; return;
      case ValueKind::option: body += "\"option-z\""; return;
      case ValueKind::star: body += "77"; return;
      case ValueKind::thumb: body += "\"sideways\""; return;
    }
  }

  void notes(std::string_view name) {
    body += '"';
    body += name;
    body += "\":\"";
    body += kNotes[draw() % kNotes.size()];
    body += '"';
  }

  void native_item(std::uint32_t item);
  void futureagi_item(std::uint32_t item);
  void evalguard_item(std::uint32_t item);
  void twosignal_item(std::uint32_t item);
};

void BodyPool::Writer::native_item(std::uint32_t item) {
  ItemPatch& patch = items[item];
  const std::uint32_t label = plan.label_in(index, item);
  patch.kind = label_shape(label).kind;
  const bool bad = plan.bad_in(index, item);
  const std::uint64_t how_bad = bad ? 1 + draw() % 4 : 0;
  enum Field : std::uint8_t { type, source, label_id, value_field, id, note, score_source };
  std::vector<Field> fields{type, source, label_id, value_field};
  if (plan.options().client_ids) fields.push_back(id);
  if (chance(plan.options().text)) fields.push_back(note);
  if (chance(0.3)) fields.push_back(score_source);
  // A body comes from one serializer: its items have one order, another body's have another.
  std::array<Field, 7> order{type, source, label_id, value_field, id, note, score_source};
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[mix(index * 64 + i) % i]);
  const auto rank = [&](Field field) { return std::find(order.begin(), order.end(), field); };
  std::sort(fields.begin(), fields.end(), [&](Field a, Field b) { return rank(a) < rank(b); });
  char separator = '{';
  for (const Field field : fields) {
    body += separator;
    separator = ',';
    switch (field) {
      case type:
        body += R"("source_type":)";
        if (how_bad == 1) {
          body += "17";
        } else {
          body.append("\"").append(plan.source_type(item)).append("\"");
        }
        break;
      case source:
        body += R"("source_id":)";
        source_id(patch);
        break;
      case label_id:
        body.append(R"("label_id":")").append(how_bad == 2 ? kUnknownLabel : labels[label].id).append("\"");
        break;
      case value_field:
        body += R"("value":)";
        if (how_bad == 3) {
          body += "null";
        } else if (how_bad == 4) {
          bad_value(patch.kind);
        } else {
          value(patch, item, true);
        }
        break;
      case id:
        body += R"("id":")";
        patch.client_at = at();
        body.append(kUuidGap).append("\"");
        break;
      case note: notes("notes"); break;
      case score_source:
        body.append(R"("score_source":")").append(kScoreSources[draw() % kScoreSources.size()]).append("\"");
        break;
    }
  }
  body += '}';
}

void BodyPool::Writer::futureagi_item(std::uint32_t item) {
  ItemPatch& patch = items[item];
  const std::uint32_t label = plan.label_in(index, item);
  patch.kind = label_shape(label).kind;
  if (!plan.options().one_source) {
    body.append(R"({"source_type":")").append(plan.source_type(item)).append(R"(","source_id":)");
    source_id(patch);
    body += ',';
  } else {
    body += '{';
  }
  body.append(R"("label_id":")").append(labels[label].id).append(R"(","value":)");
  value(patch, item, false);
  body += R"(,"score_source":"api")";
  if (chance(plan.options().text)) {
    body += ',';
    notes("notes");
  }
  body += '}';
}

void BodyPool::Writer::evalguard_item(std::uint32_t item) {
  ItemPatch& patch = items[item];
  body += R"({"target_id":)";
  source_id(patch);
  body += R"(,"target_type":"trace","score":)";
  number(patch);
  body += chance(0.5) ? R"(,"label":"good")" : R"(,"label":"unsure")";
  if (chance(plan.options().text)) {
    body += ',';
    notes("comment");
  }
  body += '}';
}

void BodyPool::Writer::twosignal_item(std::uint32_t item) {
  ItemPatch& patch = items[item];
  body += R"({"traceId":)";
  source_id(patch);
  body.append(R"(,"evaluatorName":")").append(labels[plan.label_in(index, item)].name).append(R"(","value":)");
  number(patch);
  if (chance(0.3)) body += R"(,"label":"pass")";
  if (chance(plan.options().text)) {
    body += ',';
    notes("reasoning");
  }
  body += '}';
}

BodyPool::BodyPool(const Plan& plan, const std::vector<LoadLabel>& labels, const RequestTarget& target) : plan_(plan) {
  SLUICE_CHECK(labels.size() == plan.options().labels);
  templates_.resize(plan.templates());
  for (std::uint32_t index = 0; index < templates_.size(); ++index) render(index, labels, target);
}

void BodyPool::render(std::uint32_t index, const std::vector<LoadLabel>& labels, const RequestTarget& target) {
  const PlanOptions& options = plan_.options();
  Writer writer{plan_, labels, index, {}, std::vector<ItemPatch>(options.batch), 0};
  const bool ndjson = options.api == Api::native && target.format == Format::ndjson;
  const bool wrapped = index % 2 == 0;
  if (options.api == Api::native && !ndjson && options.batch > 1) writer.body += wrapped ? R"({"scores":[)" : "[";
  if (options.one_source) {
    writer.body.append(R"({"source_type":")").append(plan_.source_type(0)).append(R"(","source_id":)");
    writer.source_id(writer.items[0]);
    writer.body += R"(,"scores":[)";
  }
  for (std::uint32_t item = 0; item < options.batch; ++item) {
    if (item > 0) writer.body += ndjson ? '\n' : ',';
    switch (options.api) {
      case Api::native: writer.native_item(item); break;
      case Api::futureagi: writer.futureagi_item(item); break;
      case Api::evalguard: writer.evalguard_item(item); break;
      case Api::twosignal: writer.twosignal_item(item); break;
    }
  }
  if (options.api == Api::native && !ndjson && options.batch > 1) writer.body += wrapped ? "]}" : "]";
  if (options.one_source) writer.body += "]}";
  if (ndjson) writer.body += '\n';

  Template& out = templates_[index];
  out.bytes.append("POST ").append(path_of(options.api, options.one_source, target.results_all));
  out.bytes.append(" HTTP/1.1\r\nHost: ").append(target.host);
  out.bytes.append("\r\nAuthorization: Bearer ").append(target.key);
  out.bytes.append("\r\nContent-Type: ").append(ndjson ? "application/x-ndjson" : "application/json");
  out.bytes.append("\r\nContent-Length: ").append(std::to_string(writer.body.size())).append("\r\n\r\n");
  const auto head = static_cast<std::uint32_t>(out.bytes.size());
  out.bytes += writer.body;
  out.items = std::move(writer.items);
  for (std::uint32_t item = 0; item < options.batch; ++item) {
    ItemPatch& patch = out.items[item];
    for (std::uint32_t* place : {&patch.source_at, &patch.value_at, &patch.client_at}) {
      if (*place != 0) *place += head;
    }
    if (plan_.bad_in(index, item)) ++out.bad;
  }
}

std::string_view BodyPool::make(std::uint64_t request) {
  Template& chosen = templates_[plan_.template_of(request)];
  char* bytes = chosen.bytes.data();
  for (std::uint32_t item = 0; item < chosen.items.size(); ++item) {
    const ItemPatch& patch = chosen.items[item];
    if (patch.source_at != 0) write_uuid(bytes + patch.source_at, plan_.source_uuid(plan_.source_of(request, item)));
    if (patch.client_at != 0) write_uuid(bytes + patch.client_at, plan_.client_uuid(request, item));
    if (patch.value_at == 0) continue;
    const std::uint64_t bits = plan_.value_bits(request, item);
    switch (patch.kind) {
      case ValueKind::numeric: write_millionths(bytes + patch.value_at, Plan::millionths(bits)); break;
      case ValueKind::option: bytes[patch.value_at] = static_cast<char>('a' + Plan::choice(patch.kind, bits)); break;
      case ValueKind::star: bytes[patch.value_at] = static_cast<char>('1' + Plan::choice(patch.kind, bits)); break;
      case ValueKind::thumb: break;
    }
  }
  return chosen.bytes;
}

std::uint32_t BodyPool::bad_items(std::uint64_t request) const noexcept {
  return templates_[plan_.template_of(request)].bad;
}

std::size_t BodyPool::bytes() const noexcept {
  std::size_t sum = 0;
  for (const Template& one : templates_) sum += one.bytes.size();
  return sum;
}

}  // namespace sluice::load
