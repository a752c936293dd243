#pragma once

#include "net/dialect/dialect.h"

/// 2Signal: POST /api/v1/scores (one score, 201) and POST /api/v1/traces (registers traces and spans as sources).

namespace sluice {

[[nodiscard]] const Dialect& twosignal_dialect() noexcept;

}  // namespace sluice
