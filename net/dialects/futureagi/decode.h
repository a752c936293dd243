#pragma once

#include "net/dialect/exchange.h"

/// Future AGI requests to records and queries. Pure: each either fills the exchange and returns true, or writes the
/// refusal into exchange.reply and returns false.

namespace sluice::futureagi {

/// exchange.flags.
enum Flag : std::uint32_t {
  kCamel = 1,      ///< Answer in camelCase.
  kSpanNotes = 2,  ///< The call carried span_notes, which are not kept; its answer says so.
  kBySource = 4,   ///< A listing of one source: all its scores are at hand, so they can be counted.
};

/// POST /model-hub/scores/: one record.
[[nodiscard]] bool decode_create(Exchange& exchange);
/// POST /model-hub/scores/bulk/: a record for each good item; bad ones in exchange.item_errors (none in envelope mode,
/// where one bad item refuses the call).
[[nodiscard]] bool decode_bulk(Exchange& exchange);
/// PUT (`whole`) and PATCH of one score: one record of kind patch, whose target is not known yet.
[[nodiscard]] bool decode_patch(Exchange& exchange, bool whole);

/// GET for-source: exchange.read. `exists` becomes false when a filter names a label or annotator that is not there, so
/// that nothing can match.
[[nodiscard]] bool decode_for_source(Exchange& exchange, bool& exists);

struct ListPage {
  std::size_t page = 1;
  std::size_t size = 0;
};
/// GET list, likewise. The page is given again by list_page() once the read is back.
[[nodiscard]] bool decode_list(Exchange& exchange, bool& exists);
/// Of the parameters of a request that decode_list took.
[[nodiscard]] ListPage list_page(const Exchange& exchange) noexcept;

/// The id of the path; false: no UUID.
[[nodiscard]] bool read_path_id(Exchange& exchange);

}  // namespace sluice::futureagi
