#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace sluice::tidy {

namespace {

bool is_skipped_directory(const std::string& name) {
  return name == ".git" || name == "__pycache__" || name == ".pytest_cache" || name == "node_modules" ||
         name == "build" || name.starts_with("sluice-data");
}

/// The end of the literal or comment that starts at `at`; `at` itself when none does.
std::size_t raw_string_end(std::string_view text, std::size_t at) {
  const std::size_t open = text.find('(', at);
  if (open == std::string_view::npos) return text.size();
  const std::string close = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
  const std::size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

std::size_t quoted_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != quote && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
  return std::min(end + 1, text.size());
}

std::size_t comment_end(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) == "//") return std::min(text.find('\n', at), text.size());
  if (text.substr(at, 2) != "/*") return at;
  const std::size_t end = text.find("*/", at + 2);
  return end == std::string_view::npos ? text.size() : end + 2;
}

/// 1'000 is a number, not the start of a character literal.
bool starts_literal(std::string_view text, std::size_t at) {
  if (text[at] == '"') return true;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return text[at] == '\'' && (at == 0 || !is_word(text[at - 1]) || text[at - 1] == 'u' || text[at - 1] == 'L');
}

void append_blanked(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\n' ? '\n' : ' ';
}

}  // namespace

std::vector<File> read_tree(const std::filesystem::path& top) {
  std::vector<File> files;
  std::filesystem::recursive_directory_iterator at(top);
  for (; at != std::filesystem::recursive_directory_iterator(); ++at) {
    if (at->is_directory() && is_skipped_directory(at->path().filename().string())) at.disable_recursion_pending();
    if (!at->is_regular_file() || at->path().filename() == ".git") continue;  // A file where git has a second worktree.
    std::ifstream in(at->path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (text.str().find('\0') != std::string::npos) continue;
    files.push_back({at->path().lexically_relative(top).generic_string(), text.str()});
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string without_comments(std::string_view text, Literals literals) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t end = comment_end(text, at); end != at) {
      append_blanked(out, text.substr(at, end - at));
      at = end;
      continue;
    }
    const bool raw = text.substr(at, 2) == "R\"";
    if (!raw && !starts_literal(text, at)) {
      out += text[at++];
      continue;
    }
    const std::size_t end = raw ? raw_string_end(text, at) : quoted_end(text, at);
    const std::string_view literal = text.substr(at, end - at);
    if (literals == Literals::keep || literal.size() < 2) {
      out += literal;
    } else {
      out += literal.front() == 'R' ? '"' : literal.front();
      append_blanked(out, literal.substr(1, literal.size() - 2));
      out += literal.back();
    }
    at = end;
  }
  return out;
}

bool is_cpp(std::string_view path) { return path.ends_with(".cc") || path.ends_with(".h"); }

std::string finding(const File& file, std::size_t line_index, std::string_view what) {
  return file.path + ":" + std::to_string(line_index + 1) + ": " + std::string(what);
}

}  // namespace sluice::tidy
