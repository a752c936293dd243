#include "engine/model/label.h"

#include <algorithm>

#include "engine/base/limits.h"

namespace sluice {
namespace {

using Kind = ValueInput::Kind;
using Shape = ValueInput::Shape;

constexpr Decimal kOne{1, 0};

/// Blank is what a form sends for "not filled in". A star's 0 is blank only inside {"rating": 0}.
[[nodiscard]] bool is_blank(const ValueInput& input) noexcept {
  switch (input.kind) {
    case Kind::absent:
    case Kind::null: return true;
    case Kind::text: return input.text.empty();
    case Kind::list: return input.list.empty() && (input.shape == Shape::bare || input.shape == Shape::selected);
    case Kind::boolean: return input.shape == Shape::rating && !input.boolean;
    case Kind::number: {
      if (input.shape != Shape::rating) return false;
      const Result<Decimal> number = parse_decimal(input.text);
      return number.ok() && number->mantissa == 0;
    }
    case Kind::failure:
    case Kind::invalid: return false;
  }
  return false;
}

[[nodiscard]] Result<Decimal> number_of(const ValueInput& input, bool texts_allowed) noexcept {
  if (input.kind == Kind::number) return parse_decimal(input.text);
  if (input.kind == Kind::text && texts_allowed) return parse_decimal_text(input.text);
  return Error{Errc::value_not_number, 0, "value"};
}

[[nodiscard]] Errc check_bounds(const LabelRules& rules, const Decimal& number) noexcept {
  if (rules.min && compare(number, *rules.min) < 0) return Errc::value_out_of_range;
  if (rules.max && compare(number, *rules.max) > 0) return Errc::value_out_of_range;
  if (!rules.step) return Errc::ok;
  if (rules.step->mantissa <= 0) return Errc::value_bad_step;
  // The maximum is always reachable, even where no whole number of steps leads to it.
  if (rules.max && compare(number, *rules.max) == 0) return Errc::ok;
  return is_multiple(number, rules.min.value_or(Decimal{}), *rules.step) ? Errc::ok : Errc::value_off_step;
}

[[nodiscard]] Result<void> check_numeric(const Label& label, const ValueInput& input, Value& value) noexcept {
  if (input.shape != Shape::bare && input.shape != Shape::value) return Error{Errc::value_not_number, 0, "value"};
  const Result<Decimal> number = number_of(input, label.origin == LabelOrigin::user);
  if (!number) return Error{number.error().code, 0, "value"};
  if (label.origin != LabelOrigin::annotation) {
    const Errc code = check_bounds(label.rules, *number);
    if (code != Errc::ok) return Error{code, 0, "value"};
  }
  value.kind = Value::Kind::number;
  value.number = *number;
  return {};
}

[[nodiscard]] Result<void> check_star(const Label& label, const ValueInput& input, Value& value) noexcept {
  if (input.shape != Shape::bare && input.shape != Shape::value && input.shape != Shape::rating)
    return Error{Errc::value_not_number, 0, "value"};
  const Result<Decimal> number = number_of(input, true);
  if (!number) return Error{number.error().code, 0, "value"};
  if (!is_integer(*number)) return Error{Errc::value_not_whole_star, 0, "value"};
  if (compare(*number, kOne) < 0) return Error{Errc::value_star_range, 0, "value"};
  // Normalised integers have exponent >= 0; anything with more digits than the limit is beyond it.
  std::uint64_t stars = static_cast<std::uint64_t>(number->mantissa);
  for (int left = number->exponent; left > 0 && stars <= label.rules.stars; --left) stars *= 10;
  if (stars > label.rules.stars) return Error{Errc::value_star_range, 0, "value"};
  value.kind = Value::Kind::number;
  value.number = *number;
  return {};
}

[[nodiscard]] std::size_t code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

[[nodiscard]] Result<void> check_text(const Label& label, const ValueInput& input, Value& value) noexcept {
  if (input.kind != Kind::text || (input.shape != Shape::bare && input.shape != Shape::text))
    return Error{Errc::value_not_text, 0, "value"};
  if (label.rules.min_length || label.rules.max_length) {
    const std::size_t length = code_points(input.text);
    if (label.rules.min_length && length < *label.rules.min_length) return Error{Errc::value_too_short, 0, "value"};
    if (label.rules.max_length && length > *label.rules.max_length) return Error{Errc::value_too_long, 0, "value"};
  }
  value.kind = Value::Kind::text;
  value.text = input.text;
  return {};
}

[[nodiscard]] bool is_option(const LabelRules& rules, std::string_view text) noexcept {
  if (text.empty()) return false;
  if (rules.options.empty()) return true;
  return std::ranges::any_of(rules.options,
                             [&](const LabelOption& option) { return option.label == text || option.value == text; });
}

[[nodiscard]] Result<void> check_selection(const Label& label, const ValueInput& input, Value& value,
                                           std::string_view& scratch) noexcept {
  if (input.shape != Shape::bare && input.shape != Shape::selected) return Error{Errc::value_not_option, 0, "value"};
  std::span<const std::string_view> selected = input.list;
  if (input.kind == Kind::text) {
    scratch = input.text;
    selected = {&scratch, 1};
  } else if (input.kind != Kind::list) {
    return Error{Errc::value_not_option, 0, "value"};
  }
  const std::size_t allowed = label.rules.multi_choice ? limits::kSelectedOptions : 1;
  if (selected.size() > allowed) return Error{Errc::value_many_options, 0, "value"};
  for (const std::string_view option : selected)
    if (!is_option(label.rules, option)) return Error{Errc::value_unknown_option, 0, "value"};
  value.kind = Value::Kind::selection;
  value.selection = selected;
  return {};
}

[[nodiscard]] Result<void> check_thumb(const ValueInput& input, Value& value) noexcept {
  const bool shape = input.shape == Shape::bare || input.shape == Shape::value;
  if (!shape || input.kind != Kind::text) return Error{Errc::value_not_thumb, 0, "value"};
  if (input.text == "up") {
    value.kind = Value::Kind::thumb_up;
  } else if (input.text == "down") {
    value.kind = Value::Kind::thumb_down;
  } else {
    return Error{Errc::value_not_thumb, 0, "value"};
  }
  return {};
}

[[nodiscard]] std::string_view type_text(LabelType type) noexcept {
  switch (type) {
    case LabelType::text: return " must be text.";
    case LabelType::categorical: return " must select one of the configured options.";
    case LabelType::numeric:
    case LabelType::star: return " must be a number.";
    case LabelType::thumbs_up_down: return " must be thumbs up or thumbs down.";
  }
  return " is not valid.";
}

void append_range_text(std::string& out, const LabelRules& rules) {
  if (rules.min && rules.max) {
    out += " must be between ";
    append_decimal(out, *rules.min);
    out += " and ";
    append_decimal(out, *rules.max);
  } else if (rules.min) {
    out += " must be at least ";
    append_decimal(out, *rules.min);
  } else {
    out += " must be at most ";
    append_decimal(out, rules.max.value_or(Decimal{}));
  }
  out += '.';
}

}  // namespace

std::string_view to_string(DialectCode dialect) noexcept {
  switch (dialect) {
    case DialectCode::native: return "native";
    case DialectCode::futureagi: return "futureagi";
    case DialectCode::evalguard: return "evalguard";
    case DialectCode::twosignal: return "twosignal";
  }
  return "";
}

Result<void> check_value(const Label& label, const ValueInput& input, Value& value,
                         std::string_view& scratch) noexcept {
  value = Value{};
  if (input.kind == Kind::failure) {
    value.kind = Value::Kind::failure;
    value.text = input.text;
    return {};
  }
  if (label.origin == LabelOrigin::annotation && (input.kind == Kind::absent || input.kind == Kind::null)) return {};
  if (is_blank(input)) return Error{Errc::value_blank, 0, "value"};
  switch (label.type) {
    case LabelType::numeric: return check_numeric(label, input, value);
    case LabelType::star: return check_star(label, input, value);
    case LabelType::text: return check_text(label, input, value);
    case LabelType::categorical: return check_selection(label, input, value, scratch);
    case LabelType::thumbs_up_down: return check_thumb(input, value);
  }
  return Error{Errc::internal, 0, "label type"};
}

void append_value_text(std::string& out, Errc code, const Label& label) {
  const LabelRules& rules = label.rules;
  out += label.name;
  switch (code) {
    case Errc::value_not_number: out += " must be a number."; return;
    case Errc::value_not_finite: out += " must be a finite number."; return;
    case Errc::value_not_exact: out += " must be a number that a double holds exactly as written."; return;
    case Errc::value_out_of_range: append_range_text(out, rules); return;
    case Errc::value_bad_step: out += " has an invalid step size."; return;
    case Errc::value_off_step: out += " must match the configured step size."; return;
    case Errc::value_not_text: out += " must be text."; return;
    case Errc::value_too_short:
      out += " must be at least " + std::to_string(rules.min_length.value_or(0)) + " characters.";
      return;
    case Errc::value_too_long:
      out += " must be at most " + std::to_string(rules.max_length.value_or(0)) + " characters.";
      return;
    case Errc::value_not_option: out += " must select one of the configured options."; return;
    case Errc::value_many_options:
      if (rules.multi_choice) {
        out += " allows at most " + std::to_string(limits::kSelectedOptions) + " selected options.";
      } else {
        out += " allows only one selected option.";
      }
      return;
    case Errc::value_unknown_option: out += " contains an option that is not configured."; return;
    case Errc::value_not_whole_star: out += " must be a whole-star rating."; return;
    case Errc::value_star_range: out += " must be between 1 and " + std::to_string(rules.stars) + "."; return;
    case Errc::value_not_thumb: out += " must be thumbs up or thumbs down."; return;
    default: out += type_text(label.type); return;  // value_blank
  }
}

}  // namespace sluice
