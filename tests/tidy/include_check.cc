#include <algorithm>

#include "tests/tidy/checks.h"
#include "tests/tidy/include_table.h"

namespace sluice::tidy {

namespace {

struct Include {
  std::string_view header;
  bool ours = false;  // "…", not <…>.
};

/// The header a line includes; empty when it includes none.
Include include_of(std::string_view line) {
  static constexpr std::string_view kSpace = " \t";
  const auto skip_space = [&line] { line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size())); };
  skip_space();
  if (!line.starts_with('#')) return {};
  line.remove_prefix(1);
  skip_space();
  if (!line.starts_with("include")) return {};
  line.remove_prefix(std::string_view("include").size());
  skip_space();
  if (line.empty() || (line[0] != '<' && line[0] != '"')) return {};
  const std::size_t end = line.find(line[0] == '<' ? '>' : '"', 1);
  if (end == std::string_view::npos) return {};
  return {line.substr(1, end - 1), line[0] == '"'};
}

bool starts_with_any(std::string_view text, std::span<const std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [text](std::string_view b) { return text.starts_with(b); });
}

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

/// A unit test or what only unit tests include.
bool is_unit_test(std::string_view path) {
  return path.ends_with("_test.cc") || path.find("_for_test.") != std::string_view::npos;
}

bool is_test(std::string_view path) {
  return is_unit_test(path) || path.starts_with("tests/") || path.starts_with("bench/");
}

const ModuleRow* module_of(std::string_view path) {
  const ModuleRow* best = nullptr;
  for (const ModuleRow& row : modules()) {
    if (path.starts_with(row.where) && (best == nullptr || row.where.size() > best->where.size())) best = &row;
  }
  return best;
}

const LibraryRow* library_of(std::string_view header) {
  const LibraryRow* best = nullptr;
  for (const LibraryRow& row : libraries()) {
    if (header.starts_with(row.header) && (best == nullptr || row.header.size() > best->header.size())) best = &row;
  }
  return best;
}

/// What is wrong with including `header` of ours; empty when nothing is.
std::string judge_ours(std::string_view path, std::string_view header) {
  const ModuleRow* const row = module_of(path);
  if (row == nullptr) return "a module that the include table does not know; add its row";
  if (folder_of(header) == folder_of(path) || starts_with_any(header, row->headers)) return {};
  if (is_unit_test(path) && starts_with_any(header, row->test_headers)) return {};
  return std::string(row->where) + " may not include \"" + std::string(header) + "\"";
}

std::string judge_library(std::string_view path, std::string_view header) {
  for (const PurityRow& row : impure_headers()) {
    const bool impure = std::any_of(row.headers.begin(), row.headers.end(), [header](std::string_view banned) {
      return banned.ends_with('/') ? header.starts_with(banned) : header == banned;
    });
    if (path.starts_with(row.where) && !is_test(path) && impure)
      return "a translator is pure: no I/O, clock, thread or chance, so no <" + std::string(header) + ">";
  }
  const LibraryRow* const library = library_of(header);
  if (library == nullptr) {
    // The standard's headers have neither a folder nor an ending.
    const bool standard = header.find_first_of("/.") == std::string_view::npos;
    return standard ? "" : "<" + std::string(header) + "> is of no library the include table knows; add its row";
  }
  const bool of_tests = library->header == "gtest/" || library->header == "gmock/";
  if (of_tests && !is_test(path)) return "only tests include <" + std::string(header) + ">";
  if (starts_with_any(path, library->users)) return {};
  return "may not include <" + std::string(header) + ">: " + std::string(library->instead);
}

/// RocksDB stays out of the headers that others see.
bool leaks_rocksdb(std::string_view path, std::string_view header) {
  return header.starts_with("rocksdb/") && path.starts_with("store/") && path.ends_with(".h") &&
         !path.starts_with("store/internal/");
}

}  // namespace

Findings check_includes(const File& file) {
  if (!is_cpp(file.path)) return {};
  Findings findings;
  const std::string code = without_comments(file.text, Literals::keep);
  const std::vector<std::string_view> lines = lines_of(code);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Include include = include_of(lines[i]);
    if (include.header.empty()) continue;
    std::string what = include.ours ? judge_ours(file.path, include.header) : judge_library(file.path, include.header);
    if (leaks_rocksdb(file.path, include.header)) what = "store's public headers hide RocksDB; include it in a .cc";
    if (!what.empty()) findings.push_back(finding(file, i, what));
  }
  return findings;
}

}  // namespace sluice::tidy
