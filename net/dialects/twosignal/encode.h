#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/dialect/exchange.h"

/// 2Signal answers.

namespace sluice::twosignal {

/// The stored score of exchange.batch, as a bare object.
void encode_score(const Exchange& exchange, std::string& out);
/// {"accepted":n}, and `errors` when some events were not: as many as fit about `errors_bytes`, then how many more.
void encode_accepted(const Exchange& exchange, std::string& out, std::size_t errors_bytes = SIZE_MAX);
/// {"error":{"code":…,"message":…}}
void encode_error(std::string_view code, std::string_view message, std::string& out);
/// Why the engine did not store the record: "Trace not found: trace-abc-123".
[[nodiscard]] Refusal refusal_of_record(const ScoreRecord& record, Errc code);

}  // namespace sluice::twosignal
