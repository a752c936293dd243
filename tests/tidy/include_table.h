#pragma once

#include <span>
#include <string_view>

/// Who may include what, as data. A new module or library is a row here: reviewed, not slipped in.

namespace sluice::tidy {

/// The row with the longest `where` that begins a file's path holds for it. A file may always include its own folder.
struct ModuleRow {
  std::string_view where;
  std::span<const std::string_view> headers;       ///< Beginnings of paths of ours.
  std::span<const std::string_view> test_headers;  ///< Besides, for *_test.cc and *_for_test.*.
};
[[nodiscard]] std::span<const ModuleRow> modules();

/// A library that is not the C++ standard's, by how its headers begin, and the only places that may include it.
struct LibraryRow {
  std::string_view header;
  std::span<const std::string_view> users;  ///< Beginnings of paths.
  std::string_view instead;                 ///< What a file elsewhere does.
};
[[nodiscard]] std::span<const LibraryRow> libraries();

/// Headers that make a pure translator impure.
struct PurityRow {
  std::string_view where;
  std::span<const std::string_view> headers;
};
[[nodiscard]] std::span<const PurityRow> impure_headers();

}  // namespace sluice::tidy
