#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/uuid.h"
#include "tools/load/load_options.h"

/// Which score stands where: a pure function from (seed, request number, item) to the score's source, label, value and
/// client id, so that nothing sent has to be remembered for the audit.
///
/// Requests come in windows of visits × spread. A source is visited once by `visits` requests of one window that lie
/// `spread` requests apart; a request visits `batch` sources once each (Future AGI bulk: one source, `batch` labels).

namespace sluice::load {

/// What a score's label accepts; decides which bytes of a rendered body change from request to request.
enum class ValueKind : std::uint8_t { numeric, option, star, thumb };

struct LabelShape {
  ValueKind kind;
  const char* type;      ///< As POST /v1/labels names it.
  const char* settings;  ///< JSON.
};
/// The shape of label number `index`; shapes repeat.
[[nodiscard]] const LabelShape& label_shape(std::uint32_t index) noexcept;

struct PlanOptions {
  std::uint64_t seed = 1;
  Api api = Api::native;
  std::uint32_t batch = 100;
  std::uint32_t visits = 10;    ///< Requests that visit one source.
  std::uint32_t spread = 64;
  std::uint32_t labels = 10;
  std::uint32_t variants = 12;  ///< Bodies rendered per phase.
  bool one_source = false;      ///< Future AGI bulk: all scores of a request are of one source.
  bool client_ids = false;
  double invalid = 0;
  double text = 0.1;
};
/// Derives the plan from what the user asked for.
[[nodiscard]] PlanOptions plan_options(const LoadOptions& options);

struct PlannedScore {
  std::uint64_t source = 0;   ///< Number of the source; source_uuid() gives its id.
  std::uint32_t label = 0;
  ValueKind kind = ValueKind::numeric;
  std::uint32_t value = 0;    ///< numeric: millionths; option and star: 0-based choice; thumb: 1 is up.
  bool bad = false;           ///< Must be refused.
};

class Plan {
 public:
  explicit Plan(const PlanOptions& options);
  [[nodiscard]] const PlanOptions& options() const noexcept { return options_; }

  [[nodiscard]] PlannedScore score(std::uint64_t request, std::uint32_t item) const noexcept;
  [[nodiscard]] std::uint32_t template_of(std::uint64_t request) const noexcept;
  [[nodiscard]] std::uint32_t templates() const noexcept { return phases_ * options_.variants; }
  /// What a template bakes in.
  [[nodiscard]] std::uint32_t label_in(std::uint32_t template_index, std::uint32_t item) const noexcept;
  [[nodiscard]] bool bad_in(std::uint32_t template_index, std::uint32_t item) const noexcept;
  [[nodiscard]] bool thumb_up_in(std::uint32_t template_index, std::uint32_t item) const noexcept;
  /// What changes from request to request.
  [[nodiscard]] std::uint64_t source_of(std::uint64_t request, std::uint32_t item) const noexcept;
  [[nodiscard]] std::uint64_t value_bits(std::uint64_t request, std::uint32_t item) const noexcept;
  [[nodiscard]] Uuid source_uuid(std::uint64_t source) const noexcept;
  [[nodiscard]] Uuid client_uuid(std::uint64_t request, std::uint32_t item) const noexcept;
  /// The type every score of this source names.
  [[nodiscard]] const char* source_type(std::uint64_t source) const noexcept;

  [[nodiscard]] std::uint32_t sources_per_request() const noexcept { return sources_per_request_; }
  [[nodiscard]] std::uint64_t sources_before(std::uint64_t requests) const noexcept;
  /// How many sources, from number 0 on, the first `requests` requests visited at least once.
  [[nodiscard]] std::uint64_t sources_scored(std::uint64_t requests) const noexcept;
  /// Request number of the `visit`-th visit of `source`.
  [[nodiscard]] std::uint64_t visit_of(std::uint64_t source, std::uint32_t visit) const noexcept;
  /// The source's item in each of its visits; with one_source every item is of it.
  [[nodiscard]] std::uint32_t item_of(std::uint64_t source) const noexcept;

  [[nodiscard]] static std::uint32_t millionths(std::uint64_t bits) noexcept;
  [[nodiscard]] static std::uint32_t choice(ValueKind kind, std::uint64_t bits) noexcept;

 private:
  PlanOptions options_;
  std::uint32_t phases_;               ///< Visits whose labels differ.
  std::uint32_t sources_per_request_;
  std::uint64_t window_;
};

/// A good 64-bit mixer (the finaliser of SplitMix64); bijective, so different inputs never collide.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace sluice::load
