#pragma once

#include "net/dialect/dialect.h"

/// Future AGI's score API under /model-hub/scores/: create, bulk, for-source, list, and one score by id.

namespace sluice {

[[nodiscard]] const Dialect& futureagi_dialect() noexcept;

}  // namespace sluice
