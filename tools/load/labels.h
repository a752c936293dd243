#pragma once

#include <vector>

#include "tools/http/http_client.h"
#include "tools/load/bodies.h"

namespace sluice::load {

/// The labels of the plan with their ids: created over POST /v1/labels, or found when an earlier run made them. Nothing
/// to do for dialects that name labels themselves. Throws std::runtime_error with the server's answer.
[[nodiscard]] std::vector<LoadLabel> ensure_labels(const Plan& plan, HttpClient& client);

}  // namespace sluice::load
