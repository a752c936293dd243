#pragma once

#include <span>

#include "net/dialect/dialect.h"

/// The one list of dialects. Adding one touches its own folder, this list and CMakeLists.txt.

namespace sluice {

[[nodiscard]] std::span<const Dialect* const> dialects() noexcept;
/// The shape of refusals before a route is known.
[[nodiscard]] const Dialect& native_dialect() noexcept;

}  // namespace sluice
