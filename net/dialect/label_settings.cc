#include "net/dialect/label_settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/decimal.h"
#include "net/dialect/json_cursor.h"

namespace sluice {
namespace {

constexpr std::string_view kNumericKeys[] = {"min", "max", "step_size", "display_type"};
constexpr std::string_view kTextKeys[] = {"placeholder", "max_length", "min_length"};
constexpr std::string_view kCategoricalKeys[] = {"rule_prompt", "multi_choice", "options", "auto_annotate", "strategy"};
constexpr std::string_view kStarKeys[] = {"no_of_stars"};

std::span<const std::string_view> keys_of(LabelType type) noexcept {
  switch (type) {
    case LabelType::numeric:
      return kNumericKeys;
    case LabelType::text:
      return kTextKeys;
    case LabelType::categorical:
      return kCategoricalKeys;
    case LabelType::star:
      return kStarKeys;
    case LabelType::thumbs_up_down:
      break;
  }
  return {};
}

std::string_view title_of(LabelType type) noexcept {
  switch (type) {
    case LabelType::numeric:
      return "Numeric";
    case LabelType::text:
      return "Text";
    case LabelType::categorical:
      return "Categorical";
    case LabelType::star:
      return "Star";
    case LabelType::thumbs_up_down:
      break;
  }
  return "Thumbs";
}

/// One member of the settings as it was sent.
struct Setting {
  bool present = false;
  JsonKind kind = JsonKind::null;
  std::string_view text;  ///< Of a string or number.
  bool boolean = false;
};

/// What is wrong with the options, in the order in which it is reported.
struct Options {
  std::vector<LabelOption> list;
  bool bad_entry = false;
  bool empty_label = false;
};

struct Settings {
  std::array<Setting, 5> by_key;  ///< As keys_of(type).
  Options options;
  std::string unknown;
  bool has_unknown = false;
  bool empty = true;
};

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// Trimmed, ASCII letters in lower case: how two option labels are compared.
std::string folded(std::string_view text) {
  std::string out(trimmed(text));
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

Errc read_option(JsonValue entry, SettingsKeys keys, Options& options) {
  std::string_view label;
  std::string_view value;
  bool has_label = false;
  Errc code = Errc::ok;
  if (entry.kind() == JsonKind::string && keys == SettingsKeys::any) {
    has_label = true;
    code = entry.text(label, limits::kNameBytes);
  } else if (entry.kind() == JsonKind::object) {
    code = entry.object([&](std::string_view key, JsonValue& member) -> Errc {
      if (member.kind() != JsonKind::string) return member.skip();
      if (key == "label") {
        has_label = true;
        return member.text(label, limits::kNameBytes);
      }
      return key == "value" ? member.text(value, limits::kNameBytes) : member.skip();
    });
  } else {
    code = entry.skip();
  }
  if (code != Errc::ok) return code;
  options.bad_entry = options.bad_entry || !has_label;
  options.empty_label = options.empty_label || (has_label && trimmed(label).empty());
  if (options.list.size() > limits::kOptions) return Errc::ok;  // Refused by the count; no need to keep more.
  options.list.push_back({std::string(label), std::string(value)});
  return Errc::ok;
}

Errc read_setting(JsonValue value, Setting& setting) {
  setting.present = true;
  setting.kind = value.kind();
  switch (setting.kind) {
    case JsonKind::string:
      return value.text(setting.text, limits::kSettingsBytes);
    case JsonKind::number:
      return value.number(setting.text);
    case JsonKind::boolean:
      return value.boolean(setting.boolean);
    default:
      return value.skip();
  }
}

Errc read_settings(JsonValue root, LabelType type, SettingsKeys keys, Settings& out) {
  const std::span<const std::string_view> names = keys_of(type);
  return root.object([&](std::string_view key, JsonValue& value) -> Errc {
    out.empty = false;
    const auto found = std::find(names.begin(), names.end(), key);
    if (found == names.end()) {
      if (!out.has_unknown) out.unknown = key;
      out.has_unknown = true;
      return value.skip();
    }
    Setting& setting = out.by_key[static_cast<std::size_t>(found - names.begin())];
    if (key != "options" || value.kind() != JsonKind::array) return read_setting(value, setting);
    setting.present = true;
    setting.kind = JsonKind::array;
    return value.array([&](std::size_t, JsonValue& entry) { return read_option(entry, keys, out.options); });
  });
}

using Why = std::optional<std::string>;

std::string text(std::string_view name, std::string_view rest) { return std::string(name) + std::string(rest); }

Why numeric_rules(const Settings& settings, SettingsKeys keys, LabelRules& rules) {
  const auto& [min, max, step, display, unused] = settings.by_key;
  std::optional<Decimal>* const targets[] = {&rules.min, &rules.max, &rules.step};
  for (std::size_t i = 0; i < 3; ++i) {
    const Setting& setting = settings.by_key[i];
    if (!setting.present) continue;
    if (setting.kind == JsonKind::null) return text(kNumericKeys[i], " cannot be null");
    if (setting.kind != JsonKind::number) return text(kNumericKeys[i], " must be an float");
    const Result<Decimal> number = parse_decimal(setting.text);
    if (!number) return text(kNumericKeys[i], " must be a number that a double holds exactly as written");
    *targets[i] = *number;
  }
  if (display.present && display.kind == JsonKind::null) return "display_type cannot be null";
  if (keys == SettingsKeys::all) {
    if (rules.min && rules.min->mantissa < 0) return "min cannot be negative";
    if (rules.max && rules.max->mantissa < 0) return "max cannot be negative";
  }
  if (rules.min && rules.max && compare(*rules.min, *rules.max) >= 0) return "min must be less than max";
  if (rules.step && rules.step->mantissa <= 0) return "step_size must be greater than 0";
  if (display.present && (display.kind != JsonKind::string || (display.text != "slider" && display.text != "button")))
    return "display_type must be either 'slider' or 'button'";
  return {};
}

/// A whole number that fits 32 bits, -1 for every negative one; nothing otherwise.
std::optional<std::int64_t> whole(const Setting& setting) {
  if (setting.kind != JsonKind::number) return {};
  const Result<Decimal> number = parse_decimal(setting.text);
  if (!number || !is_integer(*number) || compare(*number, Decimal{UINT32_MAX, 0}) > 0) return {};
  if (number->mantissa < 0) return -1;
  return static_cast<std::int64_t>(to_double(*number));
}

Why text_rules(const Settings& settings, LabelRules& rules) {
  const auto& [placeholder, max_length, min_length, unused, unused_too] = settings.by_key;
  if (placeholder.present && placeholder.kind != JsonKind::string) return "placeholder must be a string";
  struct Length {
    const Setting& setting;
    std::string_view name;
    std::optional<std::uint32_t>& target;
  };
  for (const Length& length :
       {Length{max_length, "max_length", rules.max_length}, Length{min_length, "min_length", rules.min_length}}) {
    if (!length.setting.present) continue;
    const std::optional<std::int64_t> number = whole(length.setting);
    if (!number) return text(length.name, " must be an integer");
    if (*number < 0) return text(length.name, " cannot be negative");
    length.target = static_cast<std::uint32_t>(*number);
  }
  if (rules.min_length && rules.max_length && *rules.min_length >= *rules.max_length)
    return "min_length must be less than max_length";
  return {};
}

Why options_rules(const Setting& setting, const Options& options) {
  if (setting.kind != JsonKind::array) return "options must be a list";
  if (options.bad_entry) return "Each option must be a dictionary with a 'label' field";
  if (options.empty_label) return "Option labels cannot be empty";
  if (options.list.size() > limits::kOptions)
    return "There must be at most " + std::to_string(limits::kOptions) + " options";
  std::vector<std::string> labels;
  for (const LabelOption& option : options.list) labels.push_back(folded(option.label));
  std::sort(labels.begin(), labels.end());
  if (std::adjacent_find(labels.begin(), labels.end()) != labels.end())
    return "Categorical option labels must be unique";
  if (options.list.size() < 2) return "There must be at least two options";
  return {};
}

Why categorical_rules(Settings& settings, LabelRules& rules) {
  const auto& [rule_prompt, multi_choice, options, auto_annotate, strategy] = settings.by_key;
  if (options.present) {
    Why why = options_rules(options, settings.options);
    if (why) return why;
    rules.options = std::move(settings.options.list);
  }
  if (multi_choice.present && multi_choice.kind != JsonKind::boolean) return "multi_choice must be a boolean";
  rules.multi_choice = multi_choice.boolean;
  if (rule_prompt.present && rule_prompt.kind != JsonKind::string) return "rule_prompt must be a string";
  if (strategy.present && strategy.kind != JsonKind::null &&
      (strategy.kind != JsonKind::string || strategy.text != "Rag"))
    return "Strategy must be 'Rag' or None.";
  if (auto_annotate.present && auto_annotate.kind != JsonKind::boolean) return "auto_annotate must be a boolean";
  return {};
}

Why star_rules(const Settings& settings, LabelRules& rules) {
  const Setting& stars = settings.by_key[0];
  if (!stars.present) return {};
  const std::optional<std::int64_t> number = whole(stars);
  if (!number) return "no_of_stars must be an integer";
  if (*number < 1) return "no_of_stars must be greater than 0";
  rules.stars = static_cast<std::uint32_t>(*number);
  return {};
}

Why key_rules(const Settings& settings, LabelType type, SettingsKeys keys) {
  const std::span<const std::string_view> names = keys_of(type);
  if (keys == SettingsKeys::any && settings.has_unknown) {
    std::string why = "'" + settings.unknown + "' is no setting of a " + std::string(to_string(type)) + " label";
    for (std::size_t i = 0; i < names.size(); ++i) (why += i == 0 ? "; it has " : ", ") += names[i];
    return why;
  }
  if (keys == SettingsKeys::any) return {};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (settings.by_key[i].present) continue;
    std::string why = text(title_of(type), " type requires {");
    for (std::size_t k = 0; k < names.size(); ++k) ((why += k == 0 ? "'" : ", '") += names[k]) += "'";
    return why + "} settings";
  }
  return {};
}

std::string document_text(Errc code, const JsonDocument& document) {
  switch (code) {
    case Errc::duplicate_key:
      return "settings has the key '" + std::string(document.bad_key()) + "' twice";
    case Errc::string_too_long:
      return "settings has a text that is too long";
    case Errc::too_deep:
      return "settings is nested too deeply";
    case Errc::too_many_members:
      return "settings has too many members";
    case Errc::invalid_utf8:
      return "settings is not valid UTF-8";
    default:
      return "settings must be a JSON object";
  }
}

}  // namespace

std::optional<LabelType> label_type(std::string_view name) noexcept {
  for (const LabelType type :
       {LabelType::text, LabelType::categorical, LabelType::numeric, LabelType::star, LabelType::thumbs_up_down})
    if (name == to_string(type)) return type;
  return {};
}

bool read_label_settings(JsonParser& parser, Arena& arena, LabelType type, std::string_view settings, SettingsKeys keys,
                         LabelRules& rules, std::string& why) {
  rules = {};
  if (settings.empty()) return true;
  if (settings.size() > limits::kSettingsBytes) {
    why = "settings must be at most " + std::to_string(limits::kSettingsBytes) + " bytes";
    return false;
  }
  Settings found;
  JsonDocument document(parser, arena);
  const Errc code = document.parse(settings, [&](JsonValue& root) { return read_settings(root, type, keys, found); });
  if (code != Errc::ok) {
    why = document_text(code, document);
    return false;
  }
  if (found.empty) return true;
  Why failure = key_rules(found, type, keys);
  if (!failure) {
    switch (type) {
      case LabelType::numeric:
        failure = numeric_rules(found, keys, rules);
        break;
      case LabelType::text:
        failure = text_rules(found, rules);
        break;
      case LabelType::categorical:
        failure = categorical_rules(found, rules);
        break;
      case LabelType::star:
        failure = star_rules(found, rules);
        break;
      case LabelType::thumbs_up_down:
        break;
    }
  }
  if (!failure) return true;
  why = std::move(*failure);
  return false;
}

}  // namespace sluice
