#include "tools/load/plan.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::load {
namespace {

// Salts keep what is drawn for one purpose apart from what is drawn for another.
constexpr std::uint64_t kSourceSalt = 0x736F757263650001u;
constexpr std::uint64_t kClientSalt = 0x636C69656E740002u;
constexpr std::uint64_t kValueSalt = 0x76616C7565000003u;
constexpr std::uint64_t kVariantSalt = 0x7661726961000004u;
constexpr std::uint64_t kBadSalt = 0x6261640000000005u;
constexpr std::uint64_t kThumbSalt = 0x7468756D62000006u;

constexpr std::size_t kPoolBytes = 64u << 20;  // Of rendered bodies.
constexpr std::size_t kItemBytesEstimate = 260;
constexpr std::uint32_t kTemplates = 128;  // Enough that no branch predictor learns the bodies.

constexpr LabelShape kNumeric{ValueKind::numeric, "numeric",
                              R"({"min":0,"max":1,"step_size":0.000001,"display_type":"slider"})"};
constexpr LabelShape kOption{
    ValueKind::option, "categorical",
    R"({"rule_prompt":"","multi_choice":false,"options":[{"label":"option-a"},{"label":"option-b"},)"
    R"({"label":"option-c"},{"label":"option-d"},{"label":"option-e"},{"label":"option-f"},{"label":"option-g"},)"
    R"({"label":"option-h"}],"auto_annotate":false,"strategy":null})"};
constexpr LabelShape kStar{ValueKind::star, "star", R"({"no_of_stars":5})"};
constexpr LabelShape kThumb{ValueKind::thumb, "thumbs_up_down", "{}"};
constexpr std::array<const LabelShape*, 6> kShapes{&kNumeric, &kOption, &kNumeric, &kStar, &kNumeric, &kThumb};

Uuid uuid_from(std::uint64_t high, std::uint64_t low) noexcept {
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), &high, 8);
  std::memcpy(uuid.bytes.data() + 8, &low, 8);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

bool has_labels_of_its_own(Api api) { return api == Api::evalguard || api == Api::twosignal; }

}  // namespace

const LabelShape& label_shape(std::uint32_t index) noexcept { return *kShapes[index % kShapes.size()]; }

PlanOptions plan_options(const LoadOptions& options) {
  PlanOptions plan;
  plan.seed = options.seed;
  plan.api = options.api;
  plan.batch = options.batch;
  plan.visits = std::max(1u, options.scores_per_source);
  plan.spread = std::max(1u, options.spread);
  plan.labels = std::max(1u, options.labels);
  plan.client_ids = options.client_ids && options.api == Api::native;
  plan.invalid = options.invalid;
  plan.text = options.text;
  plan.one_source = options.api == Api::futureagi && options.batch > 1;
  if (plan.one_source) plan.visits = std::max(1u, options.scores_per_source / options.batch);
  // There a second score of one source and label replaces the first: every score of a source needs a label of its own.
  if (options.api == Api::futureagi) {
    plan.labels = std::max(plan.labels, plan.visits * (plan.one_source ? plan.batch : 1));
  }
  const std::uint32_t phases = std::min(plan.visits, plan.labels);
  const std::size_t phase_bytes = std::size_t{plan.batch} * kItemBytesEstimate * phases;
  const std::size_t fitting = std::max<std::size_t>(1, kPoolBytes / std::max<std::size_t>(1, phase_bytes));
  plan.variants = static_cast<std::uint32_t>(std::clamp<std::size_t>(kTemplates / phases, 1, fitting));
  return plan;
}

Plan::Plan(const PlanOptions& options)
    : options_(options),
      phases_(std::min(options.visits, options.labels)),
      sources_per_request_(options.one_source ? 1 : options.batch),
      window_(std::uint64_t{options.visits} * options.spread) {}

std::uint32_t Plan::template_of(std::uint64_t request) const noexcept {
  const auto visit = static_cast<std::uint32_t>(request % window_ / options_.spread);
  const std::uint64_t draw = mix(request ^ options_.seed ^ kVariantSalt);
  return visit % phases_ * options_.variants + static_cast<std::uint32_t>(draw % options_.variants);
}

std::uint32_t Plan::label_in(std::uint32_t template_index, std::uint32_t item) const noexcept {
  const std::uint32_t phase = template_index / options_.variants;
  return (options_.one_source ? phase * options_.batch + item : phase + item) % options_.labels;
}

