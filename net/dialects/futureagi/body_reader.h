#pragma once

#include "net/dialect/exchange.h"
#include "net/dialect/json_cursor.h"
#include "net/dialects/futureagi/fields.h"

/// Reads single fields of a JSON body by the server's rules for them. Each call consumes the value, notes what is wrong
/// in `problems`, and returns an error only when the document is broken. For .cc files.

namespace sluice::futureagi {

class BodyReader {
 public:
  explicit BodyReader(Exchange& exchange) : arena_(exchange.arena), document_(*exchange.json, exchange.arena) {}

  [[nodiscard]] JsonDocument& document() noexcept { return document_; }
  /// A key in camelCase was seen: the answer uses camelCase too.
  [[nodiscard]] bool camel() const noexcept { return camel_; }

  /// One object whose members are among `allowed`: calls `member(field, value) -> Errc` for each. Fields in both
  /// spellings and unknown ones are noted here. Sets the bits of what it saw.
  template <class Member>
  [[nodiscard]] Errc object(JsonValue value, std::span<const Field> allowed, Problems& problems, std::uint32_t& seen,
                            Member&& member);

  /// Text; a number counts as its token. `null_allowed`: null leaves `out` alone.
  [[nodiscard]] Errc text(JsonValue value, Field field, std::size_t bytes_max, bool null_allowed, Problems& problems,
                          std::string_view& out);
  /// A UUID in any of its spellings, as lower-case canonical text.
  [[nodiscard]] Errc uuid(JsonValue value, Field field, bool null_allowed, Problems& problems, std::string_view& out);
  /// One of the known source types or score sources.
  [[nodiscard]] Errc choice(JsonValue value, Field field, bool (*known)(std::string_view), Problems& problems,
                            std::string_view& out);
  /// Any value but null.
  [[nodiscard]] Errc score_value(JsonValue value, Problems& problems, ValueInput& out, std::string_view& verdict);
  /// An error of a value or object that did not break the document, in words.
  [[nodiscard]] Errc structure(Errc code, Field field, Problems& problems);
  /// "Invalid data. Expected a dictionary, but got list."; consumes the value.
  [[nodiscard]] Errc not_an_object(JsonValue value, Problems& problems);

  [[nodiscard]] static constexpr std::uint32_t bit(Field field) noexcept { return 1u << static_cast<unsigned>(field); }

 private:
  Arena& arena_;
  JsonDocument document_;
  bool camel_ = false;
};

/// Python's name of a JSON value's type, as the server's texts use it: dict, list, str, …
[[nodiscard]] std::string_view type_name(JsonKind kind) noexcept;
/// Source types that a score may be written for: the documented four and the public server's six.
[[nodiscard]] bool is_source_type(std::string_view text);
/// The documented three score sources and the public server's four.
[[nodiscard]] bool is_score_source(std::string_view text);
/// `"x" is not a valid choice.`, a long x shortened.
[[nodiscard]] std::string bad_choice_text(std::string_view choice);
/// A UUID's text in lower case; any other text as it is. `source_id` of everything but spans.
[[nodiscard]] std::string_view lower_if_uuid(Arena& arena, std::string_view text);

template <class Member>
Errc BodyReader::object(JsonValue value, std::span<const Field> allowed, Problems& problems, std::uint32_t& seen,
                        Member&& member) {
  const Errc code = value.object([&](std::string_view key, JsonValue& inner) -> Errc {
    const Field field = find_field(key, allowed, camel_);
    if (field == Field::unknown) {
      problems.add_unknown(key);
      return inner.skip();
    }
    if ((seen & bit(field)) != 0) {
      problems.add(field, "invalid", "This field is given twice, in two spellings.");
      return inner.skip();
    }
    seen |= bit(field);
    return member(field, inner);
  });
  return structure(code, Field::body, problems);
}

}  // namespace sluice::futureagi
