#pragma once

#include <string_view>

#include "engine/base/error.h"
#include "engine/model/label.h"

/// What one entry of the catalogue may be, and what a label counts against limits::kLabelBytes. Pure. Only
/// catalogue*.cc includes this.

namespace sluice {

/// Errors: field_blank, string_too_long.
[[nodiscard]] Result<void> check_name(std::string_view name, const char* where);
/// Errors: those of check_name, limit_reached (options).
[[nodiscard]] Result<void> check_label(const Label& label);
/// Bytes of memory: the label, its texts and its options. The indexes over it hold as much again for a small one.
[[nodiscard]] std::size_t held_bytes(const Label& label) noexcept;

}  // namespace sluice
