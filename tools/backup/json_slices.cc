#include "tools/backup/json_slices.h"

#include <stdexcept>

namespace sluice {
namespace {

class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  void expect(char c) {
    if (at_ >= text_.size() || text_[at_] != c) fail();
    ++at_;
  }
  /// Consumes `c` if it is next.
  bool take(char c) {
    if (at_ >= text_.size()) fail();
    if (text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view string() {
    const std::size_t begin = at_ + 1;
    expect('"');
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    expect('"');
    return text_.substr(begin, at_ - 1 - begin);
  }
  std::string_view value() {
    const std::size_t begin = at_;
    std::size_t depth = 0;
    do {
      if (at_ >= text_.size()) fail();
      const char c = text_[at_];
      if (c == '"') {
        (void)string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth != 0 || !at_end_of_value());
    return text_.substr(begin, at_ - begin);
  }
  void end() const {
    if (at_ != text_.size()) fail();
  }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("the server's answer is not what an export expects"); }
  [[nodiscard]] bool at_end_of_value() const {
    return at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '}' || text_[at_] == ']';
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> json_members(std::string_view object) {
  std::vector<std::pair<std::string_view, std::string_view>> out;
  Cutter cut(object);
  cut.expect('{');
  while (!cut.take('}')) {
    if (!out.empty()) cut.expect(',');
    const std::string_view key = cut.string();
    cut.expect(':');
    out.emplace_back(key, cut.value());
  }
  cut.end();
  return out;
}

std::vector<std::string_view> json_elements(std::string_view list) {
  std::vector<std::string_view> out;
  Cutter cut(list);
  cut.expect('[');
  while (!cut.take(']')) {
    if (!out.empty()) cut.expect(',');
    out.push_back(cut.value());
  }
  cut.end();
  return out;
}

}  // namespace sluice
