#pragma once

#include <string>
#include <string_view>

#include "net/dialect/exchange.h"

/// Future AGI answers, flat or (futureagi.envelope) in {"status":true,"result":…}.

namespace sluice::futureagi {

/// Why a record was not stored.
struct Verdict {
  int status = 400;
  bool about_value = false;  ///< A field error of `value`.
  std::string text;
};
[[nodiscard]] Verdict verdict_of(const Exchange& exchange, const ScoreRecord& record, const RecordOutcome& outcome);

/// The Score object of the page's state that `record` belongs to; nullptr when the page has none.
[[nodiscard]] const Score* find_own(const Exchange& exchange, const ScoreRecord& record, const RecordOutcome& outcome);

/// A bare Score object.
void encode_score(const Exchange& exchange, const Score& score, std::string& out);
/// The answer to a bulk call: {scores, errors}. exchange.read holds the source, when any record was stored.
void encode_bulk(const Exchange& exchange, std::string& out);
/// The answer to for-source: an array by label name, then newest first. Sorts the page.
void encode_for_source(Exchange& exchange, std::string& out);
/// The answer to the list.
void encode_list(Exchange& exchange, std::string& out);

/// Puts the envelope's head in front, and its tail behind, when it is asked for.
void begin_result(const Exchange& exchange, std::string& out);
void end_result(const Exchange& exchange, std::string& out);

}  // namespace sluice::futureagi
