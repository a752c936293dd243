#pragma once

#include <string_view>
#include <utility>
#include <vector>

/// Cuts JSON that this program's own server wrote into the texts of its values, so that an export repeats every number
/// and every metadata to the letter. Throws std::runtime_error on what is no such JSON.

namespace sluice {

/// Members of an object: key (as written, without quotes) and the value's text.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> json_members(std::string_view object);
/// Values of a list.
[[nodiscard]] std::vector<std::string_view> json_elements(std::string_view list);

}  // namespace sluice
