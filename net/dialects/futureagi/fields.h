#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The fields of Future AGI's requests, in both spellings, and what is wrong with them.

namespace sluice::futureagi {

/// In the order in which the server checks and reports them. `body`: the request as a whole (non_field_errors).
enum class Field : std::uint8_t {
  source_type,
  source_id,
  scores,
  label_id,
  annotator_id,
  value,
  notes,
  span_notes,
  span_notes_source_id,
  score_source,
  queue_item_id,
  page,
  page_size,
  cursor,
  body,
  unknown,
};

/// `camel`: sourceType instead of source_type.
[[nodiscard]] std::string_view field_name(Field field, bool camel) noexcept;
/// Finds `name` among `allowed`, in either spelling; `unknown` when it is none of them. Sets `camel` (never clears it)
/// when only the camelCase spelling matches.
[[nodiscard]] Field find_field(std::string_view name, std::span<const Field> allowed, bool& camel) noexcept;

struct Problem {
  Field field = Field::body;
  std::string key;        ///< Of an unknown field, as sent.
  std::string_view code;  ///< "required", "invalid", …: a literal.
  std::string text;
};

/// What is wrong with one body or one item of it.
class Problems {
 public:
  void add(Field field, std::string_view code, std::string text);
  void add_required(Field field) { add(field, "required", "This field is required."); }
  void add_null(Field field) { add(field, "null", "This field may not be null."); }
  void add_unknown(std::string_view key);
  [[nodiscard]] bool ok() const noexcept { return list_.empty(); }
  /// As they are reported: unknown fields alone when there are any, else by field.
  [[nodiscard]] std::span<const Problem> settled();

 private:
  std::vector<Problem> list_;
};

/// Name of the problem's field as the answer spells it; "non_field_errors" for the body.
[[nodiscard]] std::string_view name_of(const Problem& problem, bool camel) noexcept;
/// "label_id: Must be a valid UUID.; value: …"; problems of the body have no name in front.
[[nodiscard]] std::string sentence_of(std::span<const Problem> problems, bool camel);

}  // namespace sluice::futureagi
