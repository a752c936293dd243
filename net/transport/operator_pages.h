#pragma once

#include "net/dialect/request.h"
#include "net/transport/router.h"
#include "net/transport/server_shared.h"

/// /livez, /readyz, /version and /metrics.

namespace sluice {

void answer_operator_page(OperatorPage page, const ServerShared& shared, Reply& reply);

}  // namespace sluice
