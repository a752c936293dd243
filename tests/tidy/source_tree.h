#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// The repository's files as the checks see them. A check is a function of files to findings, so that its own examples
/// need no tree.

namespace sluice::tidy {

struct File {
  std::string path;  ///< From the top of the repository, with '/'.
  std::string text;
};

/// One broken rule: "path:line: what, and what to do instead".
using Findings = std::vector<std::string>;

/// Every file of the repository but build trees, data directories and what is not text.
[[nodiscard]] std::vector<File> read_tree(const std::filesystem::path& top);

[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);
/// `text` with comments and, if asked, the insides of string and character literals blanked; lines stay where they are.
enum class Literals { keep, blank };
[[nodiscard]] std::string without_comments(std::string_view text, Literals literals);

[[nodiscard]] bool is_cpp(std::string_view path);
[[nodiscard]] std::string finding(const File& file, std::size_t line_index, std::string_view what);

}  // namespace sluice::tidy
