#include "engine/base/decimal.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <limits>

#include "engine/base/check.h"

namespace sluice {

namespace {

using Wide = unsigned __int128;

// A double's shortest form has at most 17 significant digits, and its leading digit stands between 10^-324 and 10^308.
constexpr int kDigitsMax = 17;
constexpr std::int64_t kLeadingMin = -324;
constexpr std::int64_t kLeadingMax = 308;
// Every decimal of up to 15 digits (DBL_DIG) within a double's normal range has a double of its own, so it is that
// double's shortest form and nothing need be computed. Kept well away from the range's ends.
constexpr int kDigitsSafe = 15;
constexpr std::int64_t kLeadingSafe = 290;

constexpr std::uint64_t kPowers[] = {1u, 10u, 100u, 1'000u, 10'000u, 100'000u, 1'000'000u, 10'000'000u, 100'000'000u,
                                     1'000'000'000u, 10'000'000'000u, 100'000'000'000u, 1'000'000'000'000u,
                                     10'000'000'000'000u, 100'000'000'000'000u, 1'000'000'000'000'000u,
                                     10'000'000'000'000'000u, 100'000'000'000'000'000u, 1'000'000'000'000'000'000u,
                                     10'000'000'000'000'000'000u};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

int digit_count(std::uint64_t value) noexcept {
  int count = 1;
  while (count < 20 && value >= kPowers[count]) ++count;
  return count;
}

/// The magnitude of an int64, INT64_MIN included.
std::uint64_t magnitude(std::int64_t value) noexcept {
  return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

/// A number's significant digits, gathered in one pass: zeros are held back until a later digit makes them significant,
/// so the mantissa comes out normalised and any number of leading or trailing zeros costs nothing.
struct Significand {
  std::uint64_t mantissa = 0;
  int digits = 0;           // In `mantissa`.
  std::int64_t behind = 0;  // Digits read but not in `mantissa`: held zeros, or what follows a cut.
  bool cut = false;         // More than kDigitsMax digits are significant.

  void add(char c) noexcept {
    if (cut || (c == '0' && mantissa != 0)) {
      ++behind;
    } else if (c != '0') {
      if (behind + digits + 1 > kDigitsMax) {
        cut = true;
        ++behind;
        return;
      }
      mantissa = mantissa * kPowers[behind + 1] + static_cast<std::uint64_t>(c - '0');
      digits += static_cast<int>(behind) + 1;
      behind = 0;
    }
  }
};

/// A number as its token writes it: significand × 10^exponent.
struct Token {
  bool negative = false;
  Significand significand;
  std::int64_t exponent = 0;
};

/// The digits at `at`, at least one; false if there is none.
bool read_digits(const char*& at, const char* end, Significand& significand) noexcept {
  const char* const first = at;
  for (; at != end && is_digit(*at); ++at) significand.add(*at);
  return at != first;
}

bool read_exponent(const char*& at, const char* end, std::int64_t& exponent) noexcept {
  const bool negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+')) ++at;
  const char* const first = at;
  // Saturates far beyond what any count of digits in a body could bring back into range.
  constexpr std::int64_t kEnough = 1'000'000'000'000'000;
  for (; at != end && is_digit(*at); ++at) {
    if (exponent < kEnough) exponent = exponent * 10 + (*at - '0');
  }
  if (negative) exponent = -exponent;
  return at != first;
}

/// RFC 8259: [ minus ] int [ frac ] [ exp ], and nothing behind it.
bool read_token(std::string_view text, Token& token) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at != end && *at == '-') {
    token.negative = true;
    ++at;
  }
  const char* const integer = at;
  if (!read_digits(at, end, token.significand)) return false;
  if (*integer == '0' && at - integer > 1) return false;
  std::int64_t fraction_digits = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    if (!read_digits(at, end, token.significand)) return false;
    fraction_digits = at - fraction;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (!read_exponent(at, end, token.exponent)) return false;
  }
  token.exponent += token.significand.behind - fraction_digits;
  return at == end;
}

/// Plain digits, with or without a fraction, that need no more care: at most 15 of them, the last one not zero. Nearly
/// every score is one; for the others false says nothing but that the general path must look.
bool read_short(std::string_view text, Decimal& out) noexcept {
  if (text.empty() || text.size() > kDigitsSafe || text.back() == '0') return false;
  const bool negative = text[0] == '-';
  const char* at = text.data() + (negative ? 1 : 0);
  const char* const end = text.data() + text.size();
  const char* const integer = at;
  std::int64_t mantissa = 0;
  for (; at != end && is_digit(*at); ++at) mantissa = mantissa * 10 + (*at - '0');
  if (at == integer || (*integer == '0' && at - integer > 1)) return false;
  std::ptrdiff_t fraction_digits = 0;
  if (at != end) {
    if (*at++ != '.') return false;
    const char* const fraction = at;
    for (; at != end && is_digit(*at); ++at) mantissa = mantissa * 10 + (*at - '0');
    fraction_digits = at - fraction;
    if (at != end || fraction_digits == 0) return false;
  }
  out = {negative ? -mantissa : mantissa, static_cast<std::int16_t>(-fraction_digits)};
  return true;
}

