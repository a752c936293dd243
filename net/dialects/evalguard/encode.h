#pragma once

#include <string>
#include <string_view>

#include "net/dialect/exchange.h"

/// EvalGuard answers. An annotation carries the names of both bodies, so that either client finds its own.

namespace sluice::evalguard {

/// {"success":true,"data":{…}} of the one stored record.
void encode_created(const Exchange& exchange, std::string& out);
/// One element of a listing, with a comma in front where one is needed.
void encode_listed(const Score& score, std::string& out);
/// {"success":false,"error":{"code","message","requestId"}}
void encode_error(std::string_view code, std::string_view message, std::string_view request_id, std::string& out);
/// Why the engine did not store the record.
[[nodiscard]] Refusal refusal_of_record(const ScoreRecord& record, Errc code);

}  // namespace sluice::evalguard
