#include "engine/model/catalogue_limits.h"

#include "engine/base/limits.h"

namespace sluice {

Result<void> check_name(std::string_view name, const char* where) {
  if (name.empty()) return Error{Errc::field_blank, 0, where};
  if (name.size() > limits::kNameBytes) return Error{Errc::string_too_long, 0, where};
  return {};
}

Result<void> check_label(const Label& label) {
  if (Result<void> name = check_name(label.name, "name"); !name) return name;
  if (label.description.size() > limits::kStringBytes) return Error{Errc::string_too_long, 0, "description"};
  if (label.project.size() > limits::kNameBytes) return Error{Errc::string_too_long, 0, "project"};
  if (label.settings_json.size() > limits::kSettingsBytes) return Error{Errc::string_too_long, 0, "settings"};
  if (label.rules.options.size() > limits::kOptions) return Error{Errc::limit_reached, 0, "options"};
  return {};
}

std::size_t held_bytes(const Label& label) noexcept {
  std::size_t bytes = sizeof label + label.name.size() + label.description.size() + label.project.size() +
                      label.settings_json.size();
  for (const LabelOption& option : label.rules.options)
    bytes += sizeof option + option.label.size() + option.value.size();
  return bytes;
}

}  // namespace sluice
