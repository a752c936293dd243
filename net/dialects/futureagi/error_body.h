#pragma once

#include <span>
#include <string_view>

#include "net/dialect/exchange.h"
#include "net/dialects/futureagi/fields.h"

/// The one error body of Future AGI's API. Its clients read `message`, `detail` and `result`, so all say the same.

namespace sluice::futureagi {

/// 400 for bad fields: details by field, `attr` the first of them. Requires: !problems.empty().
void write_field_errors(Reply& reply, std::span<const Problem> problems, bool camel);
/// A sentence without a field. An empty `code` means the status's default.
void write_plain_error(Reply& reply, int status, std::string_view code, std::string_view text);
/// 400 for a bulk call with bad items: one text per item, empty for the good ones.
void write_item_errors(Reply& reply, std::span<const ItemError> errors, std::uint32_t items);

}  // namespace sluice::futureagi
