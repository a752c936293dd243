#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/dialect/exchange.h"

/// What the dialects whose errors are {code, message} have in common.

namespace sluice {

/// VALIDATION_ERROR, NOT_FOUND, … for a status. Literal.
[[nodiscard]] std::string_view rest_code(int status) noexcept;
/// The refusal's sentence, its field named in front unless the sentence names it already.
[[nodiscard]] std::string refusal_sentence(const Refusal& refusal);
/// Text of a query or path, which may be any bytes, as an answer may show it: ASCII, at most 64 characters.
[[nodiscard]] std::string shown(std::string_view text);
/// Why this principal may not write scores, if it may not: the operator is nobody's annotator.
[[nodiscard]] std::optional<Refusal> refusal_without_annotator(const Principal& principal);
/// For a batch (or one record of it) that was not stored: status, code and default sentence.
[[nodiscard]] Refusal refusal_of(Errc code);
/// The id of the score that `record` became, without a read. Requires: the outcome is stored, the record is a set.
[[nodiscard]] Uuid stored_score_id(const KeyedHash& keys, const Batch& batch, const ScoreRecord& record,
                                   const RecordOutcome& outcome);

}  // namespace sluice
