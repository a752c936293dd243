#pragma once

#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/model/label.h"
#include "net/dialect/json_reader.h"

/// A label's settings as JSON, checked for its type and turned into the rules of the write path. Pure.

namespace sluice {

/// Whether settings that are not empty must name every key of their type, with no bound below 0 (Future AGI), or may
/// leave out what is not to be checked and must not name anything else (native).
enum class SettingsKeys : std::uint8_t { all, any };

/// `settings`: one JSON object, limits::kPadding readable bytes behind it; uses `parser`, so nothing of an unfinished
/// parse may be wanted any more. Empty text and {} give rules that check nothing but the type. On failure returns false
/// and `why` is the sentence: "min must be less than max". A thumbs_up_down label has no settings; Future AGI lets them
/// be anything.
[[nodiscard]] bool read_label_settings(JsonParser& parser, Arena& arena, LabelType type, std::string_view settings,
                                       SettingsKeys keys, LabelRules& rules, std::string& why);

/// text, categorical, numeric, star, thumbs_up_down.
[[nodiscard]] std::optional<LabelType> label_type(std::string_view name) noexcept;

}  // namespace sluice
