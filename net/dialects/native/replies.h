#pragma once

#include <string>
#include <string_view>

#include "net/dialect/exchange.h"

/// What the native endpoints' answers have in common.

namespace sluice::native {

/// Writes the refusal and says that the reply is complete.
[[nodiscard]] Next refuse(Exchange& exchange, const Refusal& refusal);
/// With the code's own status. `field` is a literal or part of the request.
[[nodiscard]] Next refuse(Exchange& exchange, Errc code, std::string message, std::string_view field = {});
/// With the code's own status and sentence.
[[nodiscard]] Next refuse(Exchange& exchange, Errc code);
[[nodiscard]] Refusal refusal(Errc code, std::string message, std::string_view field = {});

/// The batch as a whole was not stored.
[[nodiscard]] Next refuse_batch(Exchange& exchange);

// JSON texts: a value or null.
void append_text_or_null(std::string& out, std::string_view name, std::string_view text);
void append_time_or_null(std::string& out, std::string_view name, const std::optional<WallTime>& time);
void append_annotator(std::string& out, const Annotator* annotator);
void append_label(std::string& out, const Label& label);
/// A score as every read shows it. Label and annotator are looked up in `catalogue`.
void append_score(std::string& out, const Score& score, const CatalogueSnapshot& catalogue);

/// {"index":…,"code":…,"field":…,"message":…} of a bad item.
void append_item_error(std::string& out, std::uint32_t index, Errc code, std::string_view field,
                       std::string_view message);
/// What is wrong with a record that the engine refused, as a sentence; `field` says which member.
void describe_outcome(const ScoreRecord& record, const RecordOutcome& outcome, const CatalogueSnapshot& catalogue,
                      std::string& message, std::string_view& field);
/// The sentence of an error that the decoder found.
void describe_item_error(const ItemError& error, std::string& message);

}  // namespace sluice::native