/// value × 10^-exponent, when it is whole and so small that a difference of two fits 64 bits: usual bounds and steps.
bool scale(const Decimal& value, int exponent, std::int64_t& out) noexcept {
  constexpr std::int64_t kMantissaMax = std::int64_t{1} << 31;
  const int shift = value.exponent - exponent;
  if (shift < 0 || shift > 9 || value.mantissa > kMantissaMax || value.mantissa < -kMantissaMax) return false;
  out = value.mantissa * static_cast<std::int64_t>(kPowers[shift]);
  return true;
}

/// A division of 64 bits takes 42 to 95 cycles on Intel processors before Ice Lake, one of 32 takes 26 (Agner Fog,
/// instruction tables): most steps are 1 in the last digit, and nearly all numbers are short.
bool divides(std::uint64_t divisor, std::uint64_t number) noexcept {
  if (divisor == 1) return true;
  if ((divisor | number) >> 32 == 0)
    return static_cast<std::uint32_t>(number) % static_cast<std::uint32_t>(divisor) == 0;
  return number % divisor == 0;
}

/// The double nearest to mantissa × 10^exponent; false beyond a double's range at either end.
bool nearest_double(std::uint64_t mantissa, std::int64_t exponent, double& value) noexcept {
  constexpr std::ptrdiff_t kMantissaDigits = 20;
  char text[48];
  char* at = std::to_chars(text, text + kMantissaDigits, mantissa).ptr;
  *at++ = 'e';
  at = std::to_chars(at, text + sizeof text, exponent).ptr;
  return std::from_chars(text, at, value).ec == std::errc();
}

/// Whether mantissa × 10^exponent, normalised, is what `value` prints as in its shortest form.
bool is_shortest_form(double value, std::uint64_t mantissa, std::int64_t exponent) noexcept {
  char text[48];
  const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  Token token;
  return read_token({text, static_cast<std::size_t>(end - text)}, token) && !token.significand.cut &&
         token.significand.mantissa == mantissa && token.exponent == exponent;
}

Decimal make_decimal(const Token& token) noexcept {
  const auto mantissa = static_cast<std::int64_t>(token.significand.mantissa);
  return {token.negative ? -mantissa : mantissa, static_cast<std::int16_t>(token.exponent)};
}

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool names_no_finite_number(std::string_view text) noexcept {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  const auto is = [text](std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  };
  return is("nan") || is("inf") || is("infinity");
}

/// A difference of two mantissas: sign apart, wide enough for any pair of int64.
struct Term {
  Wide mantissa = 0;
  std::int64_t exponent = 0;
  bool negative = false;

  /// No trailing zero in the mantissa; zero has exponent 0.
  void normalise() noexcept {
    if (mantissa == 0) exponent = 0;
    while (mantissa != 0 && mantissa % 10 == 0) {
      mantissa /= 10;
      ++exponent;
    }
  }
};

Term term_of(const Decimal& value) noexcept {
  Term term{magnitude(value.mantissa), value.exponent, value.mantissa < 0};
  term.normalise();
  return term;
}

/// term mod modulus, in [0, modulus), the term taken as mantissa × 10^shift. Square and multiply: shift may be 65,535.
std::uint64_t residue(const Term& term, std::int64_t shift, std::uint64_t modulus) noexcept {
  Wide result = term.mantissa % modulus;
  Wide factor = 10 % modulus;
  for (; shift > 0; shift >>= 1) {
    if (shift & 1) result = result * factor % modulus;
    factor = factor * factor % modulus;
  }
  if (term.negative && result != 0) result = modulus - result;
  return static_cast<std::uint64_t>(result);
}

/// a - b for equal exponents, or for one of them zero.
Term difference(const Term& a, const Term& b) noexcept {
  Term result;
  result.exponent = a.mantissa != 0 ? a.exponent : b.exponent;
  if (a.negative != b.negative || a.mantissa == 0 || b.mantissa == 0) {
    result.mantissa = a.mantissa + b.mantissa;
    result.negative = a.mantissa != 0 ? a.negative : !b.negative;
  } else {
    result.mantissa = a.mantissa > b.mantissa ? a.mantissa - b.mantissa : b.mantissa - a.mantissa;
    result.negative = a.negative != (a.mantissa < b.mantissa);
  }
  result.normalise();
  return result;
}

/// Compares magnitudes, neither zero.
int compare_magnitudes(const Decimal& a, const Decimal& b) noexcept {
  const std::uint64_t left = magnitude(a.mantissa);
  const std::uint64_t right = magnitude(b.mantissa);
  const int left_leading = digit_count(left) + a.exponent;
  const int right_leading = digit_count(right) + b.exponent;
  if (left_leading != right_leading) return left_leading < right_leading ? -1 : 1;
  // Equal leading positions: the exponents differ by at most 18, so the scaled mantissa has at most 37 digits.
  const int gap = a.exponent - b.exponent;
  const Wide scaled_left = gap > 0 ? Wide{left} * kPowers[gap] : Wide{left};
  const Wide scaled_right = gap < 0 ? Wide{right} * kPowers[-gap] : Wide{right};
  return scaled_left < scaled_right ? -1 : scaled_left > scaled_right ? 1 : 0;
}

}  // namespace

