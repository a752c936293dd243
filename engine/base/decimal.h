#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"

/// An exact decimal number, mantissa × 10^exponent, normalised: no trailing zero in the mantissa, zero is {0, 0}.
/// Every Decimal that parse accepts is the shortest decimal form of a double, so a client that reads the answer as a
/// double gets the very number it sent; whatever a double cannot hold so is refused, never rounded.
/// Range checks and steps are done on the decimals themselves: 0.3 is on a step of 0.1.

namespace sluice {

struct Decimal {
  std::int64_t mantissa = 0;
  std::int16_t exponent = 0;

  bool operator==(const Decimal&) const = default;
};

/// `token`: a JSON number by the grammar of RFC 8259, nothing around it.
/// Errors: value_not_number (not the grammar), value_not_finite (beyond a double), value_not_exact.
[[nodiscard]] Result<Decimal> parse_decimal(std::string_view token) noexcept;

/// As parse_decimal, for numbers inside strings: surrounding spaces and a leading '+' are allowed.
/// NaN and infinity spellings give value_not_finite.
[[nodiscard]] Result<Decimal> parse_decimal_text(std::string_view text) noexcept;

/// -1, 0, 1. Exact for every pair.
[[nodiscard]] int compare(const Decimal& a, const Decimal& b) noexcept;
/// Whether (value - base) is a whole multiple of step. Requires: step > 0. Exact; a difference too wide for 128 bits is
/// not a multiple unless the step divides it, which is decided by modular arithmetic.
[[nodiscard]] bool is_multiple(const Decimal& value, const Decimal& base, const Decimal& step) noexcept;
[[nodiscard]] bool is_integer(const Decimal& value) noexcept;

/// Shortest JSON number: plain digits while that is short (|value| in [1e-7, 1e21)), else d.ddde±x.
void append_decimal(std::string& out, const Decimal& value);
[[nodiscard]] std::string to_text(const Decimal& value);
[[nodiscard]] double to_double(const Decimal& value) noexcept;

}  // namespace sluice
