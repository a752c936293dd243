#pragma once

#include "net/dialect/dialect.h"

/// EvalGuard: POST and GET /api/v1/annotations (alias /v1/annotations). The documented body (target_id, …) and the one
/// its SDKs send (logId, …) share the path; the key that is there decides.

namespace sluice {

[[nodiscard]] const Dialect& evalguard_dialect() noexcept;

}  // namespace sluice
