#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// Character classes of RFC 9110 and 3986 and case-insensitive comparison. Header-only, pure.

namespace sluice::text {

enum Class : std::uint8_t {
  kToken = 1,      ///< tchar.
  kPath = 2,       ///< pchar without '%', and '/'.
  kQuery = 4,      ///< pchar without '%', '/' and '?'.
  kRegName = 8,    ///< unreserved and sub-delims: a host name.
  kDigit = 16,
  kHex = 32,
  kRequestId = 64, ///< [A-Za-z0-9_-].
};

inline constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view characters, int bits) {
    for (const char c : characters) {
      auto& at = classes[static_cast<unsigned char>(c)];
      at = static_cast<std::uint8_t>(at | bits);
    }
  };
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  add(kLetters, kToken | kPath | kQuery | kRegName | kRequestId);
  add("0123456789", kToken | kPath | kQuery | kRegName | kRequestId | kDigit | kHex);
  add("abcdefABCDEF", kHex);
  add("!#$%&'*+-.^_`|~", kToken);
  add("-._~!$&'()*+,;=", kPath | kQuery | kRegName);
  add(":@/", kPath | kQuery);
  add("?", kQuery);
  add("-_", kRequestId);
  return classes;
}();

[[nodiscard]] inline bool is(char c, std::uint8_t classes) noexcept {
  return (kClasses[static_cast<unsigned char>(c)] & classes) != 0;
}
[[nodiscard]] inline bool all(std::string_view text, std::uint8_t classes) noexcept {
  std::uint8_t every = classes;
  for (const char c : text) every &= kClasses[static_cast<unsigned char>(c)];
  return every == classes;
}
[[nodiscard]] inline int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
[[nodiscard]] inline char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// `lower_case` is a literal in lower case.
[[nodiscard]] inline bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

[[nodiscard]] inline std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::text
