#pragma once

#include <optional>

#include "net/dialect/exchange.h"

/// 2Signal bodies to records. Whatever is wrong comes back in words, all fields at once.

namespace sluice::twosignal {

/// POST /api/v1/scores: fills exchange.batch with one record, or says why not.
[[nodiscard]] std::optional<Refusal> decode_score(Exchange& exchange);
/// POST /api/v1/traces: one record of kind `source` for each good event; a bad one goes to exchange.item_errors. A
/// refusal only when there is no good event, or the body as a whole is bad.
[[nodiscard]] std::optional<Refusal> decode_traces(Exchange& exchange);

}  // namespace sluice::twosignal
