#include <algorithm>
#include <cctype>

#include "tests/tidy/checks.h"

namespace sluice::tidy {

namespace {

std::string uncommented_list(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines_of(text)) {
    out += line.substr(0, line.find('#'));
    out += '\n';
  }
  return out;
}

/// Whether `name` stands in `list` as a word of its own.
bool names(std::string_view list, std::string_view name) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '/' || c == '-';
  };
  for (std::size_t at = list.find(name); at != std::string_view::npos; at = list.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || !is_part(list[at - 1])) && (end == list.size() || !is_part(list[end]))) return true;
  }
  return false;
}

}  // namespace

Findings check_sources_listed(std::span<const File> tree) {
  Findings findings;
  for (const File& source : tree) {
    if (!source.path.ends_with(".cc")) continue;
    const bool listed = std::any_of(tree.begin(), tree.end(), [&source](const File& list) {
      constexpr std::string_view kList = "CMakeLists.txt";
      if (!list.path.ends_with(kList)) return false;
      const std::string folder = list.path.substr(0, list.path.size() - kList.size());
      return source.path.starts_with(folder) && names(uncommented_list(list.text), source.path.substr(folder.size()));
    });
    if (!listed) findings.push_back(source.path + ":1: no CMakeLists.txt lists it; list it or delete it");
  }
  return findings;
}

}  // namespace sluice::tidy
