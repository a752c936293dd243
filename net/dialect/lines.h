#pragma once

#include <cstring>
#include <string_view>

/// Cuts NDJSON into lines. Each line keeps what follows it as its padding, so only the body's end needs any.

namespace sluice {

/// Calls `line(text)` for each line that is not blank, without its line end (LF or CR LF) and surrounding blanks.
/// Stops early when it returns false.
template <class Line>
void for_each_line(std::string_view body, Line&& line) {
  const char* at = body.data();
  const char* const end = at + body.size();
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (at < end) {
    const auto* const found = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    const char* last = found == nullptr ? end : found;
    const char* first = at;
    at = found == nullptr ? end : found + 1;
    while (first < last && blank(*first)) ++first;
    while (last > first && blank(last[-1])) --last;
    if (first == last) continue;
    if (!line(std::string_view(first, static_cast<std::size_t>(last - first)))) return;
  }
}

}  // namespace sluice
