#pragma once

#include <span>

#include "tests/tidy/source_tree.h"

/// The rules that a compiler does not know. Each takes the files it is to judge and ignores those it has no say in.

namespace sluice::tidy {

/// The include table (include_table.h): layers, libraries, pure translators.
[[nodiscard]] Findings check_includes(const File& file);
/// Every .cc is named in its folder's CMakeLists.txt, or in one above it.
[[nodiscard]] Findings check_sources_listed(std::span<const File> tree);
/// At most 120 columns in code and build lists.
[[nodiscard]] Findings check_line_width(const File& file);
/// At most 400 lines per file, but for the reasoned exceptions.
[[nodiscard]] Findings check_file_length(const File& file);
/// Words with a better replacement.
[[nodiscard]] Findings check_banned_words(const File& file);
/// A dialect's name stands in its own folder, not in the layers that serve them all.
[[nodiscard]] Findings check_dialect_names(const File& file);
/// g++ 12 destroys some temporaries of a co_await expression twice.
[[nodiscard]] Findings check_co_await(const File& file);
/// No path that exists on one machine only.
[[nodiscard]] Findings check_local_paths(const File& file);

}  // namespace sluice::tidy
