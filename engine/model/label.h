#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/time.h"
#include "engine/base/uuid.h"
#include "engine/model/source.h"
#include "engine/model/value.h"

/// The definition a score is checked against. Its type never changes. Immutable inside a catalogue snapshot.

namespace sluice {

using LabelNumber = std::uint32_t;  ///< What rows carry; never reused.

/// Wire formats with labels of their own. Values are stored; never renumbered.
enum class DialectCode : std::uint8_t { native = 0, futureagi = 1, evalguard = 2, twosignal = 3 };
inline constexpr DialectCode kLastDialect = DialectCode::twosignal;  ///< A larger code is of a newer version.
[[nodiscard]] std::string_view to_string(DialectCode dialect) noexcept;

struct LabelOption {
  std::string label;
  std::string value;  ///< Empty: the label is the value.
};

/// What the write path checks. An absent bound, step or limit is not checked.
struct LabelRules {
  std::optional<Decimal> min;  ///< Inclusive.
  std::optional<Decimal> max;  ///< Inclusive.
  std::optional<Decimal> step;
  std::optional<std::uint32_t> min_length;  ///< Code points.
  std::optional<std::uint32_t> max_length;
  std::vector<LabelOption> options;  ///< Empty: any option.
  bool multi_choice = false;
  std::uint32_t stars = 5;
};

/// Who may name a label: people by id or name (user), or one dialect by a name of its own that is created on first use.
enum class LabelOrigin : std::uint8_t { user = 0, evaluator = 1 /*2Signal*/, annotation = 2 /*EvalGuard's one label*/ };

struct Label {
  LabelNumber number = 0;
  Uuid id;
  WorkspaceNumber workspace = 0;
  LabelOrigin origin = LabelOrigin::user;
  LabelType type = LabelType::numeric;
  std::string name;
  std::string description;
  std::string project;        ///< UUID text or empty.
  std::string settings_json;  ///< As sent, validated; "{}" when none.
  LabelRules rules;           ///< Parsed from settings_json by the dialect that created the label.
  bool allow_notes = false;
  bool archived = false;
  WallTime created_at = 0;
  WallTime updated_at = 0;
};

/// Checks `input` against `label` and fills `value` (borrowing from `input`, number parsed). Pure.
/// Errors: the value_* codes. The rules and their order: docs/VALUES.md (Future AGI's queue validators, decimal-exact).
/// `arena_list` of a single bare option is stored in `scratch`, which must live as long as `value`.
[[nodiscard]] Result<void> check_value(const Label& label, const ValueInput& input, Value& value,
                                       std::string_view& scratch) noexcept;

/// The text for people, for a code check_value returned: "accuracy must be between 0 and 1."
void append_value_text(std::string& out, Errc code, const Label& label);

}  // namespace sluice
