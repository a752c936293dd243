#include <algorithm>
#include <array>
#include <cctype>

#include "tests/tidy/checks.h"

namespace sluice::tidy {

namespace {

constexpr std::size_t kColumns = 120;
constexpr std::size_t kLines = 400;

/// Longer for a reason that splitting would not serve.
struct LongFile {
  std::string_view path;
  std::string_view reason;
};
constexpr std::array<LongFile, 0> kLongFiles = {};

bool is_build_list(std::string_view path) { return path.ends_with("CMakeLists.txt") || path.ends_with(".cmake"); }
bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_tests_own(std::string_view path) { return path.starts_with("tests/tidy/"); }

/// Columns a reader sees: code points.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Where `word` stands in `text` from `from` on, not as a part of a longer word.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_word_part(text[at - 1]) || !is_word_part(word.front());
    const bool ends = end == text.size() || !is_word_part(text[end]) || !is_word_part(word.back());
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

struct BannedWord {
  std::string_view word;
  std::string_view instead;
  bool tests_only = false;
  bool in_comments = false;
};
constexpr BannedWord kBannedWords[] = {
    {"shared_from_this", "let one object own, and hold a gate's holder while work is pending"},
    {"std::endl", "write '\\n'; flush where it matters"},
    {"asio::detached", "give the coroutine a completion that counts down a gate"},
    {"using namespace", "name what is used"},
    {"sleep_for", "wait for the condition itself", true},
    {"sleep_until", "wait for the condition itself", true},
    {"usleep", "wait for the condition itself", true},
    {"TODO", "do it, or open an issue and name what is missing", false, true},
    {"FIXME", "fix it, or open an issue and name what is wrong", false, true},
    {"XXX", "say what it is about", false, true},
};

/// Literal operators have no other short way to be used.
bool uses_literals(std::string_view from) {
  const std::string_view statement = from.substr(0, from.find(';'));
  return statement.starts_with("using namespace std::") && statement.ends_with("literals");
}

bool is_test(std::string_view path) { return path.ends_with("_test.cc") || path.starts_with("tests/"); }

/// Vendors and the spellings their names take in code.
constexpr std::string_view kDialectNames[] = {"futureagi", "future_agi", "evalguard", "eval_guard",
                                              "twosignal", "two_signal", "2signal"};
constexpr std::string_view kNeutralPlaces[] = {"engine/", "net/transport/", "net/dialect/"};
/// The stored number of a dialect needs a name; nothing else in engine/ does.
constexpr std::string_view kDialectCodeFiles[] = {"engine/model/label.h", "engine/model/label.cc"};

/// A word that names a dialect in a neutral place for a reason.
struct DialectWord {
  std::string_view word;
  std::string_view path;
  std::string_view reason;
};
constexpr DialectWord kDialectWords[] = {
    {"futureagi_envelope", "net/dialect/exchange.h", "a setting users know by this name; its dialect alone reads it"},
    {"futureagi_envelope", "net/dialect/endpoint_fuzzer.cc", "both values of the setting are fuzzed"},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_dialect_code_line(std::string_view path, std::string_view line) {
  const auto end = std::end(kDialectCodeFiles);
  return std::find(std::begin(kDialectCodeFiles), end, path) != end &&
         find_word(line, "DialectCode") != std::string_view::npos;
}

/// `line` without the words excused in the file at `path`.
std::string without_excused_words(std::string_view path, std::string_view line) {
  std::string out(line);
  for (const DialectWord& excused : kDialectWords) {
    if (excused.path != path) continue;
    for (std::size_t at = find_word(out, excused.word); at != std::string::npos; at = find_word(out, excused.word))
      out.erase(at, excused.word.size());
  }
  return out;
}

/// The full expression that follows a co_await: up to the `;` or the closing bracket that is not its own.
std::string_view awaited_expression(std::string_view code, std::size_t at) {
  int depth = 0;
  for (std::size_t end = at; end < code.size(); ++end) {
    const char c = code[end];
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (depth < 0 || (depth == 0 && c == ';')) return code.substr(at, end - at);
  }
  return code.substr(at);
}

/// `[x]` where an expression begins is a capture list; `a[x]` is an index.
bool has_capturing_lambda(std::string_view expression) {
  for (std::size_t at = expression.find('['); at != std::string_view::npos; at = expression.find('[', at + 1)) {
    const std::size_t before = at == 0 ? std::string_view::npos : expression.find_last_not_of(" \t\n", at - 1);
    const char previous = before == std::string_view::npos ? '(' : expression[before];
    const bool is_index = is_word_part(previous) || previous == ')' || previous == ']';
    const std::size_t inside = expression.find_first_not_of(" \t\n", at + 1);
    if (!is_index && inside != std::string_view::npos && expression[inside] != ']') return true;
  }
  return false;
}

/// A brace that opens a value, not a lambda's body, outside of any lambda's body.
bool has_braced_temporary(std::string_view expression) {
  for (std::size_t at = expression.find('{'); at != std::string_view::npos; at = expression.find('{', at + 1)) {
    const std::size_t before = at == 0 ? std::string_view::npos : expression.find_last_not_of(" \t\n", at - 1);
    if (before == std::string_view::npos) return true;
    const std::size_t words = expression.substr(0, at).rfind(']');
    const bool lambda_body = words != std::string_view::npos &&
                             expression.substr(words, at - words).find_first_of(",;{") == std::string_view::npos;
    if (!lambda_body) return true;
  }
  return false;
}

std::size_t line_index_of(std::string_view text, std::size_t at) {
  return static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace

Findings check_line_width(const File& file) {
  if (!is_cpp(file.path) && !is_build_list(file.path)) return {};
  Findings findings;
  const std::vector<std::string_view> lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (columns(lines[i]) > kColumns)
      findings.push_back(finding(file, i, std::to_string(columns(lines[i])) + " columns; at most 120"));
  }
  return findings;
}

Findings check_file_length(const File& file) {
  if (!is_cpp(file.path)) return {};
  const std::size_t count = lines_of(file.text).size();
  const bool excused = std::any_of(std::begin(kLongFiles), std::end(kLongFiles),
                                   [&file](const LongFile& known) { return known.path == file.path; });
  if (count <= kLines || excused) return {};
  return {finding(file, kLines, std::to_string(count) + " lines; at most 400: split it by what its parts are for")};
}

Findings check_banned_words(const File& file) {
  if (!is_cpp(file.path) || is_tests_own(file.path)) return {};
  Findings findings;
  const std::string code = without_comments(file.text, Literals::blank);
  for (const BannedWord& banned : kBannedWords) {
    if (banned.tests_only && !is_test(file.path)) continue;
    const std::string_view text = banned.in_comments ? std::string_view(file.text) : std::string_view(code);
    for (std::size_t at = find_word(text, banned.word); at != std::string_view::npos;
         at = find_word(text, banned.word, at + 1)) {
      if (uses_literals(text.substr(at))) continue;
      findings.push_back(finding(file, line_index_of(text, at),
                                 std::string(banned.word) + " is banned: " + std::string(banned.instead)));
    }
  }
  return findings;
}

Findings check_dialect_names(const File& file) {
  const bool neutral = std::any_of(std::begin(kNeutralPlaces), std::end(kNeutralPlaces),
                                   [&file](std::string_view place) { return file.path.starts_with(place); });
  if (!neutral || !is_cpp(file.path) || file.path.ends_with("_test.cc")) return {};
  Findings findings;
  const std::string code = without_comments(file.text, Literals::keep);
  const std::vector<std::string_view> lines = lines_of(code);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = lower(without_excused_words(file.path, lines[i]));
    for (const std::string_view name : kDialectNames) {
      if (line.find(name) != std::string::npos && !is_dialect_code_line(file.path, lines[i]))
        findings.push_back(finding(file, i, "names the dialect " + std::string(name) + "; ask the dialect instead"));
    }
  }
  return findings;
}

Findings check_co_await(const File& file) {
  if (!is_cpp(file.path)) return {};
  Findings findings;
  const std::string code = without_comments(file.text, Literals::blank);
  constexpr std::string_view kWord = "co_await";
  for (std::size_t at = find_word(code, kWord); at != std::string::npos; at = find_word(code, kWord, at + 1)) {
    const std::string_view expression = awaited_expression(code, at + kWord.size());
    const std::string_view what = has_capturing_lambda(expression)   ? "a capturing lambda"
                                  : has_braced_temporary(expression) ? "a braced temporary"
                                                                     : "";
    if (!what.empty())
      findings.push_back(finding(file, line_index_of(code, at),
                                 std::string(what) + " in a co_await: g++ 12 destroys some twice; name it before"));
  }
  return findings;
}

Findings check_local_paths(const File& file) {
  // In halves, so that this file passes its own rule.
  constexpr std::string_view kBanned[] = {
      "/wo"
      "rk/",
      "../sha"
      "red"};
  Findings findings;
  const std::vector<std::string_view> lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (std::any_of(std::begin(kBanned), std::end(kBanned),
                    [&](std::string_view path) { return lines[i].find(path) != std::string_view::npos; }))
      findings.push_back(finding(file, i, "a path of one machine; the repository speaks of itself alone"));
  }
  return findings;
}

}  // namespace sluice::tidy
