#include "net/dialect/json_writer.h"

#include <array>
#include <charconv>
#include <cstring>

namespace sluice {
namespace {

/// 0: as it is; otherwise the letter behind the backslash, 'u' for the long form.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}
constexpr std::array<char, 256> kEscapes = make_escapes();

/// Eight bytes at a time: does one of them need an escape? Exact: a borrow only starts above a byte that does.
bool needs_escape(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  const auto below = [](std::uint64_t word, std::uint64_t limit) { return (word - kOnes * limit) & ~word; };
  const std::uint64_t found =
      below(bytes, 0x20) | below(bytes ^ kOnes * '"', 1) | below(bytes ^ kOnes * '\\', 1);
  return (found & kOnes * 0x80) != 0;
}

void append_comma(std::string& out) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out += ',';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (text.size() - i >= 8 && !needs_escape(text.data() + i)) i += 8;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[c];
    if (escape == 0) continue;
    out.append(text, clean, i - clean);
    clean = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      constexpr char kHex[] = "0123456789abcdef";
      out += "00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  out.append(text, clean, text.size() - clean);
  out += '"';
}

void append_json_uuid(std::string& out, const Uuid& uuid) {
  out += '"';
  append_uuid(out, uuid);
  out += '"';
}

void append_json_time(std::string& out, WallTime time) {
  out += '"';
  append_rfc3339(out, time);
  out += '"';
}

void append_json_uint(std::string& out, std::uint64_t value) {
  char digits[20];
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, result.ptr);
}

void append_json_key(std::string& out, std::string_view name) {
  append_comma(out);
  out += '"';
  out += name;
  out += "\":";
}

void append_json_field(std::string& out, std::string_view name, std::string_view text) {
  append_json_key(out, name);
  append_json_string(out, text);
}

}  // namespace sluice
