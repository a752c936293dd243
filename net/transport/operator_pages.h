#pragma once

#include "net/dialect/request.h"
#include "net/transport/router.h"
#include "net/transport/server_shared.h"

/// /livez, /readyz, /version, /metrics, and for the operator /v1/checkpoint.

namespace sluice {

void answer_operator_page(const CompiledRoute& route, const ServerShared& shared, Reply& reply);

}  // namespace sluice
