#pragma once

#include <string>

#include "tools/load/http_loop.h"
#include "tools/load/load_options.h"
#include "tools/load/plan.h"

/// Reads as load: scores of sources drawn from what an earlier run with the same seed and shape sent, or pages of the
/// annotator that sent it. Latency and rates as for writes, counted in reads. Not an audit: an answer counts as good
/// when it is 200 and shows a score.

namespace sluice::load {

/// 0: fine; 1: an answer was not what it must be, or no read was answered. Throws std::runtime_error when it cannot
/// begin.
[[nodiscard]] int run_reads(const LoadOptions& options, const Plan& plan, const Endpoint& endpoint,
                            const std::string& key);

}  // namespace sluice::load