Result<Decimal> parse_decimal(std::string_view text) noexcept {
  if (Decimal number; read_short(text, number)) return number;
  Token token;
  if (!read_token(text, token)) return Errc::value_not_number;
  const Significand& significand = token.significand;
  if (significand.mantissa == 0) return Decimal{};
  const std::int64_t leading = token.exponent + significand.digits - 1;
  if (significand.digits <= kDigitsSafe && !significand.cut && leading >= -kLeadingSafe && leading <= kLeadingSafe)
    return make_decimal(token);
  if (leading > kLeadingMax) return Errc::value_not_finite;
  if (leading < kLeadingMin) return Errc::value_not_exact;
  double value = 0;
  if (!nearest_double(significand.mantissa, token.exponent, value))
    return leading > 0 ? Errc::value_not_finite : Errc::value_not_exact;
  if (significand.cut || !is_shortest_form(value, significand.mantissa, token.exponent)) return Errc::value_not_exact;
  return make_decimal(token);
}

Result<Decimal> parse_decimal_text(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (names_no_finite_number(text)) return Errc::value_not_finite;
  if (text.size() > 1 && text[0] == '+' && is_digit(text[1])) text.remove_prefix(1);
  return parse_decimal(text);
}

int compare(const Decimal& a, const Decimal& b) noexcept {
  const int lowest = std::min(a.exponent, b.exponent);
  if (std::int64_t x = 0, y = 0; scale(a, lowest, x) && scale(b, lowest, y)) return (x > y) - (x < y);
  const int left_sign = (a.mantissa > 0) - (a.mantissa < 0);
  const int right_sign = (b.mantissa > 0) - (b.mantissa < 0);
  if (left_sign != right_sign) return left_sign < right_sign ? -1 : 1;
  if (left_sign == 0) return 0;
  return left_sign * compare_magnitudes(a, b);
}

bool is_multiple(const Decimal& value, const Decimal& base, const Decimal& step) noexcept {
  SLUICE_CHECK(step.mantissa > 0);
  const int lowest = std::min({value.exponent, base.exponent, step.exponent});
  if (std::int64_t x = 0, y = 0, z = 0; scale(value, lowest, x) && scale(base, lowest, y) && scale(step, lowest, z))
    return divides(static_cast<std::uint64_t>(z), static_cast<std::uint64_t>(x < y ? y - x : x - y));
  const Term v = term_of(value);
  const Term b = term_of(base);
  const Term s = term_of(step);
  const auto modulus = static_cast<std::uint64_t>(s.mantissa);
  if (v.mantissa == 0 || b.mantissa == 0 || v.exponent == b.exponent) {
    const Term gap = difference(v, b);
    if (gap.mantissa == 0) return true;
    // A normalised gap whose last digit stands below the step's is no multiple: the step times anything ends higher up.
    return gap.exponent >= s.exponent && residue(gap, gap.exponent - s.exponent, modulus) == 0;
  }
  // The difference ends in the lower one's last digit, which is not zero; the same argument.
  if (std::min(v.exponent, b.exponent) < s.exponent) return false;
  return residue(v, v.exponent - s.exponent, modulus) == residue(b, b.exponent - s.exponent, modulus);
}

bool is_integer(const Decimal& value) noexcept { return value.exponent >= 0 || term_of(value).exponent >= 0; }

void append_decimal(std::string& out, const Decimal& value) {
  if (value.mantissa == 0) {
    out += '0';
    return;
  }
  if (value.mantissa < 0) out += '-';
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof digits, magnitude(value.mantissa)).ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  const int count = static_cast<int>(text.size());
  const int leading = value.exponent + count - 1;
  if (leading < -7 || leading > 20) {
    out += text[0];
    if (count > 1) {
      out += '.';
      out += text.substr(1);
    }
    out += leading < 0 ? "e-" : "e+";
    char exponent[12];
    out.append(exponent, std::to_chars(exponent, exponent + sizeof exponent, std::abs(leading)).ptr);
  } else if (value.exponent >= 0) {
    out += text;
    out.append(static_cast<std::size_t>(value.exponent), '0');
  } else if (leading < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-leading - 1), '0');
    out += text;
  } else {
    const auto whole = static_cast<std::size_t>(leading + 1);
    out += text.substr(0, whole);
    out += '.';
    out += text.substr(whole);
  }
}

std::string to_text(const Decimal& value) {
  std::string out;
  append_decimal(out, value);
  return out;
}

double to_double(const Decimal& value) noexcept {
  double result = 0;
  const std::uint64_t mantissa = magnitude(value.mantissa);
  if (mantissa != 0 && !nearest_double(mantissa, value.exponent, result))
    result = value.exponent > 0 ? std::numeric_limits<double>::infinity() : 0;
  return value.mantissa < 0 ? -result : result;
}

}  // namespace sluice
