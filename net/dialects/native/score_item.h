#pragma once

#include <optional>

#include "net/dialect/exchange.h"
#include "net/dialect/json_cursor.h"

/// Decodes the items of POST /v1/scores and /v1/sources. The hot path: no allocation for good items.

namespace sluice::native {

/// Members of a score, in the order in which a missing one is reported.
enum class Field : std::uint8_t {
  source_type,
  source_id,
  label_id,
  label_name,
  value,
  id,
  verdict,
  notes,
  score_source,
  event_time,
  parent_id,
  parent_type,
  queue_item,
  metadata,
};

/// Fills one record from the members of one JSON object and keeps the first thing that is wrong with it.
class ItemDecoder {
 public:
  ItemDecoder(Exchange& exchange, const JsonDocument& document) : exchange_(exchange), document_(document) {}

  /// The next item: a new record at the end of the batch.
  void begin(std::uint32_t index);
  /// One member; consumes the value. A bad value is noted; only a broken document gives an error.
  [[nodiscard]] Errc member(std::string_view key, JsonValue& value);
  /// After the last member, `code` being what the object as a whole gave and `bytes` its size: checks what is missing.
  /// A bad item's record is taken back and its error listed.
  void end(Errc code, std::size_t bytes);

  /// begin(), every member, end(). Returns an error only when the document is broken; its record is taken back then.
  [[nodiscard]] Errc item(std::uint32_t index, JsonValue& value);
  /// Lists an item that has no record.
  void bad_item(std::uint32_t index, Errc code, std::string_view detail);

 private:
  ScoreRecord& record() { return exchange_.batch.records.back(); }
  void fault(Errc code, std::string_view field, std::string_view detail);
  void fault(Errc code, Field field);
  [[nodiscard]] bool has(Field field) const noexcept { return (seen_ >> static_cast<unsigned>(field) & 1u) != 0; }
  /// Null: as if it were absent.
  void forget(Field field) noexcept { seen_ &= ~(1u << static_cast<unsigned>(field)); }
  /// A string that is not blank; null only where `optional`.
  bool text(JsonValue& value, Field field, std::size_t bytes_max, bool optional, std::string_view& out);
  /// As text(), without control characters (an escape may hold one).
  bool opaque_id(JsonValue& value, Field field, std::size_t bytes_max, bool optional, std::string_view& out);
  bool identifier(JsonValue& value, Field field, bool optional, std::string_view& out);
  void source_type(JsonValue& value, Field field, bool optional, SourceRef& source);
  void label_id(JsonValue& value);
  void event_time(JsonValue& value);
  void metadata(JsonValue& value);
  void decode(Field field, JsonValue& value);

  Exchange& exchange_;
  const JsonDocument& document_;
  std::uint32_t seen_ = 0;
  ItemError error_;
};

/// One entry of POST /v1/sources: {"type", "id", "parent_type"?, "parent_id"?}. Errors as ItemDecoder::item.
[[nodiscard]] Errc decode_source_item(Exchange& exchange, const JsonDocument& document, std::uint32_t index,
                                      JsonValue& value);

/// Milliseconds since 1970 as a whole number; nothing when it is none or beyond the range of WallTime.
[[nodiscard]] std::optional<WallTime> parse_milliseconds(std::string_view token) noexcept;

}  // namespace sluice::native
