#pragma once

#include <optional>

#include "net/dialect/exchange.h"

/// The body of POST /v1/scores: JSON (an array, {"scores": […]} or one object) or NDJSON, by content type.

namespace sluice {
class JsonDocument;
}

namespace sluice::native {

enum class BodyFormat : std::uint8_t { json, ndjson };
/// Nothing: a type that is not taken here. No content type, and the one that curl -d sends by itself, are JSON.
[[nodiscard]] std::optional<BodyFormat> body_format(std::string_view content_type) noexcept;

/// Fills batch.records, item_errors and items. A refusal concerns the whole request; nothing is decoded then.
/// In NDJSON a line that is no JSON is one bad item.
[[nodiscard]] std::optional<Refusal> decode_scores(Exchange& exchange, BodyFormat format);

/// The refusal for a document that is broken or whose root is of the wrong shape.
[[nodiscard]] Refusal refuse_document(const JsonDocument& document, Errc code, std::string_view body);

}  // namespace sluice::native