bool Plan::bad_in(std::uint32_t template_index, std::uint32_t item) const noexcept {
  if (options_.invalid <= 0) return false;
  const std::uint64_t draw = mix(options_.seed ^ kBadSalt ^ (std::uint64_t{template_index} << 32 | item));
  return static_cast<double>(draw >> 11) * 0x1p-53 < options_.invalid;
}

bool Plan::thumb_up_in(std::uint32_t template_index, std::uint32_t item) const noexcept {
  return (mix(options_.seed ^ kThumbSalt ^ (std::uint64_t{template_index} << 32 | item)) & 1) != 0;
}

std::uint64_t Plan::source_of(std::uint64_t request, std::uint32_t item) const noexcept {
  const std::uint64_t row = request / window_ * options_.spread + request % window_ % options_.spread;
  return row * sources_per_request_ + (options_.one_source ? 0 : item);
}

std::uint64_t Plan::value_bits(std::uint64_t request, std::uint32_t item) const noexcept {
  return mix((request * options_.batch + item) ^ options_.seed ^ kValueSalt);
}

Uuid Plan::source_uuid(std::uint64_t source) const noexcept {
  const std::uint64_t high = mix(source ^ options_.seed ^ kSourceSalt);
  return uuid_from(high, mix(high ^ options_.seed));
}

Uuid Plan::client_uuid(std::uint64_t request, std::uint32_t item) const noexcept {
  const std::uint64_t high = mix((request * options_.batch + item) ^ options_.seed ^ kClientSalt);
  return uuid_from(high, mix(high ^ options_.seed));
}

const char* Plan::source_type(std::uint64_t source) const noexcept {
  if (has_labels_of_its_own(options_.api)) return "trace";
  static constexpr std::array<const char*, 8> kTypes{"trace", "trace", "trace",   "span",
                                                     "trace", "span",  "session", "trace"};
  return kTypes[item_of(source) % kTypes.size()];
}

PlannedScore Plan::score(std::uint64_t request, std::uint32_t item) const noexcept {
  const std::uint32_t index = template_of(request);
  PlannedScore score;
  score.source = source_of(request, item);
  score.label = label_in(index, item);
  score.kind = has_labels_of_its_own(options_.api) ? ValueKind::numeric : label_shape(score.label).kind;
  score.bad = bad_in(index, item);
  const std::uint64_t bits = value_bits(request, item);
  switch (score.kind) {
    case ValueKind::numeric:
      score.value = millionths(bits);
      break;
    case ValueKind::option:
    case ValueKind::star:
      score.value = choice(score.kind, bits);
      break;
    case ValueKind::thumb:
      score.value = thumb_up_in(index, item) ? 1 : 0;
      break;
  }
  return score;
}

std::uint64_t Plan::sources_before(std::uint64_t requests) const noexcept {
  return (requests + window_ - 1) / window_ * options_.spread * sources_per_request_;
}

std::uint64_t Plan::sources_scored(std::uint64_t requests) const noexcept {
  const std::uint64_t begun = std::min<std::uint64_t>(requests % window_, options_.spread);
  const std::uint64_t rows = requests / window_ * options_.spread + begun;
  return rows * sources_per_request_;
}

std::uint64_t Plan::visit_of(std::uint64_t source, std::uint32_t visit) const noexcept {
  const std::uint64_t row = source / sources_per_request_;
  return row / options_.spread * window_ + std::uint64_t{visit} * options_.spread + row % options_.spread;
}

std::uint32_t Plan::item_of(std::uint64_t source) const noexcept {
  return static_cast<std::uint32_t>(source % sources_per_request_);
}

// Six digits of which the last is never 0, so that the rendered text is the number's shortest form.
std::uint32_t Plan::millionths(std::uint64_t bits) noexcept {
  const auto upper = static_cast<std::uint32_t>((bits & 0xFFFFFFFF) * 1000 >> 32);
  const auto lower = static_cast<std::uint32_t>((bits >> 32) * 900 >> 32);
  return upper * 1000 + lower / 9 * 10 + lower % 9 + 1;
}

std::uint32_t Plan::choice(ValueKind kind, std::uint64_t bits) noexcept {
  return static_cast<std::uint32_t>(bits % (kind == ValueKind::star ? 5 : 8));
}

}  // namespace sluice::load
