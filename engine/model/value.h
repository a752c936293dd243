#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/decimal.h"

/// A value as sent (ValueInput: the JSON shape, before any label is known) and as stored (Value: typed by its label).

namespace sluice {

enum class LabelType : std::uint8_t { text = 0, categorical = 1, numeric = 2, star = 3, thumbs_up_down = 4 };
[[nodiscard]] std::string_view to_string(LabelType type) noexcept;

/// What a decoder saw. Texts and numbers are borrowed from the body or the request's arena.
struct ValueInput {
  /// Which of the canonical wrappers stood around the payload: {"value": …}, {"rating": …}, {"selected": …}, {"text":
  /// …}.
  enum class Shape : std::uint8_t { bare, value, rating, selected, text };
  enum class Kind : std::uint8_t {
    absent,  ///< No value at all (an EvalGuard comment).
    null,
    boolean,
    number,  ///< `text` is the JSON token, unparsed.
    text,
    list,     ///< Strings only.
    failure,  ///< The evaluator failed; `text` says how. Never counted as 0.
    invalid,  ///< An object of another shape, a nested list, …: fails every rule with its type's text.
  };
  Shape shape = Shape::bare;
  Kind kind = Kind::absent;
  bool boolean = false;
  std::string_view text;
  std::span<const std::string_view> list;
};

/// What a row holds. Texts are borrowed: from the input while encoding, from the block while reading.
struct Value {
  enum class Kind : std::uint8_t {
    none = 0,
    number = 1,
    text = 2,
    selection = 3,
    thumb_up = 4,
    thumb_down = 5,
    failure = 6
  };
  Kind kind = Kind::none;
  Decimal number;
  std::string_view text;  ///< text, failure.
  std::span<const std::string_view> selection;
};
[[nodiscard]] bool operator==(const Value& a, const Value& b) noexcept;

}  // namespace sluice
